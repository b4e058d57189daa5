"""Days that were judged for drift, and what the drift checks report about them."""

import dagster as dg
import numpy as np
import pyarrow as pa

from mlops_drift.checks.monitors import monitor_checks
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import judge
from mlops_drift.monitors.drift import DriftDay
from mlops_drift.monitors.feature_drift import FeatureDrift
from mlops_drift.monitors.null_spike import NullSpike
from mlops_drift.monitors.prediction_drift import PredictionDrift
from mlops_drift.pipeline.monitoring import Monitored
from mlops_drift.store.records import Promotion
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.tiny import SPEC, day, merged

KEY = dg.AssetKey(["tiny", "drift_metrics"])
MORE = {name: {"type": "number"} for name in "de"}
TINY = ModelSpec(**merged(SPEC, {"columns": MORE}))
KINDS = {"score": "numeric", "prediction": "categorical", **dict.fromkeys("abde", "numeric")}
MONITOR = DriftMonitor(windows=[1, 7], min_rows=50)
CHAMPION = Promotion(2, day(-1), 3, 1, "set", "digest", "decision")
IMPORTANCE = {"a": 0.1, "b": 0.3, "c": 0.4, "d": 0.2, "e": 0.0}
CHECKS = (FeatureDrift, PredictionDrift, NullSpike)


def rows_of(seed, n=1000, **changes):
    """Rows of every watched column, some of them with other values than usual."""
    rng = np.random.default_rng(seed)
    usual = {name: rng.normal(size=n) for name in "abde"}
    usual["c"] = rng.choice(["blue", "red"], n)
    usual["score"] = rng.random(n)
    usual["prediction"] = np.where(usual["score"] > 0.5, "yes", "no")
    return {**usual, **{name: change(usual[name]) for name, change in changes.items()}}


def as_table(rows):
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in rows.items()})


REFERENCE = Reference.fit(as_table(rows_of(0)), {**KINDS, "c": "categorical"})


def judged(number=5, windows=None, seasons=None, **fields):
    """A day whose windows hold these rows, a week that is quiet where nothing else is said."""
    windows = {1: rows_of(1), 7: rows_of(2, 2000), **(windows or {})}
    profiles, pasts = (
        {window: profile(REFERENCE, as_table(rows)) for window, rows in side.items()}
        for side in (windows, seasons or {})
    )
    return DriftDay(
        day(number),
        CHAMPION,
        len(windows[1]["a"]),
        REFERENCE,
        profiles,
        pasts,
        judge(REFERENCE, profiles, MONITOR, seasons=pasts),
        IMPORTANCE,
        **fields,
    )


def up(values):
    return values + 1.0


def far_up(values):
    return values + 3.0


def lost(values):
    """One value of four is gone."""
    return np.where(np.arange(len(values)) % 4 == 0, np.nan, values)


def unserved(number):
    return DriftDay(day(number), None, 60)


def results(*days):
    by_day = {one.day: one for one in days}
    context = MemoryContext(
        TINY, list(by_day), drift=by_day.get, champion=lambda on: by_day[on].champion
    )
    found = [item for on in by_day for one in CHECKS for item in one(MONITOR).evaluate(context, on)]
    reported = monitor_checks(TINY, KEY, Monitored(context, "drift_metrics", found))
    return {one.check_name: one for one in reported}


def plain(result):
    return {name: value.value for name, value in result.metadata.items()}


def records(result, table):
    return [record.data for record in result.metadata[f"▾ {table}"].records]
