from dataclasses import replace
from itertools import permutations
from math import inf, nan

import dagster as dg
import pyarrow as pa
import pytest

from mlops_drift.checks.monitors import monitor_check
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.decisions import decide_now
from mlops_drift.lifecycle.status import read_status
from mlops_drift.monitors.base import CheckEvaluation, Monitor
from mlops_drift.monitors.ranking import excess, headline, worst_first
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.failed_check import FailedCheck
from mlops_drift.pipeline.monitoring import Monitored
from mlops_drift.store.records import Promotion, VersionRecord
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.tiny import SPEC, day, merged

DRIFT = CheckEvaluation(
    check="feature_drift",
    day=day(3),
    production_day=day(3),
    version=1,
    subject="a",
    window=1,
    verdict="fail",
    code="beyond_limit",
    reason="a moved",
    value=0.4,
    threshold=0.1,
    n=100,
    q=1e-9,
)


def test_a_limit_counts_in_its_own_units_on_either_side_of_it():
    assert excess(DRIFT) == pytest.approx(3)
    assert excess(replace(DRIFT, value=-0.2, threshold=-0.1)) == 1
    assert excess(replace(DRIFT, value=0.6, threshold=0.8)) == pytest.approx(0.25)
    assert excess(replace(DRIFT, value=-20.0, threshold=0.0)) == 20
    assert excess(replace(DRIFT, value=inf)) == inf
    assert excess(replace(DRIFT, value=nan)) == -inf
    within = replace(DRIFT, value=0.05, verdict="pass", code="within_limit")
    assert excess(within) == -0.5
    assert excess(replace(within, value=0.15, code="not_significant")) == pytest.approx(0.5)
    assert excess(replace(within, verdict="unknown")) == -inf


def test_failures_come_first_then_missing_files_and_the_unknown_last():
    found = [
        replace(DRIFT, verdict="unknown", code="too_few_rows"),
        replace(DRIFT, verdict="pass", code="within_limit", value=0.0),
        replace(DRIFT, verdict="unknown", code="no_file"),
        DRIFT,
    ]
    assert worst_first(found) == found[::-1]


def test_without_limits_the_smaller_chance_is_worse():
    by_chance = [replace(DRIFT, threshold=nan, q=q, p=p) for q, p in ((0.01, nan), (nan, 0.02))]
    assert worst_first(by_chance[::-1]) == by_chance


def test_ties_have_one_order():
    alike = [replace(DRIFT, subject=name, window=w) for name in "ab" for w in (1, 7)]
    orders = {tuple(worst_first(order)) for order in permutations(alike)}
    assert orders == {tuple(alike)}


def test_a_headline_names_three_subjects_the_worst_first():
    found = [
        replace(DRIFT, subject=name, value=value, reason=f"{name} moved")
        for name, value in zip("abcde", (0.2, 0.5, 0.3, 0.4, 0.6), strict=True)
    ]
    assert headline(worst_first(found)) == "e moved; b moved; d moved; and 2 more"


def test_status_the_decision_and_the_message_name_the_furthest_column(memory_lake):
    policy = {"min_new_labels": 1, "first_training_rows": 40}
    spec = ModelSpec(**merged(SPEC, {"policy": policy, "gates": {"min_rows": 5}}))
    model = ModelContext.of(memory_lake, spec)
    store, tables = model.store, model.store.tables
    store.versions.add(VersionRecord(1, day(1), "set", 9, "linear", "accuracy", 1, 1, 1, 9, ""))
    store.versions.add_promotion(Promotion(1, day(1), 1, None, "set", "r", "d1"))
    for table, number, column in ((tables.features, 2, "a"), (tables.labels, 3, "y")):
        values = {"a": [1.0, 2.0], "y": ["yes", "no"]}[column]
        rows = [{"day": day(number), "id": i, column: value} for i, value in enumerate(values)]
        data = pa.Table.from_pylist(rows, schema=table.schema)
        store.lake.replace_days(table, day(number), day(number), data)
    # By the raw distance it would be `far`, by the raw value `large`, by the alphabet `a`.
    failed = [
        DRIFT,
        replace(DRIFT, subject="far", value=9.0, threshold=5.0, reason="far moved"),
        replace(DRIFT, subject="large", value=10.0, threshold=9.0, reason="large moved"),
        replace(DRIFT, subject="worst", value=0.5, threshold=0.1, reason="worst moved"),
        replace(DRIFT, subject="worst", value=0.2, window=7, reason="worst moved a little"),
    ]
    store.checks.replace("drift_metrics", day(3), day(3), failed)

    decision = decide_now(model, day(3))
    [message] = FailedCheck().messages(History("tiny", evaluations=store.checks.in_short(day(0))))
    statuses = [read_status(model) for _ in range(3)]
    key = dg.AssetKey(["tiny", "drift_metrics"])
    context = MemoryContext(
        spec, [day(3)], champion=lambda _: Promotion(1, day(1), 1, None, *"abc")
    )
    monitored = Monitored(context, "drift_metrics", failed)
    check = monitor_check(key, Plain(None), monitored)

    assert (decision.action, decision.reason) == ("retrain", "worst moved")
    assert message.body.splitlines()[1] == "- worst moved"
    [shown] = [row for row in statuses[0]["checks"] if row["check"] == "feature_drift"]
    assert (shown["column"], shown["reason"]) == ("worst", "worst moved")
    assert all(repr(status) == repr(statuses[0]) for status in statuses)
    assert check.description.startswith(f"{day(3)}: worst moved; a moved; far moved; and 1 more")
    assert check.metadata["subject"].value == "worst"


class Plain(Monitor):
    """A check with nothing to explain."""

    name = "feature_drift"
    description = advice = "Nothing."
    assets = ("drift_metrics",)

    def evaluate(self, context, day):
        return []
