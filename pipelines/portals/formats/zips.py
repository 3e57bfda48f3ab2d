"""Check and unpack zip files; workbooks are zip files too."""

import io
import lzma
import struct
import zipfile
import zlib

from pipelines.errors import Retryable
from pipelines.portals.http.body import LARGEST_BYTES

# What unpacking a damaged or encrypted zip raises.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


def check_packed(body: bytes) -> None:
    """Check that a zip or workbook is complete and not too large when unpacked.

    Raises:
        Retryable: It is not.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > LARGEST_BYTES:
                raise Retryable(f"the file has over {LARGEST_BYTES:,} bytes unpacked")
            if archive.testzip() is not None:
                raise Retryable("the file is broken")
    except BROKEN_ZIP as error:
        raise Retryable("the file is cut short, or not a zip or workbook") from error


def only_csv(body: bytes) -> bytes:
    """The single CSV file in a zip, ignoring what macOS adds (`__MACOSX/._a.csv`).

    Raises:
        Retryable: There is none, or more than one.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = [
            name
            for name in archive.namelist()
            if name.lower().endswith(".csv") and not is_of_system(name)
        ]
        if len(names) != 1:
            raise Retryable(f"the zip holds {len(names)} CSV files, not one")
        return archive.read(names[0])


def is_of_system(name: str) -> bool:
    """Whether a zip's member is metadata that an operating system added."""
    *folders, file = name.split("/")
    return "__MACOSX" in folders or file.startswith(".")
