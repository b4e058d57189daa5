"""The check `estimated_performance`: what the scores lead to expect, before any label."""

from dataclasses import replace
from datetime import date
from math import isnan, nan

from mlops_drift.monitors.base import NOT_SIGNIFICANT, Evaluations, Explanation, Monitor
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.context import MonitorContext
from mlops_drift.monitors.estimation import can_estimate
from mlops_drift.monitors.measured import Measured, shown
from mlops_drift.monitors.performance import Finding, Limits, MeasuredWindow, evaluation_of
from mlops_drift.monitors.performance_drop import explain_by_day
from mlops_drift.monitors.windows import trailing_rows


class EstimatedPerformance(Monitor[PerformanceMonitor]):
    """The metric that the champion's own scores lead to expect, by window.

    It warns where the whole interval in which the realized value is expected is beyond the limit.
    """

    name = "estimated_performance"
    description = (
        "Warns when the metric that the scores lead to expect, before any label, is wholly beyond "
        "the limit. Blind to a change of the relation between features and label."
    )
    advice = (
        "By its scores the version does worse on these events, before labels can show it. Look "
        "at feature_drift, ask for labels of these days first, and see how far off estimates were."
    )
    assets = ("performance_metrics",)
    section = "performance"
    warns = True
    confirm = True
    spans_events = True

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        champion = context.champion(day)
        if champion is None:
            return []
        spec, version = context.spec, champion.version
        metric, target = spec.training.metric, spec.target
        limits = Limits.of(self.settings, metric, context.compared_with)
        baseline = context.baseline(version)
        obstacle = ""
        if not can_estimate(metric, target):
            obstacle = f"{metric} of a {target.kind} target cannot be estimated without labels"
        elif baseline.test.n == 0:
            obstacle = "no row of the reference has a label, so that scores cannot be calibrated"
        predicted = context.predicted(day)
        end = date.fromordinal(predicted.end)
        windows = trailing_rows(
            self.settings.windows, predicted.end, predicted.days, predicted.lots, predicted.stride
        )
        evaluations = []
        for length, part in windows.items():
            rows = predicted.rows.iloc[part]
            found = Measured(nan, nan, nan, len(rows))
            if len(rows) >= limits.min_rows and not obstacle:
                found = baseline.estimate(rows)
            window = MeasuredWindow(end, length, metric, found, baseline.test)
            finding = judge_estimate(found, baseline.test, limits, obstacle)
            evaluations.append(evaluation_of(self.name, day, version, window, finding))
        return evaluations

    def explain(self, context: MonitorContext, evaluations: Evaluations) -> Explanation:
        """Every window, and the metric by production day; drawn when it warns."""
        found = explain_by_day(context, evaluations)
        # Drawing costs as much as measuring.
        return found if evaluations[0].verdict == "fail" else replace(found, picture=None)


def judge_estimate(found: Measured, test: Measured, limits: Limits, obstacle: str = "") -> Finding:
    """Judges an estimate: it fails where its whole interval is beyond the minimum or the drop.

    Without one, `obstacle` says why.
    """
    threshold = limits.threshold(test)
    best = found.upper if limits.greater_is_better else found.lower
    if obstacle:
        return Finding("unknown", "not_estimable", threshold, obstacle)
    if found.n < limits.min_rows:
        text = f"{found.n} predictions, {limits.min_rows} are needed"
        return Finding("unknown", "too_few_rows", threshold, text)
    if isnan(found.value) or isnan(best):
        text = f"cannot be estimated on these {found.n} predictions"
        return Finding("unknown", "undefined", threshold, text)
    interval = f"{shown(found.lower)} to {shown(found.upper)}"
    expected = f"expected {shown(found.value)} ({interval}) on {found.n} predictions"
    if isnan(threshold):
        return Finding("unknown", "no_limit", threshold, f"{expected}; no limit is set")
    if limits.worsening(threshold, best) > 0:
        text = f"{expected}, wholly beyond the limit of {shown(threshold)}"
        return Finding("fail", "beyond_limit", threshold, text)
    is_beyond = limits.worsening(threshold, found.value) > 0
    code = NOT_SIGNIFICANT if is_beyond else "within_limit"
    return Finding("pass", code, threshold, f"{expected}, limit {shown(threshold)}")
