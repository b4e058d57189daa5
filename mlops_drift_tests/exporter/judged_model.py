"""The tables of `tiny` with what its checks found, written without a training."""

import pyarrow as pa

from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import LandedFile, Promotion
from mlops_drift_tests.tiny import SPEC, day, merged


def tiny_spec(**changes):
    return ModelSpec.model_validate(merged(SPEC, changes))


def store_of(spec, lake):
    return ModelStore(lake, spec.name, spec.tables, spec.key, spec.target)


def found(number, check, subject="a", verdict="pass", **changes):
    """An evaluation of day `number` about version 1."""
    return CheckEvaluation(
        **{
            "day": day(number),
            "production_day": day(number),
            "check": check,
            "version": 1,
            "subject": subject,
            "window": 1,
            "verdict": verdict,
            "code": "",
            "reason": f"{check} of {subject} is {verdict}",
            **changes,
        }
    )


def land(store, number, labels=True):
    """Events of a day, and labels that arrived on it."""
    key, at = store.tables.features.schema.names[1], day(number)
    row = {"day": at, key: number}
    for table in (store.tables.features, store.tables.labels)[: 1 + labels]:
        empty = dict.fromkeys(table.schema.names)
        filled = {**empty, **row} | ({"y": "yes"} if table is store.tables.labels else {})
        store.lake.replace_days(table, at, at, pa.Table.from_pylist([filled], schema=table.schema))
    for source, n in (("events", 1), ("labels", int(labels))):
        store.landing.put_files(source, [LandedFile(at, source, None, None, n)])


def score(store, number):
    """A production prediction of a day."""
    table, at = store.tables.predictions, day(number)
    row = {"day": at, "version": 1, "id": number, "prediction": "yes", "score": 0.9}
    store.lake.replace_days(table, at, at, pa.Table.from_pylist([row], schema=table.schema))


def judge(store, number, *evaluations, asset="drift_metrics"):
    store.checks.replace(asset, day(number), day(number), evaluations)


def promote(store, version=1):
    store.versions.add_promotion(
        Promotion(
            version, day(0), version, None, f"set{version}", "reference", f"decision-{version}"
        )
    )


def fill(store):
    """Two days with a check of each verdict, a champion, drift and performance."""
    for number in (0, 1):
        land(store, number, labels=number > 0)
        score(store, number)
    promote(store)
    judge(store, 1, found(1, "volume", "events"), asset="events")
    judge(
        store,
        1,
        found(1, "feature_drift", "a", "fail", value=0.4, threshold=0.2),
        found(1, "feature_drift", "b", value=0.1, threshold=0.2),
        found(1, "feature_drift", "c", "unknown", value=0.0, threshold=0.2),
        found(1, "prediction_drift", "score", value=0.05, threshold=0.2),
        found(1, "null_spike", "a", value=0.01, threshold=0.05),
    )
    judge(
        store,
        1,
        found(1, "performance_drop", "accuracy", "fail", value=0.6, threshold=0.7),
        found(1, "label_drift", "PSI of y", "unknown", value=0.0, threshold=0.2),
        asset="performance_metrics",
    )
