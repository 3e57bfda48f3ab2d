"""Decide whether a file that can't be read is a warning or a failure of the run."""

from datetime import date

from pipelines.errors import PartsError
from pipelines.portals.reader import Reader


def missed_parts(reader: Reader, day: date) -> tuple[list[str], PartsError | None]:
    """Sort the files that a reader missed into warnings and a failure.

    Rows already loaded from them are kept.

    Returns:
        Warnings for files that are not `due` yet and were never loaded; and the failure
        for all the others.
    """
    dataset = reader.dataset
    warnings, late = [], []
    for path, said in reader.missed_parts().items():
        due = dataset.due.get(path)
        if due and day < due and reader.is_new_part(path):
            warnings.append(
                f"{dataset.label} does not publish {path} yet; from {due:%B %Y} on "
                f"that is a failure. {said}"
            )
        else:
            late.append(f"{path} {said}")
    if not late:
        return warnings, None
    return warnings, PartsError(
        f"{dataset.label} sent {len(dataset.files) - len(late)} of "
        f"{len(dataset.files)} files; rows already loaded from the others are kept. "
        + " ".join(late)
    )
