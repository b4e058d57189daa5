"""A model whose predictions are made elsewhere: files, its description, and its days in memory."""

from datetime import timedelta

import duckdb
import numpy as np
import pandas as pd

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.external import follow_versions
from mlops_drift.lifecycle.late_days import make_late_features, match_late_days
from mlops_drift.pipeline.external_predictions import match_predictions
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_events, land_labels, land_predictions
from mlops_drift.pipeline.monitoring import measure_drift, measure_performance
from mlops_drift.store.memory import MemoryLake
from mlops_drift_tests.registries import registry_in
from mlops_drift_tests.tiny import SPEC, day, merged

ROWS = 100
DELAY = 1
# The days of the reference; it is known at the end of the last one and the delay of labels.
REFERENCE = 3
# The first day of the second version, and of a drifted `a` with another rule.
SECOND, CHANGED = 6, 9
DAYS = 15
DATABASE = duckdb.connect()

MODEL = {
    "kind": "external",
    "metric": "accuracy",
    "predictions": {"path": "predictions.csv", "day_column": "day"},
    "prediction": "said",
    "score": "p",
    "version": "by",
    "reference": {"first": day(0), "last": day(REFERENCE - 1)},
}
CHANGES = {
    "training": ...,
    "gates": ...,
    "model": MODEL,
    "end_date": day(DAYS - 1),
    "source": {"labels": {"path": "labels.csv"}},
    "policy": {"first_training_rows": ..., "rows_since_change": ..., "min_new_labels": 1},
    "monitors": {"performance": {"floor": 0.7}},
}


def describe(changes=None):
    """The description, with other values at some places."""
    return ModelSpec.model_validate(merged(merged(SPEC, CHANGES), changes or {}))


def rows_of(number):
    """Events of a day with what was said of them, by whom, and the truth."""
    rng = np.random.default_rng(100 + number)
    a = rng.normal(1.5 if number >= CHANGED else 0, 1, ROWS)
    p = 1 / (1 + np.exp(-3 * a))
    truth = (rng.random(ROWS) < p) ^ (number >= CHANGED)
    return pd.DataFrame(
        {
            "id": number * 1000 + np.arange(ROWS),
            "day": day(number),
            "a": a,
            "b": rng.normal(size=ROWS),
            "c": rng.choice(["blue", "red"], ROWS),
            "p": p.round(4),
            "said": np.where(p >= 0.5, "yes", "no"),
            "by": "v-two" if number >= SECOND else "v-one",
            "y": np.where(truth, "yes", "no"),
        }
    )


def events_in(rows):
    return rows[["id", "day", "a", "b", "c"]]


def predictions_in(rows):
    return rows[["id", "day", "said", "p", "by"]]


def labels_in(rows):
    return rows[["id", "y"]].assign(day=rows["day"] + timedelta(days=DELAY))


def write(folder, days=DAYS, change=lambda table, rows: rows):
    """The three files; `change` gives other rows of one of them."""
    rows = pd.concat([rows_of(number) for number in range(days)], ignore_index=True)
    tables = {"events": events_in, "predictions": predictions_in, "labels": labels_in}
    for name, of in tables.items():
        change(name, of(rows)).to_csv(folder / f"{name}.csv", index=False)


class Elsewhere:
    """The days of the model, one after the other, in a lake in memory and without Dagster."""

    def __init__(self, folder, changes=None):
        self.spec = describe(changes)
        registry = registry_in(folder)
        self.model = ModelContext.of(MemoryLake(folder, DATABASE), self.spec, registry)
        self.store = self.model.store
        self.source = self.spec.open_source(folder)
        self.landed = {}

    def run(self, first, last=None, measure=True):
        """Runs some days, one by one."""
        for number in range(first, (first if last is None else last) + 1):
            at = (day(number), day(number))
            land_events(self.model, self.source, *at)
            land_labels(self.model, self.source, *at)
            self.landed[number] = land_predictions(self.model, self.source, *at)
            make_features(self.model, *at)
            make_late_features(self.model, *at)
            self.matched = match_predictions(self.model, *at)
            match_late_days(self.model, *at)
            self.promoted = follow_versions(self.model, self.source, *at)
            if measure:
                measure_drift(self.model, *at)
                measure_performance(self.model, *at)
        return self

    def read(self, table):
        return self.store.lake.read(getattr(self.store.tables, table)).to_pylist()

    def quality(self, number):
        """The verdict and the reason of the check of the predictions of a day."""
        [found] = self.landed[number].checks.evaluations
        return found.verdict, found.reason

    def reasons(self):
        return [row["reason"] for row in self.read("quarantined")]

    def checks(self, number, check):
        """What a check found on a day."""
        return list(self.store.checks.find(day(number), day(number), checks=[check]))

    def serving(self, first, last):
        """The numbers of the versions that serve some days."""
        return list(self.store.versions.serving(day(first), day(last)).values())
