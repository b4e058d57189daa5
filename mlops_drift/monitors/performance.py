"""Performance against its limits: a minimum, and a drop from the version's own test value."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite, isnan, nan, sqrt
from statistics import NormalDist

from mlops_drift.drift.significance import benjamini_hochberg
from mlops_drift.learning.metrics.allowance import Allowance
from mlops_drift.learning.metrics.registry import MetricName, metric_named
from mlops_drift.monitors.base import NOT_SIGNIFICANT, CheckEvaluation
from mlops_drift.monitors.baseline import MIN_TEST_ROWS
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.context import TEST_SPLIT
from mlops_drift.monitors.measured import Measured, shown
from mlops_drift.monitors.windows import spanned
from mlops_drift.schema.numbers import chance_of
from mlops_drift.schema.verdicts import Verdict


@dataclass(frozen=True)
class Limits:
    """What a number is compared with: a minimum (floor), and a drop from the test value.

    ``compared_with`` names the rows of that value in sentences: the test split, or a reference.
    """

    greater_is_better: bool
    floor: float | None
    drop: Allowance | None
    alpha: float
    min_rows: int
    compared_with: str = TEST_SPLIT

    @classmethod
    def of(
        cls, monitor: PerformanceMonitor, metric: MetricName, compared_with: str = TEST_SPLIT
    ) -> "Limits":
        """The limits of a metric as the YAML sets them."""
        is_greater_better, drop = metric_named(metric).greater_is_better, monitor.allowance(metric)
        return cls(
            is_greater_better, monitor.floor, drop, monitor.alpha, monitor.min_rows, compared_with
        )

    @property
    def compared_value(self) -> str:
        """The value that it is compared with, in a word or two."""
        return f"{self.compared_with.removesuffix(' split')} value"

    def worsening(self, before: float, after: float) -> float:
        """How much worse `after` is than `before`."""
        return before - after if self.greater_is_better else after - before

    def drop_limit(self, test: Measured | None) -> float:
        """The worst value that is no drop from the test value; nan where there is no such."""
        if self.drop is None or test is None:
            return nan
        accepted = self.drop.of(test.value)
        return test.value - accepted if self.greater_is_better else test.value + accepted

    def threshold(self, test: Measured | None) -> float:
        """The limit nearest to the healthy side, which a reader compares with; nan without one."""
        known = [limit for limit in (self.drop_limit(test), self.floor) if limit is not None]
        healthiest = max if self.greater_is_better else min
        return healthiest(filter(isfinite, known), default=nan)


@dataclass(frozen=True)
class MeasuredWindow:
    """A metric of one version in one window: its length and the last day of its events.

    The slice is the part of the rows, such as `country=de`; empty for all.
    """

    production_day: date
    window: int
    metric: str
    found: Measured
    test: Measured | None
    slice: str = ""


@dataclass(frozen=True)
class Finding:
    """A verdict with the limit that it rests on; `text` ends the sentence about the number."""

    verdict: Verdict
    code: str
    threshold: float
    text: str


def judge_windows(
    check: str, day: date, version: int, windows: Sequence[MeasuredWindow], limits: Limits
) -> list[CheckEvaluation]:
    """Judges measured windows of one version against the minimum and its test value.

    A drop is significant if the one-sided z test of the two values, with the larger of the spreads
    that their 95 % intervals imply, has an adjusted p-value under `alpha`: all that is judged in
    one call is one Benjamini-Hochberg family, so that without a real drop at most that share of
    calls finds one, however many windows and slices there are. Unknown under `min_rows`, and where
    the metric is undefined on either side.
    """
    p_values = [
        p_of_drop(limits, item.found, item.test) if item.found.n >= limits.min_rows else nan
        for item in windows
    ]
    evaluations = []
    for item, p, q in zip(windows, p_values, adjusted(p_values), strict=True):
        finding = _judge(limits, item.found, item.test, q)
        evaluations.append(replace(evaluation_of(check, day, version, item, finding), p=p, q=q))
    return evaluations


def evaluation_of(
    check: str, day: date, version: int, item: MeasuredWindow, finding: Finding
) -> CheckEvaluation:
    """A measured window with what was found, as an evaluation."""
    metric, found = item.metric, item.found
    part = f" for {item.slice}" if item.slice else ""
    span = spanned(item.window, item.production_day)
    return CheckEvaluation(
        day=day,
        check=check,
        production_day=item.production_day,
        version=version,
        subject=f"{metric} of {item.slice}" if item.slice else metric,
        window=item.window,
        verdict=finding.verdict,
        code=finding.code,
        reason=f"{metric} of version {version}{part} {span}: {finding.text}",
        threshold=finding.threshold,
        **vars(found),
    )


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Benjamini-Hochberg over the p-values that there are; nan stays nan.

    >>> adjusted([0.01, float("nan"), 0.02])
    [0.02, nan, 0.02]
    """
    known = [p for p in p_values if not isnan(p)]
    found = iter(benjamini_hochberg(known).tolist() if known else [])
    return [nan if isnan(p) else next(found) for p in p_values]


