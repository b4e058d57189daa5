"""The contents of a text file; a `TableError` where it cannot be opened or is no text in UTF-8."""

import gzip
import io
import zlib
from collections.abc import Iterator

from mlops_drift.files.error import TableError, in_line
from mlops_drift.files.place import File

_MAGIC = {
    b"PAR1": "a Parquet file; name it .parquet",
    b"\x1f\x8b": "compressed with gzip; add .gz to its name",
    b"PK\x03\x04": "a zip archive, as .xlsx is; save it as CSV in UTF-8",
    b"\xff\xfe": "UTF-16; save it as UTF-8",
    b"\xfe\xff": "UTF-16; save it as UTF-8",
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_END_OF_FILE_SIGN = b"\x1a"
_ENDING = 64


def read_bytes(path: File) -> bytes:
    """The bytes of a text file, without compression and byte order mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: cannot be opened: {error.strerror}") from error
    if path.suffix.lower() == ".gz" and data:
        data = _decompressed(path, data)
    for magic, found in _MAGIC.items():
        if data.startswith(magic):
            raise TableError(f"{path}: is {found}")
    data = data.removeprefix(_BYTE_ORDER_MARK)
    if b"\0" in data:
        line = line_of(data, data.index(b"\0"))
        raise in_line(path, line, "there is a NUL byte, which no text has; write the file again")
    # Elsewhere than at the end Ctrl-Z is a character as any other.
    if (ending := data[-_ENDING:].rstrip(b"\r\n")).endswith(_END_OF_FILE_SIGN):
        line = line_of(data, max(0, len(data) - _ENDING) + len(ending))
        raise in_line(path, line, "the file ends in Ctrl-Z (0x1A); write it without")
    return data


def _decompressed(path: File, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except EOFError as error:
        problem = "the compressed file is cut off, or still being written; write it again"
        raise TableError(f"{path}: {problem}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        problem = f"is not compressed with gzip, or damaged ({error}); write it again, or"
        raise TableError(f"{path}: {problem} without .gz in its name") from error


def decoded(path: File, data: bytes) -> str:
    """The bytes as text in UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"the byte 0x{data[error.start]:02X} is not UTF-8; save the file as UTF-8"
        raise in_line(path, line_of(data, error.start), problem) from error


def read_text(path: File) -> str:
    r"""The text of a file in UTF-8, with or without byte order mark; lines end in \n."""
    return decoded(path, read_bytes(path)).replace("\r\n", "\n").replace("\r", "\n")


def line_of(data: bytes | str, place: int) -> int:
    r"""The line of a place, from 1; lines end in \n, \r\n or \r.

    >>> line_of(b"a\r\nb\rc\nd", 7)
    4
    """
    before = data[:place]
    return len(((before.encode() if isinstance(before, str) else before) + b".").splitlines())


def lines_of(path: File, data: bytes, start: int = 0) -> Iterator[str]:
    """The lines from a place on with their ends, whichever these are."""
    try:
        yield from io.TextIOWrapper(io.BytesIO(data[start:]), encoding="utf-8", newline="")
    except UnicodeDecodeError:
        decoded(path, data)
        raise
