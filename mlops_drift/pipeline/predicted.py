"""What a champion predicted on the days of a run, as it was known at the end of each."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from mlops_drift.monitors.context import PredictedRows
from mlops_drift.schema.day_columns import ordinals


class PredictedSpan:
    """The predictions of a version on some days and on the `lookback` days before each.

    A run of several days has read more than one of each day would have: `until` leaves it out, so
    that both estimate alike.
    """

    def __init__(self, rows: pa.Table, strides: Mapping[date, int], lookback: int) -> None:
        self._days, self._arrived = ordinals(rows["day"]), ordinals(rows["arrived"])
        self._lots = rows["lot"].to_numpy()
        self._rows = rows.drop_columns(["day", "arrived", "lot"]).to_pandas()
        self._strides, self._lookback = strides, lookback

    def until(self, day: date) -> PredictedRows:
        """What a day can look back at."""
        now, stride = day.toordinal(), self._strides[day]
        there = (self._arrived <= now) & (self._days <= now) & (self._days >= now - self._lookback)
        came = self._days[there & (self._arrived == now)]
        end = int(came.max()) if len(came) else now
        kept = np.flatnonzero(there & ((self._days == now) | (self._lots % stride == 0)))
        return PredictedRows(end, self._days[kept], self._lots[kept], self._rows.iloc[kept], stride)
