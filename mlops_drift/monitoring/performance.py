"""Realized performance: a window of labelled predictions of one version, judged."""

from dataclasses import dataclass
from datetime import date
from math import isnan, sqrt
from statistics import NormalDist

from mlops_drift.learning.config import MetricName
from mlops_drift.learning.metrics import METRICS, Array, evaluate, interval, worsening
from mlops_drift.monitoring.config import PerformanceMonitor
from mlops_drift.schema import Target, Verdict

CONFIDENCE = 0.95


@dataclass(frozen=True)
class TestResult:
    """What a version's metric was on its test part, with its 95 % interval.

    Production is measured against it.
    """

    __test__ = False

    value: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True)
class PerformanceVerdict:
    """The metric of one window of one version, and what it means.

    Attributes:
        production_day: last day of the window; the events, not the labels, are of that day.
        window: length in production days.
        value: the metric; nan where it is undefined.
        lower: lower end of its 95 % interval.
        upper: upper end.
        n: labelled predictions.
        test_value: the version's own value on its test part.
        threshold: the limit that was compared with.
        reason: one sentence for people.
    """

    production_day: date
    window: int
    version: int
    metric: MetricName
    value: float
    lower: float
    upper: float
    n: int
    test_value: float
    threshold: float
    verdict: Verdict
    reason: str


def judge_performance(
    metric: MetricName,
    target: Target,
    truth: Array,
    prediction: Array,
    score: Array,
    test: TestResult,
    monitor: PerformanceMonitor,
    *,
    production_day: date,
    window: int,
    version: int,
    seed: int,
) -> PerformanceVerdict:
    """Judges a window of labelled predictions against the floor and the version's test value.

    The drop is significant if the one-sided z test of the two values, with standard errors taken
    from their 95 % intervals, has p < `alpha`. Unknown under `min_rows` and where the metric is
    undefined.

    Args:
        metric: the metric, computed by the same function as in training.
        target: what was predicted.
        truth: labels, shape (n,).
        prediction: predicted classes or values, shape (n,).
        score: scores, shape (n,).
        test: the version's own test result.
        monitor: floor, drop and their limits.
        production_day: last production day of the window.
        window: its length in days.
        version: the version that made the predictions.
        seed: seed of a bootstrap interval.
    """
    n = len(truth)
    value = evaluate(metric, target, truth, prediction, score)
    lower, upper = interval(
        metric, target, truth, prediction, score, confidence=CONFIDENCE, seed=seed
    )
    span = "on" if window == 1 else f"over the {window} days to"
    subject = f"{metric} of version {version} {span} {production_day}"
    verdict: Verdict
    threshold, verdict, reason = _verdict(metric, value, lower, upper, n, test, monitor)
    return PerformanceVerdict(
        production_day,
        window,
        version,
        metric,
        value,
        lower,
        upper,
        n,
        test.value,
        threshold,
        verdict,
        f"{subject}: {reason}",
    )


def _verdict(
    metric: MetricName,
    value: float,
    lower: float,
    upper: float,
    n: int,
    test: TestResult,
    monitor: PerformanceMonitor,
) -> tuple[float, Verdict, str]:
    sign = 1 if METRICS[metric].greater_is_better else -1
    drop_limit = test.value - sign * monitor.drop if monitor.drop is not None else None
    floor = monitor.floor
    limits = [limit for limit in (drop_limit, floor) if limit is not None]
    # The limit nearest to the healthy side is the one that a reader compares with.
    threshold = (max(limits) if sign > 0 else min(limits)) if limits else float("nan")
    if n < monitor.min_rows:
        return threshold, "unknown", f"{n} labelled predictions, {monitor.min_rows} are needed"
    if isnan(value):
        return threshold, "unknown", f"undefined on these {n} labelled predictions"
    shown = f"{value:.3f} on {n} labelled predictions"
    if floor is not None and worsening(metric, floor, value) > 0:
        return floor, "fail", f"{shown}, beyond the floor of {floor:.3f}"
    if drop_limit is not None and worsening(metric, drop_limit, value) > 0:
        drop = worsening(metric, test.value, value)
        compared = f"{shown}, {drop:.3f} worse than its test value of {test.value:.3f}"
        if _p_value(drop, lower, upper, test) < monitor.alpha:
            return drop_limit, "fail", f"{compared} (accepted: {monitor.drop:.3f})"
        return threshold, "pass", f"{compared}, which may be chance"
    return threshold, "pass", f"{shown}, test value {test.value:.3f}"


def _p_value(drop: float, lower: float, upper: float, test: TestResult) -> float:
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    error = sqrt((upper - lower) ** 2 + (test.upper - test.lower) ** 2) / (2 * z)
    if isnan(error):
        return 1.0
    return 1 - NormalDist().cdf(drop / error) if error > 0 else 0.0
