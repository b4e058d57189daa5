"""What is asked of a database: a query of the user's, or the rows of some days of a table."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Date, TextClause, bindparam, text
from sqlalchemy.engine import Dialect

FIRST, LAST = "first", "last"

# Texts, quoted names and comments, in which no colon begins a parameter; and casts, whose colons do
# not either, as SQLAlchemy would take the parameter before them for a part of them.
_LITERAL_OR_CAST = re.compile(
    r"""(?<!\w)[eE]'(?:[^'\\]|\\.|'')*'   # a text with escapes
    | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*`
    | --[^\n]* | /\*.*?\*/
    | \$(\w*)\$.*?\$\1\$                  # a text of PostgreSQL between tags
    | (?<![:\w\\]):\w+(?P<cast>::)         # a parameter, and the type that it is cast to
    """,
    re.VERBOSE | re.DOTALL,
)
_COLON = re.compile(r"(?<![:\w\\]):(?=\w)")


def parameters(query: str) -> list[str]:
    """The names of the bound parameters of a query, in their order.

    >>> parameters("SELECT a::date, ':no' FROM t WHERE day BETWEEN :first::date AND :last")
    ['first', 'last']
    """
    return list(text(_escaped(query)).compile().params)


def _escaped(query: str) -> str:
    """SQL whose colons are parameters where SQLAlchemy takes them for such."""

    def escape(found: re.Match[str]) -> str:
        if found["cast"]:
            return found[0].removesuffix("::") + r"\:\:"
        return _COLON.sub(r"\\:", found[0])

    return _LITERAL_OR_CAST.sub(escape, query)


def of_query(query: str, first: date, last: date) -> TextClause:
    """A query with its days."""
    days = ((FIRST, first), (LAST, last))
    bound = [bindparam(name, value, type_=Date()) for name, value in days]
    return text(_escaped(query)).bindparams(*bound)


@dataclass(frozen=True)
class Bounds:
    """Between which values of the day column, as SQL, the rows of some days lie.

    They are wide enough for moments and for local times, and so hold rows of other days too.

    Attributes:
        start: the smallest value.
        end: what all values are smaller than.
        are_texts: whether values may be texts: those not written as 2024-03-01 have another order.
    """

    start: str
    end: str
    are_texts: bool = False

    @classmethod
    def exact(cls, first: date, last: date, timezone: str) -> "Bounds":
        """Those of dates, timestamps and, where the session is in UTC, moments.

        >>> print(Bounds.exact(date(2024, 3, 1), date(2024, 3, 1), "Europe/Berlin").start)
        TIMESTAMP '2024-02-29 23:00:00'
        """
        starts = _midnights(first, timezone)
        ends = _midnights(last + timedelta(days=1), timezone)
        return cls(f"TIMESTAMP '{min(starts)}'", f"TIMESTAMP '{max(ends)}'")

    @classmethod
    def wide(cls, first: date, last: date, *, are_texts: bool) -> "Bounds":
        """Those of any column, with a day more on both sides for any time zone."""
        day = timedelta(days=1)
        return cls(f"'{first - day}'", f"'{last + 2 * day}'", are_texts)


def _midnights(day: date, timezone: str) -> tuple[datetime, datetime]:
    """The beginning of a day as local time, and in UTC."""
    local = datetime.combine(day, time.min)
    moment = local.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    return local, moment.replace(tzinfo=None)


def of_table(table: str, day_column: str, bounds: Bounds, dialect: Dialect) -> TextClause:
    """The rows of a table between two values of its day column; its schema may stand before it."""
    name = ".".join(_quoted(part, dialect) for part in table.split("."))
    day = _quoted(day_column, dialect)
    where = f"{day} >= {bounds.start} AND {day} < {bounds.end}"
    if bounds.are_texts:
        # Numbers too, where a column may hold them: their day is found, or not, when they are read.
        where = f"({where}) OR {day} NOT LIKE '____-__-__%'"
    return text(_escaped(f"SELECT * FROM {name} WHERE {where}"))


def _quoted(name: str, dialect: Dialect) -> str:
    """A name as an identifier, in which the compiler of texts doubles what a driver would read."""
    signs = dialect.identifier_preparer
    inner = name.replace(signs.escape_quote, signs.escape_to_quote)
    return f"{signs.initial_quote}{inner}{signs.final_quote}"
