"""Packed files: zips, which workbooks are too."""

import io
import lzma
import struct
import zipfile
import zlib

from pipelines.errors import Retryable
from pipelines.portals.http.body import LARGEST_BYTES

# What the unpacking of a damaged, or an encrypted, zip raises.
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
    """See that a zip, which a workbook is too, is whole and not too large unpacked.

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
        raise Retryable("the file is cut short, or is no zip or workbook") from error


def only_csv(body: bytes) -> bytes:
    """The one CSV file of a zip; what a Mac adds (`__MACOSX/._a.csv`) is none.

    Raises:
        Retryable: There is none, or several.
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
    """Whether a zip's member is what a system keeps for itself beside the files."""
    *folders, file = name.split("/")
    return "__MACOSX" in folders or file.startswith(".")
