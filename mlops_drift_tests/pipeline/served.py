"""A lake with features, predictions and promotions as a test wants them."""

from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.pipeline.monitoring import measure_drift
from mlops_drift.pipeline.profiles import fit_reference
from mlops_drift.store.records import Promotion
from mlops_drift.store.training_sets import canonical_json, parquet_bytes
from mlops_drift_tests.tiny import SPEC, day, merged

COLUMNS = ["a", "b", "c", "score", "prediction"]
IMPORTANCE = {"a": 0.7, "b": 0.2, "c": 0.1}


def features_of(number, n=200, **columns):
    """The features of a day; columns may be other than usual."""
    return usual_features_of(number, n).assign(**columns)


@cache
def usual_features_of(number, n):
    rng = np.random.default_rng([number + 1000, 1])
    usual = {
        "a": rng.normal(size=n),
        "b": np.where(rng.random(n) < 0.02, np.nan, rng.normal(size=n)),
        "c": rng.choice(["blue", "red"], n),
    }
    keys = {"day": day(number), "id": number * 100_000 + np.arange(n), "event_time": pd.NaT}
    return pd.DataFrame({**keys, **usual}).astype({"event_time": "datetime64[us]"})


@cache
def predictions_of(number, version=1, n=200):
    """What a version predicts for the events of a day."""
    score = np.random.default_rng([number + 1000, 2]).random(n)
    return pd.DataFrame(
        {
            "day": day(number),
            "version": version,
            "id": number * 100_000 + np.arange(n),
            "prediction": np.where(score > 0.5, "yes", "no"),
            "score": score,
            "probabilities": [[1 - one, one] for one in score],
        }
    )


class Served:
    """A lake with features, predictions and promotions as a test wants them.

    Args:
        lake: an empty lake.
        drift: settings of the drift monitor.
    """

    def __init__(self, lake, **drift):
        self.spec = ModelSpec(**merged(SPEC, {"monitors": {"drift": drift}}))
        self.model = ModelContext.of(lake, self.spec).store
        self.tables = self.model.tables

    def put(self, table, *frames):
        rows = pd.concat(frames)
        data = pa.Table.from_pandas(rows, schema=table.schema, preserve_index=False)
        self.model.lake.replace_days(table, rows["day"].min(), rows["day"].max(), data)

    def put_days(self, *frames, version=1):
        """Features of some days, and predictions for as many rows."""
        self.put(self.tables.features, *frames)
        served = [((f["day"].iloc[0] - day(0)).days, len(f)) for f in frames]
        self.put(self.tables.predictions, *(predictions_of(i, version, n) for i, n in served))

    def promote(self, version, on, *, trained=None, number=None, importance=IMPORTANCE):
        """Gives baseline to a version and makes it the champion at the end of a day."""
        trained = features_of(-version, 600) if trained is None else trained
        rows = pa.Table.from_pandas(
            trained.assign(y="no"),
            schema=self.tables.features.schema.append(pa.field("y", pa.string())),
            preserve_index=False,
        )
        sets = self.model.training_sets
        set_id = sets.write(TrainingSet(rows.slice(100), rows.slice(0, 100)))
        tested = pa.Table.from_pandas(predictions_of(-version, version, 300))
        reference = fit_reference(self.spec, rows, tested)
        files = {"importance.json": canonical_json(importance), **reference.to_files()}
        sets.write_baseline(
            set_id, version, {**files, "test_predictions.parquet": parquet_bytes(tested)}
        )
        number = number or version
        self.model.versions.add_promotion(
            Promotion(number, day(on), version, None, set_id, reference.digest, f"d{number}")
        )
        return reference

    def measure(self, first, last=None):
        last = first if last is None else last
        found = measure_drift(ModelContext(self.spec, self.model), day(first), day(last))
        return [found.context.drift(day(number)) for number in range(first, last + 1)]

    def stored(self, table="drift"):
        rows = self.model.lake.read(getattr(self.tables, table)).to_pylist()
        return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def verdicts(found, *, window=1, rule="drift"):
    """The verdicts of a day by column."""
    return {v.column: v for v in found.verdicts if (v.window, v.rule) == (window, rule)}


def shifted(number, by=3.0, column="a", **changes):
    """A day on which a number moved."""
    usual = features_of(number, **changes)
    return usual.assign(**{column: usual[column] + by})


def values_of(*frames, column):
    return pd.concat(frames)[column].dropna().to_numpy()


def unit_of(values):
    return np.subtract(*np.quantile(values, [0.75, 0.25]))


def expected_distances(reference, current):
    ks = stats.ks_2samp(reference, current)
    wasserstein = stats.wasserstein_distance(reference, current) / unit_of(reference)
    return pytest.approx((ks.statistic, ks.pvalue, wasserstein), abs=1e-12)


def distances(verdict):
    measures = verdict.measures
    return measures.value("ks"), measures.ks_p, measures.value("wasserstein")
