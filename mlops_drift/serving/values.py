"""Values of columns as a request brings them, as JSON or as text, and as landing would have them.

What is accepted here lands unchanged: the rules are those of `mlops_drift.pipeline.constraints`,
and where a value of JSON could mean two things it is rejected.
"""

import math
import re
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

from mlops_drift.schema.columns import ColumnType
from mlops_drift.serving.description import SourceColumn

# What a reader makes of a value that its column does not accept.
WRONG: Final = object()
# Stands for the value of a column that a row leaves out.
LEFT_OUT: Final = object()

# A value as JSON has it, or `LEFT_OUT`, as a typed value, or `WRONG`.
Reader = Callable[[Any], Any]

BLANKS = " \t\r\n"
MOST_LISTED = 10
_LEAST, _MOST = -(2**63), 2**63 - 1
# From here on a float stands for several whole numbers.
_INEXACT = 2**53
_NUMBER = re.compile(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?")
# With more digits it is beyond any float.
_WHOLE = re.compile(r"([+-]?[0-9]{1,400})([.]0*)?")
_NOT_A_NUMBER = re.compile("[+-]?nan", re.IGNORECASE)
_TRUTHS = frozenset(["true", "t", "1", "1.0", "yes", "y"])
_FALSEHOODS = frozenset(["false", "f", "0", "0.0", "no", "n"])
_NOUNS: dict[ColumnType, str] = {
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "category": "a text",
}


def reader_of(column: SourceColumn) -> Reader:
    """What reads the JSON values of a column."""
    missing = None if column.nullable else WRONG
    match column.type:
        case "number":
            return _number(column.min, column.max, missing)
        case "integer":
            return _integer(column.min, column.max, missing)
        case "boolean":
            return _boolean(missing)
        case "category":
            return _category(column.allowed, missing)


def key_column(kind: Literal["text", "integer"]) -> SourceColumn:
    """The key as a column: it is never missing."""
    return SourceColumn("integer" if kind == "integer" else "category", nullable=False)


def _number(low: float | None, high: float | None, missing: object) -> Reader:
    # Neither infinity nor nan is between them.
    least = -sys.float_info.max if low is None else low
    most = sys.float_info.max if high is None else high

    def read(value: Any) -> Any:
        if type(value) is float:
            # -0.0 is 0.0.
            value += 0.0
        elif type(value) is int:
            exact = value
            try:
                value = float(exact)
            except OverflowError:
                return WRONG
            if value != exact:
                return WRONG
        else:
            return missing if value is None or value is LEFT_OUT else WRONG
        return value if least <= value <= most else WRONG

    return read


def _integer(low: float | None, high: float | None, missing: object) -> Reader:
    least = _LEAST if low is None else max(_LEAST, math.ceil(low))
    most = _MOST if high is None else min(_MOST, math.floor(high))

    def read(value: Any) -> Any:
        if type(value) is float:
            if not (-_INEXACT < value < _INEXACT and value.is_integer()):
                return WRONG
            value = int(value)
        elif type(value) is not int:
            return missing if value is None or value is LEFT_OUT else WRONG
        return value if least <= value <= most else WRONG

    return read


def _boolean(missing: object) -> Reader:
    def read(value: Any) -> Any:
        if value is True or value is False:
            return value
        return missing if value is None or value is LEFT_OUT else WRONG

    return read


def _category(allowed: tuple[str, ...] | None, missing: object) -> Reader:
    accepted = frozenset(allowed) if allowed is not None else None

    def read(value: Any) -> Any:
        if type(value) is not str:
            return missing if value is None or value is LEFT_OUT else WRONG
        value = value.strip(BLANKS)
        if not value:
            return missing
        return value if accepted is None or value in accepted else WRONG

    return read


def from_text(kind: ColumnType, text: str) -> object:
    """The JSON value that a cell of a text file stands for; the text itself where for none.

    >>> from_text("number", " 1e3 "), from_text("integer", "7.0"), from_text("boolean", "Yes")
    (1000.0, 7, True)
    >>> from_text("number", "nan"), from_text("category", "nan")
    (None, 'nan')
    """
    text = text.strip(BLANKS)
    if not text:
        return None
    if kind == "category":
        return text
    if _NOT_A_NUMBER.fullmatch(text):
        return None
    if kind == "boolean":
        lower = text.lower()
        return True if lower in _TRUTHS else False if lower in _FALSEHOODS else text
    if whole := _WHOLE.fullmatch(text):
        return int(whole[1])
    return _fraction(text) if kind == "number" else text


def _fraction(text: str) -> object:
    """The number of a text; what is smaller than any float stays a text."""
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    mantissa = re.split("[eE]", text)[0]
    has_vanished = value == 0 and any(digit in "123456789" for digit in mantissa)
    return text if has_vanished else value


def expected(column: SourceColumn) -> str:
    """What a value of a column should be.

    >>> expected(SourceColumn("number", nullable=False, min=10, max=150))
    'a number between 10 and 150'
    >>> expected(SourceColumn("category", allowed=("high", "low")))
    '"high" or "low", or null'
    """
    noun = _NOUNS[column.type]
    if column.allowed is not None:
        noun = _listing(column.allowed)
    elif column.min is not None and column.max is not None:
        noun += f" between {column.min:.15g} and {column.max:.15g}"
    elif column.min is not None:
        noun += f" of at least {column.min:.15g}"
    elif column.max is not None:
        noun += f" of at most {column.max:.15g}"
    elif column.type == "category" and not column.nullable:
        noun += " that is not blank"
    return f"{noun}, or null" if column.nullable else noun


def _listing(values: tuple[str, ...]) -> str:
    quoted = [f'"{value}"' for value in values]
    if more := max(0, len(quoted) - MOST_LISTED):
        return f"one of {', '.join(quoted[:MOST_LISTED])} and {more} more"
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
