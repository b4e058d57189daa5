"""The rows of a request: read, checked and typed, without a data frame."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from mlops_drift.learning.compiled.base import Value
from mlops_drift.serving.description import Description
from mlops_drift.serving.values import LEFT_OUT, WRONG, expected, key_column, reader_of

EVENT_TIME = "event_time"
# So much may the clock of a client be ahead, in microseconds.
AHEAD = 60_000_000
MOST_FAULTS = 100
LONGEST_SHOWN = 60

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_A_TIME = "a time with its zone, such as 2026-01-31T12:00:00Z, since {} and not in the future"


class Fault(msgspec.Struct, frozen=True):
    """One value that is not accepted.

    Attributes:
        row: number of the row in the request, from 0 on.
        value: the value as JSON, shortened; None where the column is left out.
        expected: what would be right.
    """

    row: int
    column: str | None
    value: str | None
    expected: str

    def __str__(self) -> str:
        """The fault as a sentence."""
        found = "is missing" if self.value is None else f"is {self.value}"
        return f"{self.column or 'the row'} {found}; it should be {self.expected}"


class RejectedRowsError(Exception):
    """Rows have faults; nothing of the request is answered.

    Attributes:
        faults: a hundred at most.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Names the first of the faults, and how many there are."""
        self.faults = faults
        first, n = faults[0], len(faults)
        count = f"{n} values are wrong; the first: " if n > 1 else ""
        super().__init__(f"{count}row {first.row}: {first}")


class Row(NamedTuple):
    """A row that is accepted.

    Attributes:
        event_time: in microseconds since 1970 in UTC.
        values: of all declared columns and inputs; those left out are None.
    """

    key: str | int
    event_time: int
    values: dict[str, Value]


class Rows(NamedTuple):
    """The rows of a request, and how many columns of theirs are not declared."""

    rows: list[Row]
    ignored: int


class RowReader:
    """Reads rows of one version; it is made once and used by many requests.

    A key may stand in a request once. Of a name that a JSON object has twice the last value counts,
    as JSON readers do; the log holds what was scored.
    """

    def __init__(self, description: Description, since: datetime = EPOCH) -> None:
        """Prepares a reader for each column.

        Args:
            description: of the model.
            since: no event is older, in the time zone in which a client reads it.
        """
        columns = description.source_columns
        self._key = description.key
        self._read_key = reader_of(key_column(description.key_type))
        self._readers = [(name, reader_of(column)) for name, column in columns.items()]
        self._known = frozenset([description.key, EVENT_TIME, *columns])
        self._expected = {name: expected(column) for name, column in columns.items()}
        self._expected[self._key] = expected(key_column(description.key_type))
        self._since = (since - EPOCH) // _MICROSECOND
        self._expected[EVENT_TIME] = _A_TIME.format(since.isoformat() if self._since else "1970")

    def read(
        self, raws: Sequence[object], now: int, new_key: Callable[[], str | int] | None = None
    ) -> Rows:
        """The typed rows.

        Args:
            raws: what JSON makes of each row.
            now: the time of the rows that have no time of their own, in microseconds since 1970.
            new_key: makes the key of a row without one; without it that is a fault.

        Raises:
            RejectedRowsError: if a value of any row is not accepted.
        """
        rows: list[Row] = []
        faults: list[Fault] = []
        numbers: dict[str | int, int] = {}
        ignored: set[str] = set()
        for number, raw in enumerate(raws):
            if len(faults) >= MOST_FAULTS:
                break
            if type(raw) is not dict:
                faults.append(
                    Fault(number, None, shown(raw), "an object of column names to values")
                )
                continue
            row, wrong = self._row(raw, now, new_key)
            if not raw.keys() <= self._known:
                extra = raw.keys() - self._known
                ignored |= extra
                wrong |= self._misspelled(raw, extra)
            if first := numbers.get(row.key) if self._key not in wrong else None:
                wrong[self._key] = f"another key than that of row {first - 1}"
            numbers.setdefault(row.key, number + 1)
            faults += (
                Fault(number, name, shown(raw[name]) if name in raw else None, should)
                for name, should in wrong.items()
            )
            rows.append(row)
        if faults:
            raise RejectedRowsError(faults[:MOST_FAULTS])
        return Rows(rows, len(ignored))

    def _row(
        self, raw: Mapping[str, Any], now: int, new_key: Callable[[], str | int] | None
    ) -> tuple[Row, dict[str, str]]:
        """A row, and what its wrong columns should be."""
        wrong: dict[str, str] = {}
        key = raw.get(self._key, LEFT_OUT)
        if new_key is not None and (key is LEFT_OUT or key is None):
            key = new_key()
        if (key := self._read_key(key)) is WRONG:
            # It is hashable, and equal to no other.
            wrong[self._key], key = self._expected[self._key], WRONG
        time = now
        if (text := raw.get(EVENT_TIME)) is not None and (
            time := _time(text, self._since, now)
        ) < 0:
            wrong[EVENT_TIME] = self._expected[EVENT_TIME]
        values = {}
        for name, read in self._readers:
            value = values[name] = read(raw.get(name, LEFT_OUT))
            if value is WRONG:
                wrong[name] = self._expected[name]
        return Row(key, time, values), wrong

    def _misspelled(self, raw: Mapping[str, Any], extra: set[str]) -> dict[str, str]:
        """The columns that are left out and stand there in other letters, upper or lower."""
        lower = {name.lower(): name for name in extra}
        return {
            name: f"written {name}, found {shown(lower[name.lower()])}"
            for name in self._known
            if name not in raw and name.lower() in lower
        }


def _time(text: object, since: int, now: int) -> int:
    """The microseconds since 1970 of a time; -1 where it is none that is accepted."""
    if type(text) is not str:
        return -1
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            return -1
        micros = (time - EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return -1
    return micros if since <= micros <= now + AHEAD else -1


def shown(value: object) -> str:
    """A value as JSON, shortened.

    >>> shown("high"), shown(None)
    ('"high"', 'null')
    """
    # Of a large value only the beginning is looked at.
    if isinstance(value, str):
        value = value[:LONGEST_SHOWN]
    elif isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    try:
        text = msgspec.json.encode(value).decode()
    except (OverflowError, msgspec.MsgspecError):
        text = str(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
