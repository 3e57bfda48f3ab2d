"""Parts of a data set fail apart: what a file that can't be read means for a run."""

from datetime import date
from typing import TYPE_CHECKING

from pipelines.errors import PartsError
from pipelines.portals.reader import Reader

if TYPE_CHECKING:
    from pipelines.sync.run import Tally


def failure_of_parts(reader: Reader, day: date, tally: "Tally") -> PartsError | None:
    """What the files that a reader missed come to on a day.

    Their rows stay as they were loaded. Of a file that is not `due` yet, and of which
    nothing was loaded, the tally is warned.
    """
    dataset = reader.dataset
    late = []
    for path, said in reader.missed_parts().items():
        due = dataset.due.get(path)
        if due and day < due and reader.is_new_part(path):
            tally.warn(
                f"{dataset.label} does not publish {path} yet; from {due:%B %Y} on "
                f"that is a failure. {said}"
            )
        else:
            late.append(f"{path} {said}")
    if not late:
        return None
    return PartsError(
        f"{dataset.label} sent {len(dataset.files) - len(late)} of "
        f"{len(dataset.files)} files; what is loaded of the others stays as it is. "
        + " ".join(late)
    )
