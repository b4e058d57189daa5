"""What is wrong with a file, in one sentence."""

from collections.abc import Sequence
from pathlib import Path

from mlops_drift.errors import UserError


class FileError(UserError, ValueError):
    """A file is not the table that it should be: which file, which line, what would be right."""


def in_line(path: Path, line: int, problem: str) -> FileError:
    """The error about one line of a file, counted from 1.

    >>> print(in_line(Path("a.csv"), 7, "the quote is never closed"))
    a.csv, line 7: the quote is never closed
    """
    return FileError(f"{path}, line {line}: {problem}")


def refuse_unclear_names(names: Sequence[str], place: str) -> None:
    """Raises a `FileError` if a column has no name, or another's, be it in upper and lower case."""
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise FileError(f"{place}: column {number} has no name; give it one, or leave it out")
    first: dict[str, str] = {}
    for name in names:
        if (other := first.get(name.lower())) is not None:
            raise FileError(
                f"{place}: there is more than one column {name!r}"
                + (f" (the other is {other!r})" if other != name else "")
                + "; names must differ in more than upper and lower case"
            )
        first[name.lower()] = name
