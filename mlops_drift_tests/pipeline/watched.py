"""A lake whose labels a test lets arrive, and events with the truth about them."""

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.metrics.evaluation import evaluate_within
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.pipeline.monitoring import measure_performance
from mlops_drift.pipeline.profiles import fit_reference
from mlops_drift.store.records import Promotion, VersionRecord
from mlops_drift.store.training_sets import parquet_bytes
from mlops_drift.store.write_once import canonical_json
from mlops_drift_tests.tiny import SPEC, day, merged

N = 200


def events(number, n=N, **columns):
    """Events of a day with the truth about them and what every version predicts."""
    rng = np.random.default_rng([number + 50, 3])
    a = rng.normal(size=n)
    truth = np.where(a + 0.4 * rng.normal(size=n) > 0, "yes", "no")
    usual = {
        "day": day(number),
        "id": (number + 100) * 100_000 + np.arange(n),
        "event_time": pd.NaT,
        "a": a,
        "b": rng.normal(size=n),
        "c": np.where(np.arange(n) % 4 == 0, "blue", "red"),
        "y": truth,
        "prediction": np.where(a > 0, "yes", "no"),
        "score": 1 / (1 + np.exp(-4 * a)),
    }
    return pd.DataFrame({**usual, **columns}).astype({"event_time": "datetime64[us]"})


class Watched:
    """A lake with served predictions, whose labels a test lets arrive."""

    def __init__(self, lake, changes=None):
        self.spec = ModelSpec(**merged(SPEC, changes or {}))
        self.model = ModelContext.of(lake, self.spec).store
        self.tables = self.model.tables

    def promote(self, version, on, events=events, trained=None):
        rows = pa.Table.from_pandas(
            events(-version, 900).drop(columns=["prediction", "score"]),
            schema=self.tables.features.schema.append(pa.field("y", pa.string())),
            preserve_index=False,
        )
        training_set = TrainingSet(rows.slice(400), rows.slice(0, 400))
        tested = events(-version, 900).head(400)[["id", "y", "prediction", "score"]]
        predicted = pa.Table.from_pandas(tested, preserve_index=False)
        reference = fit_reference(self.spec, rows, predicted)
        sets = self.model.training_sets
        set_id = sets.write(training_set)
        born = {"importance.json": canonical_json({}), **reference.to_files()}
        sets.write_baseline(
            set_id, version, {**born, "test_predictions.parquet": parquet_bytes(predicted)}
        )
        truth, prediction, score = (
            tested[name].to_numpy() for name in ("y", "prediction", "score")
        )
        made = on if trained is None else trained
        value, lower, upper = evaluate_within(
            "accuracy", self.spec.target, truth, prediction, score, seed=7
        )
        self.model.versions.add(
            VersionRecord(
                version, day(made), set_id, 900, "linear", "accuracy", value, lower, upper, 400, ""
            )
        )
        self.model.versions.add_promotion(
            Promotion(version, day(on), version, None, set_id, reference.digest, f"d{version}")
        )

    def serve(self, *frames, version=1):
        self._put(self.tables.features, *frames)
        self._put(self.tables.predictions, *(frame.assign(version=version) for frame in frames))

    def arrive(self, on, *frames):
        rows = pd.concat(frames).assign(day=day(on))
        self._put(self.tables.labels, rows)

    def _put(self, table, *frames):
        rows = pd.concat(frames).assign(probabilities=None)[table.schema.names]
        data = pa.Table.from_pandas(rows, schema=table.schema, preserve_index=False)
        self.model.lake.replace_days(table, rows["day"].min(), rows["day"].max(), data)

    def measure(self, first, last=None):
        last = first if last is None else last
        return measure_performance(ModelContext(self.spec, self.model), day(first), day(last))

    def verdicts(self, number, check="performance_drop"):
        return self.measure(number).of_check(check)


def five_days(lake):
    """Version 1 and what it predicted, without any label yet."""
    made = Watched(lake)
    made.promote(1, on=0)
    made.serve(*(events(number) for number in range(1, 6)))
    return made


def flipped(frame):
    return frame.assign(y=np.where(frame["y"] == "yes", "no", "yes"))
