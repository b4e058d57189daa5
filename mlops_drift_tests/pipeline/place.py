"""Files of a source, and a lake that their rows land in."""

import csv
from datetime import date, timedelta

import duckdb

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.landing import EVENTS, land_events
from mlops_drift.pipeline.ledger import read_account
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.records import Promotion
from mlops_drift_tests.tiny import SPEC, merged

START = date(2024, 3, 1)
# Lakes in memory keep their tables to themselves; one connection reads them all.
DATABASE = duckdb.connect()


def day(number):
    return START + timedelta(days=number)


def describe(path="e.csv", **changes):
    source = {"events": {"path": path}, **changes.pop("source", {})}
    columns = {"a": ..., "b": {"type": "number"}, "c": ...}
    base = {
        "start_date": START,
        "end_date": ...,
        "source": source,
        "key_type": "text",
        "columns": columns,
        "gates": {"trusted_columns": []},
    }
    return ModelSpec.model_validate(merged(SPEC, merged(base, changes)))


def promote(model):
    """Version 1 has become champion: without a promotion nothing was ever answered."""
    promotion = Promotion(1, START, 1, None, "a set", "", "d1")
    model.store.versions.add_promotion(promotion)
    return model


class Place:
    """A folder of source files, and a lake in memory that they land in."""

    def __init__(self, folder, spec=None, lake=None):
        self.folder, self.spec = folder, spec or describe()
        self.model = ModelContext.of(lake or MemoryLake(folder, DATABASE), self.spec).store
        self.source = self.spec.source.open(folder)

    def land(self, first, last=None, land=land_events):
        model = ModelContext(self.spec, self.model)
        return land(model, self.source, day(first), day(first if last is None else last))

    def events(self):
        return self.model.lake.read(self.model.tables.events).to_pylist()

    def quarantined(self):
        return self.model.lake.read(self.model.tables.quarantined).to_pylist()

    def reasons(self):
        return [(row["day"], row["reason"]) for row in self.quarantined()]

    def account(self, source=EVENTS):
        return read_account(self.model, source)


def write(folder, rows, name="e.csv"):
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows([["id", "day", "b"], *rows])


def two_a_day(days, first=0):
    return [[f"k{10 * n + i}", day(n), "1"] for n in range(first, days) for i in range(2)]
