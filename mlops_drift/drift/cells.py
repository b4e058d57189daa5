"""Values of columns as SQL, by DuckDB's type of the column."""

import re

NUMERIC = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL|BOOLEAN")
FLOAT = re.compile(r"FLOAT|DOUBLE")
DECIMAL = re.compile(r"DECIMAL")
# Whole numbers for which Arrow has no type of its own.
WIDE = ("HUGEINT", "UHUGEINT", "BIGNUM")
TIME = re.compile(r"DATE|TIME|INTERVAL")
TEXTS = re.compile(r"VARCHAR|ENUM|UUID|BLOB")
NESTED = re.compile(r".*\]$|STRUCT|MAP|UNION|LIST|ARRAY|ARROW")
_MIDNIGHT = re.compile(r" 00:00:00(\+00)?(?=$| )")

_MICROSECONDS_PER_DAY = 86_400_000_000


def is_moment(type_: str) -> bool:
    """Whether a type is that of dates or timestamps."""
    return type_.startswith(("DATE", "TIMESTAMP"))


def without_nan(number: str) -> str:
    """A number, null where it is NaN."""
    # Not isnan: DuckDB answers that by a file's statistics, which do not count NaN.
    return f"CASE WHEN isfinite({number}) OR isinf({number}) THEN {number} END"


def as_double(column: str, type_: str) -> str | None:
    """Numbers as doubles without NaN, moments and times as days; None of other types."""
    if FLOAT.match(type_):
        return without_nan(f"CAST({column} AS DOUBLE)")
    if NUMERIC.match(type_):
        return f"CAST({column} AS DOUBLE)"
    if not TIME.match(type_):
        return None
    moment = f"CAST({column} AS TIMESTAMPTZ)" if type_ == "TIMESTAMPTZ_NS" else column
    days = f"epoch_us({moment}) / {_MICROSECONDS_PER_DAY}e0"
    if not is_moment(type_):
        return days
    # A day may be infinite too: valid for ever.
    beyond = f"CASE WHEN {moment} > DATE '1970-01-01' THEN 1 ELSE -1 END * 'inf'::DOUBLE"
    return f"CASE WHEN isfinite({moment}) THEN {days} WHEN {moment} IS NOT NULL THEN {beyond} END"


def as_days(moments: list[str]) -> list[str]:
    """Moments as days where all are midnights."""
    days = [_MIDNIGHT.sub("", moment) for moment in moments]
    return days if all(":" not in day for day in days) else moments
