"""Decide whether a missing file or table is a warning or a failure of the run."""

from datetime import date

from pipelines.errors import PartsError
from pipelines.portals.reader import Reader


def missed_parts(reader: Reader, day: date) -> tuple[list[str], PartsError | None]:
    """Sort the files or tables that a reader missed into warnings and a failure.

    Rows already loaded from them are kept.

    Returns:
        Warnings for those that are not `due` yet and were never loaded; and the failure
        for all the others.
    """
    dataset = reader.dataset
    warnings, late = [], []
    for path, said in reader.missed_parts().items():
        due = dataset.due.get(path)
        if due and day < due and reader.is_new_part(path):
            why = f" {said}" if dataset.is_file else ""
            warnings.append(
                f"{dataset.label} does not publish {path} yet; from {shown(due)} on "
                f"that is a failure.{why}"
            )
        else:
            late.append(f"{path} {said}")
    if not late:
        return warnings, None
    there, what = len(dataset.addresses), "files" if dataset.is_file else "tables"
    return warnings, PartsError(
        f"{dataset.label} sent {there - len(late)} of {there} {what}; rows already "
        f"loaded from the others are kept. " + " ".join(late)
    )


def shown(due: date) -> str:
    """A day on which a file or table is due, as the month if it is its first."""
    return f"{due:%B %Y}" if due.day == 1 else f"{due:%B} {due.day}, {due.year}"
