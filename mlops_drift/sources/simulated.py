"""Events and labels from a simulated world."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import Field

from mlops_drift.schema.days import days_between
from mlops_drift.sources.base import Batch, Origin, Part, Source, SourceConfig
from mlops_drift.sources.simulators.registry import SIMULATORS, SimulatorName


class SimulatorSource(SourceConfig):
    """A seeded world that makes events and labels for any day."""

    kind: Literal["simulator"] = Field(description="simulator")
    simulator: SimulatorName = Field(
        description="Name of the simulated world: churn, glassware or insurance."
    )
    seed: int = Field(7, ge=0, description="Seed of the world.")
    stationary: bool = Field(False, description="Switches the world's changes off.")

    def open(self, folder: Path) -> Source:
        return Simulated(self)


class Simulated(Source):
    """Asks a simulator for each day."""

    def __init__(self, config: SimulatorSource) -> None:
        self._world = SIMULATORS[config.simulator](config.seed, config.stationary)
        self._origin = f"simulator {config.simulator} (seed {config.seed})"

    def events(self, first: date, last: date) -> Batch:
        return self._gather(self._world.events, first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._gather(self._world.labels, first, last)

    def _gather(self, make: Callable[[date], pa.Table], first: date, last: date) -> Batch:
        days = days_between(first, last)
        tables = {day: make(day) for day in days}
        rows = pa.concat_tables(tables.values())
        dates = [pa.array([day] * table.num_rows, pa.date32()) for day, table in tables.items()]
        dated = pa.chunked_array(dates, pa.date32())
        times = dated.cast(pa.timestamp("us"))
        if "event_time" in rows.schema.names:
            times = rows["event_time"].cast(pa.timestamp("us"))
            rows = rows.drop_columns("event_time")
        part = Part(rows, dated, times, self._origin)
        return Batch((part,), origins=dict.fromkeys(days, Origin(self._origin)))
