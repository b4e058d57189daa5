"""Names, numbers and texts as SQL that says exactly them."""

import math
from collections.abc import Sequence

MOST_COLUMNS = 50

# Ordinary decimal notation. DuckDB's casts also read 1_000, 0x1F, 0b1 and +-5, which no one may
# have meant as numbers, and round 1.5 where a whole number is asked for.
_DIGITS = r"([0-9]+([.][0-9]*)?|[.][0-9]+)"
_NUMBER = rf"\s*[+-]?({_DIGITS}([eE][+-]?[0-9]+)?|(?i:inf|infinity))\s*"
_WHOLE = r"\s*[+-]?[0-9]+([.]0*)?\s*"
# Of this a DECIMAL(38, 18) keeps every digit.
_WITH_EXPONENT = r"\s*[+-]?([0-9]+([.][0-9]{0,18})?|[.][0-9]{1,18})[eE][+]?[0-9]+\s*"


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


def number(text: str) -> str:
    """SQL of the number that a text says; null where it says none.

    A number is written as `7`, `-1.50`, `.5`, `5.` or `5e2`, or is infinite as `inf`, `-Infinity`;
    space around it does not count. `1_000`, `0x1F`, `1,5`, `nan` and digits of other scripts are
    texts.

    Args:
        text: SQL of the text.

    >>> import duckdb
    >>> texts = ["-1.50", " 5e2", "inf", "1_000", "0x1F", "nan", ""]
    >>> said = f"SELECT {number('t')} FROM (SELECT unnest({literals(texts)}) AS t)"
    >>> [value for value, in duckdb.sql(said).fetchall()]
    [-1.5, 500.0, inf, None, None, None, None]
    """
    return f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN TRY_CAST({text} AS DOUBLE) END"


def whole(text: str) -> str:
    """SQL of the whole number that a text says, exact as BIGINT; null where it says none.

    It is a number whose fraction is zero: `7`, `7.0` and `1.5e1`, and not `7.5`, `5e-1` or what is
    beyond 64 bits.

    Args:
        text: SQL of the text.

    >>> import duckdb
    >>> texts = ["9007199254740993", "7.00", "1.5e1", "7.5", "9223372036854775808", "70_1"]
    >>> said = f"SELECT {whole('t')} FROM (SELECT unnest({literals(texts)}) AS t)"
    >>> [value for value, in duckdb.sql(said).fetchall()]
    [9007199254740993, 7, 15, None, None, None]
    """
    scaled = f"TRY_CAST({text} AS DECIMAL(38, 18))"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_WHOLE}') "
        f"THEN TRY_CAST(split_part({text}, '.', 1) AS BIGINT) "
        f"WHEN regexp_full_match({text}, '{_WITH_EXPONENT}') AND {scaled} = trunc({scaled}) "
        f"THEN TRY_CAST({scaled} AS BIGINT) END"
    )


def in_batches(names: Sequence[str]) -> list[Sequence[str]]:
    """Columns, so many together as one statement should compute.

    Planning a statement takes time that grows with the square of its columns.

    >>> [len(batch) for batch in in_batches([str(number) for number in range(120)])]
    [50, 50, 20]
    """
    return [names[start : start + MOST_COLUMNS] for start in range(0, len(names), MOST_COLUMNS)]