def p_of_drop(limits: Limits, found: Measured, test: Measured | None) -> float:
    """One-sided p-value of no drop; nan where it cannot be computed."""
    if test is None or limits.drop is None:
        return nan
    drop = limits.worsening(test.value, found.value)
    spreads = [found.spread, test.spread]
    if any(map(isnan, [drop, *spreads])):
        return nan
    # Without a drop both have the same spread. A lucky test split shows too small a one.
    error = max(spreads) * sqrt(1 / found.n + 1 / test.n)
    if error == 0:
        return 0.0 if drop > 0 else 1.0
    return 1 - NormalDist().cdf(drop / error)


def _judge(limits: Limits, found: Measured, test: Measured | None, q: float) -> Finding:
    floor, threshold = limits.floor, limits.threshold(test)
    if found.n < limits.min_rows:
        text = f"{found.n} labelled predictions, {limits.min_rows} are needed"
        return Finding("unknown", "too_few_rows", threshold, text)
    if isnan(found.value):
        text = f"undefined on these {found.n} labelled predictions"
        return Finding("unknown", "undefined", threshold, text)
    value = f"{shown(found.value)} on {found.n} labelled predictions"
    if test is None and limits.drop:
        text = f"{value}; its {limits.compared_with} has fewer than {MIN_TEST_ROWS} such rows"
        return Finding("unknown", "no_baseline", threshold, text)
    if floor is not None and limits.worsening(floor, found.value) > 0:
        limit = "below the minimum" if limits.greater_is_better else "above the maximum"
        return Finding("fail", "beyond_limit", floor, f"{value}, {limit} of {shown(floor)}")
    drop_limit = limits.drop_limit(test)
    if limits.drop is None or test is None or isnan(drop_limit) or isnan(q):
        if floor is not None:
            return Finding("pass", "within_limit", threshold, f"{value}, limit {shown(floor)}")
        why = (
            f"no {limits.compared_value} to compare with"
            if limits.drop and test
            else "no limit is set"
        )
        return Finding("unknown", "no_limit", threshold, f"{value}; {why}")
    if limits.worsening(drop_limit, found.value) <= 0:
        text = f"{value}, {limits.compared_value} {shown(test.value)}"
        return Finding("pass", "within_limit", threshold, text)
    side = "below" if limits.greater_is_better else "above"
    drop = limits.drop.text(limits.worsening(test.value, found.value), test.value)
    compared = f"{drop} {side} the {shown(test.value)} of its {limits.compared_with}"
    text = f"{value}, {compared}, limit {limits.drop}"
    if q < limits.alpha:
        return Finding("fail", "beyond_limit", drop_limit, text)
    text = f"{text}; not significant ({chance_of('q', q)})"
    return Finding("pass", NOT_SIGNIFICANT, threshold, text)
