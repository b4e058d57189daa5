"""Verdicts by each metric of drift."""

import math

import numpy as np
import pytest
from scipy import stats

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift_tests.drift.verdicts import judged, normal, numbers

pytestmark = pytest.mark.filterwarnings("error")

BINNED = ["js", "psi", "hellinger", "tvd", "linf"]


@pytest.mark.parametrize("n", [100, 10_000])
@pytest.mark.parametrize("metric", BINNED)
def test_one_row_of_an_unseen_category_never_fails(n, metric):
    current = np.array(["a", "b"] * (n // 2), dtype=object)
    current[0] = "new"
    monitor = DriftMonitor(metric=metric, threshold=1e-9)
    found = judged({"x": ["a", "b"] * 5000}, {"x": current}, monitor)["x"]
    assert (found.verdict, found.measures.unseen) == ("pass", 1 / n)
    assert all(map(math.isfinite, numbers(found)))


@pytest.mark.parametrize("metric", BINNED)
def test_every_metric_of_the_bins_can_decide(metric):
    monitor = DriftMonitor(metric=metric)
    found = judged({"x": normal(2000)}, {"x": normal(2000, 1.0, seed=1)}, monitor)["x"]
    assert found.value == found.measures.value(metric)
    assert (found.verdict, found.threshold) == ("fail", drift_metric(metric).threshold)
    still = judged({"x": normal(20_000)}, {"x": normal(20_000, seed=1)}, monitor)["x"]
    assert still.verdict == "pass"


@pytest.mark.parametrize("metric", ["ks", "wasserstein"])
def test_exact_metrics_decide_by_the_values(metric):
    past, now = normal(2000), normal(500, 1.0, seed=1)
    monitor = DriftMonitor(metric=metric)
    samples = {1: {"x": SortedValues(now)}}
    found = judged({"x": past}, {"x": now}, monitor, samples=samples)["x"]
    assert (found.verdict, found.metric) == ("fail", metric)
    assert found.p == stats.ks_2samp(past, now).pvalue
    assert found.value == found.measures.value(metric)


@pytest.mark.parametrize("metric", ["ks", "wasserstein"])
def test_exact_metrics_are_unknown_without_the_values(metric):
    monitor = DriftMonitor(metric=metric)
    for samples in (None, {}, {1: {}}, {7: {"x": SortedValues(normal(500))}}):
        columns = {"x": normal(2000), "plan": ["a", "b"] * 1000}
        current = {"x": normal(500, 1.0), "plan": ["a", "b"] * 250}
        found = judged(columns, current, monitor, samples=samples)
        assert (found["x"].verdict, found["x"].value, found["x"].q) == ("unknown", 0.0, 1.0)
        assert (
            "the values of this window or of the reference are not available" in found["x"].reason
        )
        # Categories have no order; JS stands in.
        assert (found["plan"].metric, found["plan"].verdict) == ("js", "pass")


def test_a_column_may_have_a_metric_of_its_own():
    columns = {name: normal(2000) for name in "abc"}
    monitor = DriftMonitor(
        threshold=0.5,
        columns={"b": {"metric": "psi"}, "c": {"metric": "psi", "threshold": 2}},
    )
    found = judged(columns, {name: normal(2000, 0.5, seed=1) for name in "abc"}, monitor)
    assert {name: (v.metric, v.threshold, v.verdict) for name, v in found.items()} == {
        "a": ("js", 0.5, "pass"),
        "b": ("psi", 0.06, "fail"),
        "c": ("psi", 2, "pass"),
    }
