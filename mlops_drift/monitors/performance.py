"""Realized performance: windows of labelled predictions of one version, judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite, isnan, nan, sqrt
from statistics import NormalDist

import numpy as np

from mlops_drift.drift.significance import benjamini_hochberg
from mlops_drift.learning.business_value import business_value
from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.metrics.allowance import Allowance
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate_within
from mlops_drift.learning.metrics.registry import MetricName, metric_named
from mlops_drift.monitors.checks import (
    BUSINESS_VALUE,
    ESTIMATED_PERFORMANCE,
    MODEL_AGE,
    PERFORMANCE_DROP,
    CheckName,
)
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.schema.columns import Target
from mlops_drift.schema.verdicts import Verdict

CONFIDENCE = 0.95

# A slice of the test split with fewer rows says too little to be compared with.
MIN_TEST_ROWS = 30


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval and the rows behind it; nan where it is undefined."""

    value: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True)
class Labelled:
    """Labelled predictions of one version in one window.

    Attributes:
        production_day: last day of the window; the events, not the labels, are of that day.
        window: length in production days.
        truth: labels, shape (n,).
        prediction: predicted classes or values, shape (n,).
        score: scores, shape (n,).
        slice: the part of the rows that this is, such as `country=de`; empty for all.
    """

    production_day: date
    window: int
    truth: Array
    prediction: Array
    score: Array
    slice: str = ""


@dataclass(frozen=True, kw_only=True)
class PerformanceVerdict:
    """One number about a version, held against its limits.

    Attributes:
        check: the check that it belongs to.
        production_day: last day of the window; the events, not the labels, are of that day.
        window: length in production days.
        slice: the part of the rows; empty for all.
        metric: name of the number.
        value: the number; nan where it is undefined.
        lower: lower end of its 95 % interval; nan, as for the rest, where there is none.
        upper: upper end.
        n: rows behind it.
        test_value: the version's own value on its test split.
        threshold: the limit that was compared with.
        p: chance of such a number without a real change; nan where none was computed.
        q: `p` after Benjamini-Hochberg over all that was judged together.
        reason: one sentence for people.
    """

    check: CheckName
    production_day: date
    window: int
    version: int
    slice: str = ""
    metric: str
    value: float = nan
    lower: float = nan
    upper: float = nan
    n: int
    test_value: float = nan
    threshold: float = nan
    p: float = nan
    q: float = nan
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Limits:
    """What a number is held against: an absolute floor, and a drop from the test value."""

    greater_is_better: bool
    floor: float | None
    drop: Allowance | None
    alpha: float
    min_rows: int

    @property
    def sign(self) -> int:
        """1 where greater is better, else -1."""
        return 1 if self.greater_is_better else -1

    def worsening(self, before: float, after: float) -> float:
        """How much worse `after` is than `before`."""
        return self.sign * (before - after)

    def drop_limit(self, test: Measured) -> float | None:
        """The worst value that is no drop from the test value; None where there is no such."""
        return None if self.drop is None else test.value - self.sign * self.drop.of(test.value)


def measure_metric(
    metric: MetricName, target: Target, truth: Array, prediction: Array, score: Array, seed: int
) -> Measured:
    """The metric with its interval, by the same functions as in training."""
    value, lower, upper = evaluate_within(
        metric, target, truth, prediction, score, confidence=CONFIDENCE, seed=seed
    )
    return Measured(value, lower, upper, len(truth))


def measure_business_value(
    business: BusinessValue, target: Target, truth: Array, prediction: Array
) -> Measured:
    """The mean worth of a prediction, with the normal interval of a mean."""
    values = business_value(business, target, truth, prediction)
    n = len(values)
    if n < 2:
        return Measured(float(values.mean()) if n else nan, nan, nan, n)
    mean = float(values.mean())
    margin = _Z * float(values.std(ddof=1)) / sqrt(n)
    return Measured(mean, mean - margin, mean + margin, n)


def judge_performance(
    check: CheckName,
    metric: MetricName,
    target: Target,
    rows: Sequence[Labelled],
    tests: Sequence[Measured | None],
    monitor: PerformanceMonitor,
    *,
    version: int,
    seed: int,
) -> list[PerformanceVerdict]:
    """Judges windows of labelled predictions against the floor and the version's test value.

    A drop is significant if the one-sided z test of the two values, with the larger of the spreads
    that their 95 % intervals tell, has an adjusted p-value under `alpha`: all that is judged in one
    call is one Benjamini-Hochberg family, so that without a real drop at most that share of calls
    finds one, however many windows and slices there are. Unknown under `min_rows`, and where the
    metric is undefined on either side.

    Args:
        check: `performance_drop`, or `slice_performance` for slices.
        metric: the metric, computed by the same function as in training.
        target: what was predicted.
        rows: the windows, all of one version.
        tests: the version's own test result for each; None where it has none.
        monitor: floor, drop and their limits.
        version: the version that made the predictions.
        seed: seed of bootstrap intervals.
    """
    floor = monitor.floor if check == PERFORMANCE_DROP else None
    limits = Limits(
        metric_named(metric).greater_is_better,
        floor,
        monitor.allowance(metric),
        monitor.alpha,
        monitor.min_rows,
    )
    measured = [
        measure_metric(metric, target, one.truth, one.prediction, one.score, seed) for one in rows
    ]
    return _judge(check, metric, rows, measured, tests, limits, version)


