"""What is wrong with a table, in one sentence."""

from collections.abc import Sequence

from mlops_drift.errors import UserError
from mlops_drift.files.place import File


class TableError(UserError, ValueError):
    """A table cannot be read: which file, which line, what would be right."""


def in_line(path: File, line: int, problem: str) -> TableError:
    """The error about one line of a file, counted from 1."""
    return TableError(f"{path}, line {line}: {problem}")


def refuse_unclear_names(names: Sequence[str], place: str) -> None:
    """Raises a `TableError` if a column has no name, or another's up to upper and lower case."""
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise TableError(f"{place}: column {number} has no name; give it one, or leave it out")
    first: dict[str, str] = {}
    for name in names:
        if (other := first.get(name.lower())) is not None:
            raise TableError(
                f"{place}: there is more than one column {name!r}"
                + (f" (the other is {other!r})" if other != name else "")
                + "; names must differ in more than upper and lower case"
            )
        first[name.lower()] = name
