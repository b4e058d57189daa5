"""Functions that give events and labels: those of the tiny model's story, and broken ones."""

import pyarrow as pa

from mlops_drift_tests.tiny import FIRST, events_of, labels_of

TURNED_ON = 3


def _table(make, first, last, latest):
    numbers = range(max(0, (first - FIRST).days), min(latest, (last - FIRST).days) + 1)
    frames = [pa.Table.from_pandas(make(number), preserve_index=False) for number in numbers]
    return pa.concat_tables(
        [pa.table({"day": pa.array([], pa.date32())}), *frames], promote_options="default"
    )


def events(first, last):
    """Events of up to seven days."""
    return _table(events_of, first, last, 6)


def labels(first, last):
    """Labels of six days of events, each a day later; from the fourth day the rule is another."""
    return _table(
        lambda number: (
            labels_of(number - 1, number - 1 >= TURNED_ON) if number else labels_of(0)[:0]
        ),
        first,
        last,
        6,
    )


def broken(first, last):
    """A function with a bug."""
    return {}[first]


def wrong_type(first, last):
    """A function that gives a data frame."""
    return events_of(0)


def no_day(first, last):
    """A function without a day column."""
    return pa.table({"Day": [first], "id": [1]})


def nested(first, last):
    """A function with a column that no model can use."""
    return pa.table({"day": [first], "id": [1], "a": [[1, 2]], "b": [None]})


def far(first, last):
    """A function whose day is beyond all calendars."""
    return pa.table({"day": pa.array([2**62], pa.timestamp("us")), "id": [1]})


NO_FUNCTION = 7
