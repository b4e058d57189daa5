"""Events and labels from a simulated world."""

from collections.abc import Callable
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.sources.base import Batch, Origin, Source
from mlops_drift.sources.config import SimulatorSource
from mlops_drift.sources.simulators.catalogue import simulator


class Simulated(Source):
    """Asks a simulator for each day.

    Args:
        config: which world, and its seed.
    """

    def __init__(self, config: SimulatorSource) -> None:
        self._world = simulator(config.simulator, config.seed, config.stationary)
        self._origin = f"simulator {config.simulator} (seed {config.seed})"

    def events(self, first: date, last: date) -> Batch:
        """The events of the days `first` to `last`, inclusive."""
        return self._gather(self._world.events, first, last)

    def labels(self, first: date, last: date) -> Batch:
        """The labels that arrived on the days `first` to `last`, inclusive."""
        return self._gather(self._world.labels, first, last)

    def _gather(self, make: Callable[[date], pa.Table], first: date, last: date) -> Batch:
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        tables = [_with_day(make(day), day) for day in days]
        origins = dict.fromkeys(days, Origin(self._origin))
        return Batch(pa.concat_tables(tables), self._origin, origins=origins)


def _with_day(table: pa.Table, day: date) -> pa.Table:
    days = pa.array([day] * table.num_rows, pa.date32())
    table = table.add_column(0, "day", days)
    if "event_time" in table.schema.names:
        return table
    return table.add_column(1, "event_time", pc.cast(days, pa.timestamp("us")))
