"""A segment of the log is a sequence of frames: `<u32 length><u32 crc32><payload>`.

Both numbers are little endian, and of the payload, which is JSON. A frame that a kill or a power
cut has left unfinished is the end of its segment: nobody was answered on it. Whoever closes the
segment cuts it off.
"""

import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from mlops_drift.errors import UserError

HEAD = struct.Struct("<II")
# Several times what the largest request comes to.
MOST_BYTES = 2**26

# The last byte of the length of a frame: JSON has no such bytes.
_LENGTHS_END = re.compile(rb"[\x00-\x03]")


class CorruptLogError(UserError):
    """Bytes of a segment are not what was written; the frames before them are."""

    def __init__(self, path: Path, offset: int) -> None:
        self.path, self.offset = path, offset
        super().__init__(
            f"{path}: the frame at byte {offset:,} is corrupt; bring the file back from a backup, "
            "or cut it off there, which loses what follows"
        )


class Frame(NamedTuple):
    """What a frame holds, and the byte after it."""

    payload: bytes
    end: int


def frame(payload: bytes) -> bytes:
    r"""A payload as it is written.

    >>> frame(b"{}")
    b'\x02\x00\x00\x00C\xbf\xa6\xa3{}'
    """
    if not 0 < len(payload) < MOST_BYTES:
        raise ValueError(f"a frame holds 1 to {MOST_BYTES - 1} bytes, found {len(payload)}")
    return HEAD.pack(len(payload), crc32(payload)) + payload


def read_frames(path: Path, start: int = 0) -> Iterator[Frame]:
    """The frames of a segment from a byte on, in their order, up to an unfinished one.

    Raises:
        CorruptLogError: when a frame is reached that is damaged.
    """
    with path.open("rb") as file:
        end, at = os.fstat(file.fileno()).st_size, start
        file.seek(start)
        while at < end:
            payload = _payload(file.read(HEAD.size), file.read)
            if payload is None:
                file.seek(at)
                if _is_corrupt(file.read()):
                    raise CorruptLogError(path, at)
                return
            at += HEAD.size + len(payload)
            yield Frame(payload, at)


def _payload(head: bytes, read: Callable[[int], bytes]) -> bytes | None:
    """The payload after a head; None where it is unfinished or damaged."""
    if len(head) < HEAD.size:
        return None
    length, checksum = HEAD.unpack(head)
    if not 0 < length < MOST_BYTES:
        return None
    payload = read(length)
    return payload if len(payload) == length and crc32(payload) == checksum else None


def _is_corrupt(rest: bytes) -> bool:
    """Whether what begins with no frame is damaged, and not merely unfinished."""
    # After a power cut the end of a file may never have been written, although it has its length.
    rest = rest.rstrip(b"\0")
    if len(rest) < HEAD.size:
        return False
    length, checksum = HEAD.unpack_from(rest)
    if 0 < length <= len(rest) - HEAD.size or not 0 < length < MOST_BYTES:
        return True
    # It would reach beyond the end: unless its length is what is wrong, it is the last one.
    return crc32(rest[HEAD.size :]) == checksum or _has_frame(rest)


def _has_frame(rest: bytes) -> bool:
    """Whether a whole frame begins anywhere after the first byte."""
    view = memoryview(rest)
    for found in _LENGTHS_END.finditer(rest, HEAD.size):
        at = found.start() - 3
        if at > 0 and at + HEAD.size < len(rest):
            length, checksum = HEAD.unpack_from(rest, at)
            body = view[at + HEAD.size : at + HEAD.size + length]
            if length and len(body) == length and crc32(body) == checksum:
                return True
    return False
