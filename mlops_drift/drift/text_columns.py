"""Types of the columns of text files, found from all of their values, of two files together.

A text file says nothing about types. One that is read by itself may hold numbers where the same
column of another file holds text, or read 01/02/2024 as another day; the two would seem to differ.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_drift.sql import digits, identifier, in_batches, is_number, literal, whole

# Runs SQL that needs some columns.
Query = Callable[[str, Sequence[str]], list[tuple[Any, ...]]]

# From this share of numbers on a column is meant to hold numbers, and its texts are mistakes.
MOSTLY = 0.9

# What stands for a missing value among numbers, dates and truths; among texts it is one of them.
_MISSING = ("na", "n/a", "#n/a", "<na>", "null", "none", "nan", "-nan", "+nan")

_FIRST_ROWS = 1_000

_DAY = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_CLOCK = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_OFFSET = " ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_DAY_FIRST = "[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}( .*)?"
_DAY_FORMATS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y")


@dataclass(frozen=True)
class Reading:
    """One way to read a text column.

    Attributes:
        sql: the value as SQL, with `{}` for the text; null where it cannot be read.
        only: a condition on the text, without which the value would not say what the text says.
        digits: the number as text, where the value as a double would round it.
    """

    type: str
    sql: str
    only: str = "true"
    digits: str = ""

    def of(self, text: str) -> str:
        """SQL that reads texts of which all can be read, or stand for a missing value."""
        return self.sql.replace("{}", text)

    def reads(self, text: str) -> str:
        """SQL that says whether a text can be read."""
        return f"({self.only.replace('{}', text)} AND {self.of(text)} IS NOT NULL)"


def _full_match(pattern: str) -> str:
    return f"regexp_full_match(trim({{}}), '{pattern}')"


def _matching(pattern: str, type_: str) -> Reading:
    return Reading(type_, f"TRY_CAST(trim({{}}) AS {type_})", _full_match(pattern))


TEXT = Reading("VARCHAR", "{}")
NOTHING = Reading('"NULL"', "NULL")
NUMBER = Reading("DOUBLE", "TRY_CAST({} AS DOUBLE)", is_number("{}"), digits("{}"))
TRUTH = Reading("BOOLEAN", "CASE lower(trim({})) WHEN 'true' THEN true WHEN 'false' THEN false END")
WHOLE = Reading("BIGINT", "TRY_CAST({} AS BIGINT)", f"{whole('{}')} IS NOT NULL")
# 1,5 in a file whose delimiter is no comma.
_POINT = "replace({}, ',', '.')"
_FRACTION = _full_match("[+-]?[0-9]+(,[0-9]+)?")
_COMMA = Reading("DOUBLE", f"TRY_CAST({_POINT} AS DOUBLE)", _FRACTION, digits(_POINT))
# The first that reads every value is taken.
NUMBERS = (WHOLE, NUMBER, _COMMA)
OTHERS = (
    TRUTH,
    _matching(_DAY, "DATE"),
    _matching(f"{_DAY}([ T]{_CLOCK})?", "TIMESTAMP"),
    _matching(f"{_DAY}[ T]{_CLOCK}{_OFFSET}", "TIMESTAMPTZ"),
    _matching(_CLOCK, "TIME"),
    *(
        # Without the pattern 1.10.3 would be a day of the year 3.
        Reading("TIMESTAMP", f"try_strptime(trim({{}}), '{day}{clock}')", _full_match(_DAY_FIRST))
        for day in _DAY_FORMATS
        for clock in ("", " %H:%M", " %H:%M:%S")
    ),
)
# 10.5 %, $1,200.00 or 1.234,56 are numbers to people only, and days of two-digit years are unclear.
_GROUPED = "([0-9]{1,3}([., ][0-9]{3})+|[0-9]+)([.,][0-9]+)?"
_SHORT_DAY = "[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}( .*)?"
_OF_PEOPLE = f"[+-]?[$€£]? ?[+-]?{_GROUPED}( ?[%$€£])?|{_SHORT_DAY}"
FOR_PEOPLE = Reading("VARCHAR", "{}", _full_match(_OF_PEOPLE))


@dataclass(frozen=True)
class Facts:
    """How many values a column has, and how many of them each reading can read.

    Attributes:
        values: the values that neither are empty nor stand for a missing one.
        missing: words that stand for a missing value where the others are no texts.

    >>> Facts(10, {NUMBER: 10}, missing=3).best().type, Facts(5, {NUMBER: 4}).best().type
    ('DOUBLE', 'VARCHAR')
    """

    values: int
    read: Mapping[Reading, int] = field(default_factory=dict)
    missing: int = 0

    def best(self) -> Reading:
        """The first reading that reads every value; text where none does."""
        if not self.values:
            return NOTHING
        whole = (one for one in (*NUMBERS, *OTHERS) if self.read.get(one, 0) == self.values)
        return next(whole, TEXT)

    @property
    def as_numbers(self) -> Reading:
        """The reading that finds the most numbers, dates or times."""
        readings = [one for one in self.read if one not in (TRUTH, FOR_PEOPLE)]
        return max(readings, key=self.read.__getitem__)

    @property
    def is_mostly_numbers(self) -> bool:
        """Whether nearly all values are numbers, dates or times, but not all in one way."""
        most = max((n for one, n in self.read.items() if one is not TRUTH), default=0)
        return self.best() is TEXT and most >= MOSTLY * self.values

    def __add__(self, other: "Facts") -> "Facts":
        readings = (*NUMBERS, *OTHERS, FOR_PEOPLE)
        read = {one: self.read.get(one, 0) + other.read.get(one, 0) for one in readings}
        return Facts(self.values + other.values, read, self.missing + other.missing)


def find_facts(
    table: str, names: Sequence[str], numbers: tuple[Reading, ...], query: Query
) -> dict[str, Facts]:
    """What the values of each text column of a table, as in a FROM clause, can be read as.

    `numbers` are the readings as numbers that there may be. What cannot read the first rows need
    not be tried on all of them.
    """
    first = f"(FROM {table} LIMIT {_FIRST_ROWS})"
    tried = _facts_of(first, dict.fromkeys(names, numbers), query)
    unclear = [name for name in tried if tried[name].best() not in NUMBERS]
    others = _facts_of(first, dict.fromkeys(unclear, (*OTHERS, FOR_PEOPLE)), query)
    hopeful: dict[str, tuple[Reading, ...]] = {}
    for name, found in tried.items():
        read = {**found.read, **(others[name].read if name in others else {})}
        # How many are numbers or dates is to be known also where some are not.
        enough = MOSTLY * found.values
        hopeful[name] = tuple(one for one in read if read[one] >= enough or one is NUMBER)
    return _facts_of(table, hopeful, query)


def _facts_of(
    table: str, readings: Mapping[str, tuple[Reading, ...]], query: Query
) -> dict[str, Facts]:
    found: dict[str, Facts] = {}
    for names in in_batches(list(readings)):
        lists = ", ".join(f"[{_counts(identifier(name), readings[name])}]" for name in names)
        [row] = query(f"SELECT {lists} FROM {table}", names)
        for name, (values, missing, *read) in zip(names, row, strict=True):
            found[name] = Facts(values, dict(zip(readings[name], read, strict=True)), missing)
    return found


def _counts(cell: str, readings: Sequence[Reading]) -> str:
    """How many values there are and words for none, and how many values each reading can read."""
    word = is_missing(cell)
    conditions = [f"(NOT {word})", f"({word})", *(one.reads(cell) for one in readings)]
    return ", ".join(f"count(*) FILTER {condition}" for condition in conditions)


def is_missing(text: str) -> str:
    """SQL that says whether a text stands for a missing value; null of null."""
    # Most texts are longer than these words, which is found in a tenth of the time.
    is_longer = f"strlen({text}) > {max(map(len, _MISSING))}"
    is_padded = f"prefix({text}, ' ') OR suffix({text}, ' ')"
    words = ", ".join(map(literal, _MISSING))
    is_word = f"lower(trim({text})) IN ({words})"
    return f"CASE WHEN {is_longer} AND NOT ({is_padded}) THEN false ELSE {is_word} END"


def readings_of_both(past: Facts, now: Facts) -> tuple[Reading, Reading]:
    """How to read one column of two files: as one type if there is one for all values of both.

    Otherwise each as its own, unless that would make truths of one file, or words for a missing
    value, meet texts of the other.

    >>> numbers, texts = Facts(2, {NUMBER: 2}), Facts(2)
    >>> [one.type for one in readings_of_both(numbers, texts)]
    ['DOUBLE', 'VARCHAR']
    """
    together = (past + now).best()
    if together is not TEXT:
        return together, together
    mine, theirs = past.best(), now.best()
    meets_texts = mine is TRUTH or (mine is NOTHING and past.missing)
    if mine is TEXT or (theirs is TEXT and meets_texts):
        return TEXT, TEXT
    return mine, theirs
