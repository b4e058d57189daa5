"""Where a table file lies: on this machine, or as an object in a store."""

from typing import Protocol


class File(Protocol):
    """What can be read of a file; a `Path` of this machine is one."""

    @property
    def name(self) -> str:
        """The last part of where it lies."""
        ...

    @property
    def suffix(self) -> str:
        """The end of its name from the last point on."""
        ...

    @property
    def stem(self) -> str:
        """The name without this."""
        ...

    def is_file(self) -> bool:
        """Whether it is there."""
        ...

    def read_bytes(self) -> bytes:
        """All of it."""
        ...
