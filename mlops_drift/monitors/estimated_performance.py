"""The check `estimated_performance`: what the scores lead to expect, before any label."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from math import isnan, nan
from typing import TYPE_CHECKING

from mlops_drift.monitors.base import NOT_SIGNIFICANT, CheckEvaluation, Explanation, Monitor
from mlops_drift.monitors.baseline import Baseline
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.context import MonitorContext, MonitoredModel
from mlops_drift.monitors.measured import Measured, shown
from mlops_drift.monitors.performance import Finding, Limits, MeasuredWindow, evaluation_of
from mlops_drift.monitors.performance_drop import explain_by_day
from mlops_drift.monitors.windows import trailing_rows

if TYPE_CHECKING:
    import pandas as pd

    from mlops_drift.monitors.estimation import ScoreEstimator
    from mlops_drift.monitors.loss_estimation import LossEstimator


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
        "The scores say that the version does worse on these events, before their labels can. "
        "Look at feature_drift for the columns that moved, and ask for labels of these days first. "
        "Compare how far the estimate was off before."
    )
    assets = ("performance_metrics",)
    section = "performance"
    warns = True
    confirm = True
    spans_events = True

    def __init__(self, settings: PerformanceMonitor) -> None:
        super().__init__(settings)
        self._estimators: dict[int, _Estimator] = {}

    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """As `Monitor.evaluate`."""
        champion = context.champion(day)
        if champion is None:
            return []
        spec, version = context.spec, champion.version
        baseline = context.baseline(version)
        if version not in self._estimators:
            self._estimators[version] = _Estimator(spec, baseline)
        metric, limits = spec.training.metric, Limits.of(self.settings, spec.training.metric)
        predicted = context.predicted(day)
        evaluations = []
        lengths = self.settings.windows
        for length, part in trailing_rows(lengths, day.toordinal(), predicted.days).items():
            rows = predicted.rows.iloc[part]
            found = Measured(nan, nan, nan, len(rows))
            unestimable = self._estimators[version].obstacle
            if len(rows) >= limits.min_rows and not unestimable:
                found = self._estimators[version].estimate(rows)
            window = MeasuredWindow(day, length, metric, found, baseline.test)
            finding = judge_estimate(found, baseline.test, limits, unestimable)
            evaluations.append(evaluation_of(self.name, day, version, window, finding))
        return evaluations

    def explain(
        self, context: MonitorContext, evaluations: Sequence[CheckEvaluation]
    ) -> Explanation:
        """Every window, and the metric by production day; drawn when it warns."""
        found = explain_by_day(context, evaluations)
        if evaluations[0].verdict == "fail":
            return found
        # Drawing costs as much as measuring.
        return Explanation(found.tables, numbers=found.numbers)


class _Estimator:
    """What estimates the performance of one version, made when it is first asked for."""

    def __init__(self, spec: MonitoredModel, baseline: Baseline) -> None:
        self._spec, self._baseline = spec, baseline

    @cached_property
    def obstacle(self) -> str:
        """Why nothing can be estimated; empty if it can."""
        from mlops_drift.monitors.estimation import can_estimate

        metric, target = self._spec.training.metric, self._spec.target
        if can_estimate(metric, target):
            return ""
        return f"{metric} of a {target.kind} target cannot be estimated without labels"

    def estimate(self, rows: "pd.DataFrame") -> Measured:
        """The value to expect of some predictions."""
        prediction = rows["prediction"].to_numpy()
        if self._spec.target.is_classification:
            return self._of_scores.estimate(prediction, rows["score"].to_numpy())
        return self._of_losses.estimate(rows[list(self._spec.columns)], prediction)

    @cached_property
    def _of_scores(self) -> "ScoreEstimator":
        from mlops_drift.monitors.estimation import ScoreEstimator

        spec, test = self._spec, self._baseline.rows
        truth, prediction, score = (
            test[name].to_numpy() for name in (spec.target.column, "prediction", "score")
        )
        training = spec.training
        return ScoreEstimator(training.metric, spec.target, truth, prediction, score, training.seed)

    @cached_property
    def _of_losses(self) -> "LossEstimator":
        from mlops_drift.monitors.loss_estimation import LossEstimator

        spec, test = self._spec, self._baseline.rows
        truth, prediction = (test[name].to_numpy() for name in (spec.target.column, "prediction"))
        metric, seed = spec.training.metric, spec.training.seed
        features = test[list(spec.columns)]
        return LossEstimator(metric, features, spec.columns, truth, prediction, seed)


def judge_estimate(found: Measured, test: Measured, limits: Limits, obstacle: str = "") -> Finding:
    """Judges an estimate: it fails where its whole interval is beyond the minimum or the drop.

    Args:
        found: the estimate, with the interval in which the realized value is expected.
        test: the version's own test result.
        limits: minimum and drop.
        obstacle: why there is no estimate; empty if there may be one.
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
    expected = (
        f"expected {shown(found.value)} ({shown(found.lower)} to {shown(found.upper)}) on "
        f"{found.n} predictions"
    )
    if isnan(threshold):
        return Finding("unknown", "no_limit", threshold, f"{expected}; no limit is set")
    if limits.worsening(threshold, best) > 0:
        text = f"{expected}, wholly beyond the limit of {shown(threshold)}"
        return Finding("fail", "beyond_limit", threshold, text)
    is_beyond = limits.worsening(threshold, found.value) > 0
    code = NOT_SIGNIFICANT if is_beyond else "within_limit"
    return Finding("pass", code, threshold, f"{expected}, limit {shown(threshold)}")
