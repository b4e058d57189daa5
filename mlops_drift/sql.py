"""Names, numbers and texts as SQL that says exactly them."""

import math
from collections.abc import Sequence

MOST_COLUMNS = 50


def identifier(name: str) -> str:
    """A name as an SQL identifier.

    >>> print(identifier('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: float | str) -> str:
    """A double or a text as SQL that gives back exactly the same value.

    >>> literal(0.1), literal("it's")
    ('1.00000000000000006e-01', "'it''s'")
    """
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if not math.isfinite(value):
        return f"'{value}'::DOUBLE"
    # With an exponent, or it would be read as a decimal and rounded twice.
    return f"{value:.17e}"


def literals(values: Sequence[float] | Sequence[str]) -> str:
    """A list of doubles or texts as SQL."""
    return f"[{', '.join(literal(value) for value in values)}]"


def in_batches(names: Sequence[str]) -> list[Sequence[str]]:
    """Columns, so many together as one statement should compute.

    Planning a statement takes time that grows with the square of its columns.

    >>> [len(batch) for batch in in_batches([str(number) for number in range(120)])]
    [50, 50, 20]
    """
    return [names[start : start + MOST_COLUMNS] for start in range(0, len(names), MOST_COLUMNS)]