def judge_business_value(
    business: BusinessValue,
    target: Target,
    rows: Sequence[Labelled],
    test: Measured,
    monitor: PerformanceMonitor,
    *,
    version: int,
) -> list[PerformanceVerdict]:
    """Judges the mean worth of the predictions of each window, as `judge_performance` does."""
    drop = Allowance(business.drop, "own") if business.drop is not None else None
    limits = Limits(True, business.floor, drop, monitor.alpha, monitor.min_rows)
    measured = [measure_business_value(business, target, one.truth, one.prediction) for one in rows]
    name = f"worth in {business.unit}" if business.unit else "worth"
    return _judge(BUSINESS_VALUE, name, rows, measured, [test] * len(rows), limits, version)


def _judge(
    check: CheckName,
    metric: str,
    rows: Sequence[Labelled],
    measured: Sequence[Measured],
    tests: Sequence[Measured | None],
    limits: Limits,
    version: int,
) -> list[PerformanceVerdict]:
    p_values = [
        _p_value(limits, found, test) if found.n >= limits.min_rows else nan
        for found, test in zip(measured, tests, strict=True)
    ]
    q_values = adjusted(p_values)
    verdicts = []
    for one, found, test, p, q in zip(rows, measured, tests, p_values, q_values, strict=True):
        threshold, verdict, reason = _verdict(limits, found, test, q)
        span = "on" if one.window == 1 else f"over the {one.window} days to"
        where = f" for {one.slice}" if one.slice else ""
        subject = f"{metric} of version {version}{where} {span} {one.production_day}"
        verdicts.append(
            PerformanceVerdict(
                check=check,
                production_day=one.production_day,
                window=one.window,
                version=version,
                slice=one.slice,
                metric=metric,
                value=found.value,
                lower=found.lower,
                upper=found.upper,
                n=found.n,
                test_value=test.value if test else nan,
                threshold=threshold,
                p=p,
                q=q,
                verdict=verdict,
                reason=f"{subject}: {reason}",
            )
        )
    return verdicts


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Benjamini-Hochberg over the p-values that there are; nan stays nan.

    >>> adjusted([0.01, float("nan"), 0.02])
    [0.02, nan, 0.02]
    """
    known = [p for p in p_values if not isnan(p)]
    found = iter(benjamini_hochberg(known).tolist() if known else [])
    return [nan if isnan(p) else next(found) for p in p_values]


def _verdict(
    limits: Limits, found: Measured, test: Measured | None, q: float
) -> tuple[float, Verdict, str]:
    floor = limits.floor
    drop_limit = limits.drop_limit(test) if test else None
    known = [limit for limit in (drop_limit, floor) if limit is not None and isfinite(limit)]
    # The limit nearest to the healthy side is the one that a reader compares with.
    threshold = max(known, key=lambda limit: limits.sign * limit) if known else nan
    if found.n < limits.min_rows:
        needed = f"{found.n} labelled predictions, {limits.min_rows} are needed"
        return threshold, "unknown", needed
    if isnan(found.value):
        return threshold, "unknown", f"undefined on these {found.n} labelled predictions"
    shown = f"{_shown(found.value)} on {found.n} labelled predictions"
    if test is None and limits.drop:
        return (
            threshold,
            "unknown",
            f"{shown}; its test split has fewer than {MIN_TEST_ROWS} such rows",
        )
    if floor is not None and limits.worsening(floor, found.value) > 0:
        return floor, "fail", f"{shown}, beyond the floor of {_shown(floor)}"
    if drop_limit is None or test is None or limits.drop is None:
        known_limits = "within the floor" if floor is not None else "nothing to hold it against"
        return threshold, "pass" if floor is not None else "unknown", f"{shown}, {known_limits}"
    if isnan(drop_limit) or isnan(q):
        if floor is not None:
            return threshold, "pass", f"{shown}, within the floor; no test value to compare with"
        return threshold, "unknown", f"{shown}; no test value to compare with"
    if limits.worsening(drop_limit, found.value) > 0:
        drop = limits.worsening(test.value, found.value)
        side = "below" if limits.greater_is_better else "above"
        apart = f"{limits.drop.text(drop, test.value)} {side} the {_shown(test.value)}"
        compared = f"{shown}, {apart} of its test split"
        if q < limits.alpha:
            return drop_limit, "fail", f"{compared}, limit {limits.drop}"
        return threshold, "pass", f"{compared}, which may be chance (q {q:.2g})"
    return threshold, "pass", f"{shown}, test value {_shown(test.value)}"


def _shown(value: float) -> str:
    """Three decimals, or three digits of what would hardly be seen in them.

    >>> _shown(0.9), _shown(0.00123456), _shown(0.0)
    ('0.900', '0.00123', '0.000')
    """
    return f"{value:.3g}" if 0 < abs(value) < 0.01 else f"{value:.3f}"


def _p_value(limits: Limits, found: Measured, test: Measured | None) -> float:
    """One-sided p-value of no drop; nan where it cannot be computed."""
    if test is None or limits.drop is None:
        return nan
    drop = limits.worsening(test.value, found.value)
    spreads = [_spread(found), _spread(test)]
    if any(map(isnan, [drop, *spreads])):
        return nan
    # Without a drop both have the same spread. A lucky test split shows too small a one.
    error = max(spreads) * sqrt(1 / found.n + 1 / test.n)
    if error == 0:
        return 0.0 if drop > 0 else 1.0
    return 1 - NormalDist().cdf(drop / error)


def _spread(measured: Measured) -> float:
    """Standard deviation of a single row, as the interval tells it."""
    return (measured.upper - measured.lower) / (2 * _Z) * sqrt(measured.n)


_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def unjudged(verdict: PerformanceVerdict, why: str) -> PerformanceVerdict:
    """A number that is kept for the record, with nothing to decide about it."""
    return replace(verdict, verdict="unknown", reason=f"{verdict.reason}; {why}")


def judge_age(
    version: int, retrained: date, day: date, max_days: int | None
) -> PerformanceVerdict | None:
    """Whether the last retraining is longer ago than it may be; None where age is not watched.

    The value is the days from that retraining to the end of `day`.

    Args:
        version: the version that serves.
        retrained: the as-of day of its promotion, or of the last challenger that was refused in
            its place: a version that has been shown to be as good as a new one is not old.
        day: the day.
        max_days: days from which it fails.

    >>> judge_age(3, date(2024, 1, 1), date(2024, 1, 31), 30).verdict
    'fail'
    """
    if max_days is None:
        return None
    age = (day - retrained).days
    return PerformanceVerdict(
        check=MODEL_AGE,
        production_day=day,
        window=age,
        version=version,
        metric="days",
        value=float(age),
        n=age,
        threshold=float(max_days),
        verdict="fail" if age >= max_days else "pass",
        reason=f"version {version} is {age} days old, retrained last as of {retrained} "
        f"(accepted: under {max_days})",
    )


def slices_of(values: Array) -> list[str]:
    """The values of a slice column that occur, as text in their order; nulls are one of them.

    >>> slices_of(np.array(["b", None, "a", "b"], dtype=object))
    ['a', 'b', 'null']
    """
    texts = slice_texts(values)
    return sorted(set(texts.tolist()))


def slice_texts(values: Array) -> Array:
    """Each value as the text that names its slice."""
    return np.array(["null" if value is None or value != value else str(value) for value in values])


def judge_estimate(
    metric: MetricName,
    found: Measured,
    test: Measured,
    limits: Limits,
    *,
    production_day: date,
    window: int,
    version: int,
    unestimable: str = "",
) -> PerformanceVerdict:
    """Judges an estimate: it fails where its whole interval is beyond the floor or the drop.

    Args:
        metric: the metric that is estimated.
        found: the estimate, with the interval in which the realized value is expected.
        test: the version's own test result.
        limits: floor and drop.
        production_day: last day of the window.
        window: its length in days.
        version: the version that made the predictions.
        unestimable: why there is no estimate; empty if there may be one.
    """
    drop_limit = limits.drop_limit(test)
    known = [limit for limit in (drop_limit, limits.floor) if limit is not None and isfinite(limit)]
    threshold = max(known, key=lambda limit: limits.sign * limit) if known else nan
    best = found.upper if limits.greater_is_better else found.lower
    expected = (
        f"expected {_shown(found.value)} ({_shown(found.lower)} to {_shown(found.upper)}) on "
        f"{found.n} predictions"
    )
    verdict: Verdict = "unknown"
    if unestimable:
        reason = unestimable
    elif found.n < limits.min_rows:
        reason = f"{found.n} predictions, {limits.min_rows} are needed"
    elif isnan(found.value) or isnan(best):
        reason = f"cannot be estimated on these {found.n} predictions"
    elif isnan(threshold):
        reason = f"{expected}; nothing to hold it against"
    elif limits.worsening(threshold, best) > 0:
        verdict, reason = "fail", f"{expected}, wholly beyond the limit of {_shown(threshold)}"
    else:
        verdict, reason = "pass", f"{expected}, limit {_shown(threshold)}"
    span = "on" if window == 1 else f"over the {window} days to"
    return PerformanceVerdict(
        check=ESTIMATED_PERFORMANCE,
        production_day=production_day,
        window=window,
        version=version,
        metric=metric,
        value=found.value,
        lower=found.lower,
        upper=found.upper,
        n=found.n,
        test_value=test.value,
        threshold=threshold,
        verdict=verdict,
        reason=f"{metric} of version {version} {span} {production_day}: {reason}",
    )
