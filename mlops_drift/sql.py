"""Names, numbers and texts as exact SQL, and the DuckDB that runs what reads no table."""

import math
from collections.abc import Sequence
from functools import cache

import duckdb

MOST_COLUMNS = 50

# Ordinary decimal notation. DuckDB's casts also read 1_000, 0x1F, 0b1 and +-5, which no one may
# have meant as numbers, and round 1.5 where a whole number is needed.
_DIGITS = r"([0-9]+([.][0-9]*)?|[.][0-9]+)"
_NUMBER = rf"\s*[+-]?({_DIGITS}([eE][+-]?[0-9]+)?|(?i:inf|infinity))\s*"
_WHOLE = r"\s*[+-]?[0-9]+([.]0*)?\s*"
# Of this a DECIMAL(38, 18) keeps every digit.
_PLAIN = rf"\s*[+-]?{_DIGITS}\s*"
_WITH_EXPONENT = r"\s*[+-]?([0-9]+([.][0-9]{0,18})?|[.][0-9]{1,18})[eE][+]?[0-9]+\s*"

# Every decimal of so many digits is a double of its own, which is written as it.
DIGITS_OF_A_DOUBLE = 15
_SPACE = "' \t\n\r\f'"


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """The connection of this process; each query takes a cursor of it.

    To open one takes longer than most queries.
    """
    return duckdb.connect()


def in_utc(cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The same cursor, whose times are in UTC from now on, and which shows no progress."""
    return cursor.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: float | str) -> str:
    """A double or a text as SQL that gives back exactly the same value."""
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
    """SQL of the number that a text, given as SQL, holds; null where it holds none.

    A number is written as `7`, `-1.50`, `.5`, `5.` or `5e2`, or is infinite as `inf`, `-Infinity`;
    space around it does not count. `1_000`, `0x1F`, `1,5`, `nan` and digits of other scripts are
    texts.
    """
    return f"CASE WHEN {is_number(text)} THEN TRY_CAST({text} AS DOUBLE) END"


def is_number(text: str) -> str:
    """SQL of whether a text holds a number, as `number` reads it."""
    return f"regexp_full_match({text}, '{_NUMBER}')"


def whole(text: str) -> str:
    """SQL of the whole number that a text holds, exact as BIGINT; null where it holds none.

    It is a number whose fraction is zero: `7`, `7.0` and `1.5e1`, and not `7.5`, `5e-1` or what is
    beyond 64 bits.
    """
    scaled = f"TRY_CAST({text} AS DECIMAL(38, 18))"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_WHOLE}') "
        f"THEN TRY_CAST(split_part({text}, '.', 1) AS BIGINT) "
        f"WHEN regexp_full_match({text}, '{_WITH_EXPONENT}') AND {scaled} = trunc({scaled}) "
        f"THEN TRY_CAST({scaled} AS BIGINT) END"
    )


def shortest(number: str) -> str:
    """SQL of a float as text: 1.0 is 1, 1.5 has the fewest digits that identify it."""
    return (
        f"CASE WHEN {number} = trunc({number}) AND abs({number}) < 1e38 "
        f"THEN CAST(CAST({number} AS HUGEINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END"
    )


def digits(text: str) -> str:
    """SQL of the number that a text holds, as text that is the same for the same number.

    It is exact, however many digits there are, and what `shortest` makes of a float that is equal:
    `1.00`, `+1`, `5e2`, `0.10` and `-.0` are 1, 1, 500, 0.1 and 0.
    """
    bare = f"ltrim(trim({text}, {_SPACE}), '+-')"
    before = f"ltrim(split_part({bare}, '.', 1), '0')"
    after = f"rtrim(split_part({bare}, '.', 2), '0')"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_PLAIN}') "
        f"AND ({after} = '' OR length({before} || {after}) > {DIGITS_OF_A_DOUBLE}) "
        f"THEN CASE WHEN contains({text}, '-') AND {before} || {after} <> '' THEN '-' ELSE '' END "
        f"|| CASE WHEN {before} = '' THEN '0' ELSE {before} END "
        f"|| CASE WHEN {after} = '' THEN '' ELSE '.' || {after} END "
        f"ELSE {shortest(f'TRY_CAST({text} AS DOUBLE)')} END"
    )


def in_batches(names: Sequence[str]) -> list[Sequence[str]]:
    """Columns, so many together as one statement should compute: planning is quadratic."""
    return [names[start : start + MOST_COLUMNS] for start in range(0, len(names), MOST_COLUMNS)]


def without_end(statement: str) -> str:
    """A statement without its semicolon, and without the comments that follow it."""
    text = statement.encode()
    ends = (at for at, _ in duckdb.tokenize(statement) if text[at : at + 1] == b";")
    return text[: next(ends, len(text))].decode()
