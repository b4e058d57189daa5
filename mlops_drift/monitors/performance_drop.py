"""The check `performance_drop`: the metric of the serving version has fallen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from mlops_drift.monitors.base import ROWS, CheckEvaluation, Explanation, Row, row_of
from mlops_drift.monitors.context import LabelledRows, MonitorContext
from mlops_drift.monitors.performance import Limits, judge_windows
from mlops_drift.monitors.pictures import History, Point
from mlops_drift.monitors.realized import RealizedCheck, metric_windows, unjudged


class PerformanceDrop(RealizedCheck):
    """The metric against its minimum and the version's own test value."""

    name = "performance_drop"
    description = (
        "Fails when the serving version's metric is beyond its minimum, or worse than its own test "
        "value by more than the accepted drop and significantly so. Unknown until labels are due."
    )
    advice = (
        "The world no longer follows what the version learned: concept drift. Only new labelled "
        "rows help: retrain on those since the first failing production day, or on the recent "
        "window while these are too few. Look at feature_drift too: a broken feed shows there "
        "first."
    )

    def judge(
        self, context: MonitorContext, day: date, rows: LabelledRows
    ) -> list[CheckEvaluation]:
        """As `RealizedCheck.judge`; single days are measured even where they are not judged."""
        windows = self.settings.windows
        found = self._judge(context, day, rows, windows)
        if 1 not in windows:
            single = self._judge(context, day, rows, [1])
            found += [unjudged(item, "not_judged", "single days are not judged") for item in single]
        return found

    def _judge(
        self, context: MonitorContext, day: date, rows: LabelledRows, lengths: Sequence[int]
    ) -> list[CheckEvaluation]:
        test = context.baseline(rows.version).test
        limits = Limits.of(self.settings, context.spec.training.metric)
        windows = metric_windows(context, rows, lengths, test)
        return judge_windows(self.name, day, rows.version, windows, limits)

    def explain(
        self, context: MonitorContext, evaluations: Sequence[CheckEvaluation]
    ) -> Explanation:
        """Every window, the metric by production day, and predictions without a label."""
        found = explain_by_day(context, evaluations)
        coverage: list[Row] = [
            {
                "age in days": f"{item.age_from} to {item.age_until}",
                "predictions": item.predictions,
                "without label": item.unlabelled,
                "share": item.share,
            }
            for item in context.label_coverage()
        ]
        return replace(found, tables={**found.tables, "without label": coverage})


def explain_by_day(context: MonitorContext, evaluations: Sequence[CheckEvaluation]) -> Explanation:
    """The windows, and the metric by production day: realized, and estimated before."""
    worst, history = evaluations[0], context.history(evaluations[0].version)
    if not worst.version:
        return Explanation()
    test = context.baseline(worst.version).test.value
    rows, off = _estimated_and_realized(history)
    return Explanation(
        {
            "numbers": [row_of(item) for item in evaluations[:ROWS] if item.n],
            "estimated and realized": rows,
        },
        numbers={"test_value": test, "mean absolute difference": off},
        picture=History(context.spec.training.metric, worst.version, history, test, worst.threshold)
        if history
        else None,
    )


def _estimated_and_realized(history: Sequence[Point]) -> tuple[list[Row], float]:
    """How far the estimates were off on the days whose labels are in, and their mean difference."""
    both = [
        (point.day, point.estimated, point.realized)
        for point in history
        if point.realized is not None and point.estimated is not None
    ]
    rows: list[Row] = [
        {
            "production day": str(day),
            "estimated": estimated,
            "realized": realized,
            "difference": estimated - realized,
        }
        for day, estimated, realized in both[-ROWS:]
    ]
    differences = [abs(estimated - realized) for _, estimated, realized in both]
    return rows, sum(differences) / len(differences) if differences else float("nan")
