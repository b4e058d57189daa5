"""Columns of days, counted and numbered without a Python object for each row."""

from collections import Counter
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_EPOCH = date(1970, 1, 1).toordinal()


def count_days(days: pa.ChunkedArray) -> Counter[date]:
    """How many rows each day has; those without a day do not count.

    >>> count_days(pa.chunked_array([[date(2024, 3, 1), None, date(2024, 3, 1)]]))
    Counter({datetime.date(2024, 3, 1): 2})
    """
    counted = pc.value_counts(days.drop_null())
    return Counter(dict(zip(*(part.to_pylist() for part in counted.flatten()), strict=True)))


def ordinals(days: pa.ChunkedArray) -> NDArray[np.int64]:
    """The days as `date.toordinal` numbers them, shape (n,); none may be missing.

    >>> ordinals(pa.chunked_array([[date(1, 1, 1), date(2024, 3, 1)]]))
    array([     1, 738946])
    """
    numbers: NDArray[np.int64] = days.cast(pa.int32()).to_numpy().astype(np.int64)
    return numbers + _EPOCH


def within(days: pa.ChunkedArray, first: date, last: date) -> pa.ChunkedArray:
    """Which of the days are `first` to `last`, inclusive; null where there is no day.

    >>> days = pa.chunked_array([[date(2024, 3, 1), date(2024, 3, 2)]])
    >>> within(days, date(2024, 3, 2), date(2024, 3, 9)).to_pylist()
    [False, True]
    """
    since = pc.greater_equal(days, pa.scalar(first, pa.date32()))
    return pc.and_(since, pc.less_equal(days, pa.scalar(last, pa.date32())))


def days_in(zone: str, times: pa.ChunkedArray) -> pa.ChunkedArray:
    """The day in a time zone of each time in UTC.

    >>> from datetime import datetime
    >>> days_in("Europe/Berlin", pa.chunked_array([[datetime(2024, 3, 1, 23, 30)]])).to_pylist()
    [datetime.date(2024, 3, 2)]
    """
    there = pc.assume_timezone(times, "UTC").cast(pa.timestamp("us", zone))
    return pc.local_timestamp(there).cast(pa.date32())
