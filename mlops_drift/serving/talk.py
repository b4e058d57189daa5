"""Messages between two processes: the length of each, then its bytes."""

from typing import IO

_LENGTH = 8


def write(stream: IO[bytes], message: bytes) -> None:
    """Sends a message at once."""
    stream.write(len(message).to_bytes(_LENGTH, "little") + message)
    stream.flush()


def read(stream: IO[bytes]) -> bytes | None:
    """The next message; None where the other process has ended, in the middle of one too."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    length = int.from_bytes(head, "little")
    message = stream.read(length)
    return message if len(message) == length else None
