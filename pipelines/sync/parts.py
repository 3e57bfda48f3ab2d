"""Parts of a data set fail apart: what a file that can't be read means for a run."""

from datetime import date

from pipelines.errors import PartsError
from pipelines.portals.reader import Reader


def missed_parts(reader: Reader, day: date) -> tuple[list[str], PartsError | None]:
    """What the files that a reader missed come to on a day.

    Their rows stay as they were loaded.

    Returns:
        Warnings, of files that are not `due` yet and of which nothing was loaded; and
        the failure that the others are.
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
        f"{len(dataset.files)} files; what is loaded of the others stays as it is. "
        + " ".join(late)
    )
