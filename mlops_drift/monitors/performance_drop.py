"""The check `performance_drop`: the metric of the serving version has fallen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import nan

from mlops_drift.monitors.base import ROWS, Evaluations, Explanation, Row, row_of
from mlops_drift.monitors.context import LabelledRows, MonitorContext
from mlops_drift.monitors.performance import Limits, judge_windows
from mlops_drift.monitors.pictures import History, Point
from mlops_drift.monitors.realized import RealizedCheck, measured_windows, unjudged


class PerformanceDrop(RealizedCheck):
    """The metric against its minimum and the version's own test value."""

    name = "performance_drop"
    description = (
        "Fails when the serving version's metric is beyond its minimum, or worse than its test "
        "value by more than the accepted drop and significantly so. Unknown until labels are due."
    )
    advice = (
        "The world no longer follows what the version learned: concept drift. Look at "
        "feature_drift for a broken feed; else retrain on labelled rows since the first failing "
        "production day, or on the recent window while these are too few."
    )

    def judge(self, context: MonitorContext, day: date, rows: LabelledRows) -> Evaluations:
        """Judges the windows; single days are measured even where they are not judged."""
        baseline, metric = context.baseline(rows.version), context.spec.training.metric
        limits = Limits.of(self.settings, metric, context.compared_with)
        windows = self.settings.windows
        found: Evaluations = []
        for lengths in [windows] if 1 in windows else [windows, [1]]:
            measured = measured_windows(rows, lengths, metric, baseline.measure, baseline.test)
            judged = judge_windows(self.name, day, rows.version, measured, limits)
            if lengths is not windows:
                why = "single days are not judged"
                judged = [unjudged(item, "not_judged", why) for item in judged]
            found += judged
        return found

    def explain(self, context: MonitorContext, evaluations: Evaluations) -> Explanation:
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


def explain_by_day(context: MonitorContext, evaluations: Evaluations) -> Explanation:
    """The windows, and the metric by production day: realized, and estimated before."""
    worst, history = evaluations[0], context.history()
    if not worst.version:
        return Explanation()
    test = context.baseline(worst.version).test.value
    rows, off = _estimated_and_realized([it for it in history if it.version == worst.version])
    metric = context.spec.training.metric
    tables: dict[str, Sequence[Row]] = {
        "all windows": [row_of(item) for item in evaluations[:ROWS] if item.n],
        "estimated and realized": rows,
    }
    numbers = {"test value": test, "estimates are off by": off}
    picture = History(
        *(metric, history, context.periods(), test, worst.threshold),
        compared_with=context.compared_with,
    )
    return Explanation(tables, numbers, picture if history else None)


def _estimated_and_realized(history: Sequence[Point]) -> tuple[list[Row], float]:
    """How far the estimates were off on the days whose labels are in, and their mean difference."""
    rows: list[Row] = []
    differences = []
    for point in history:
        if point.realized is not None and point.estimated is not None:
            differences.append(point.estimated - point.realized)
            rows.append(
                {
                    "production day": str(point.day),
                    "estimated": point.estimated,
                    "realized": point.realized,
                    "difference": differences[-1],
                }
            )
    return rows[-ROWS:], sum(map(abs, differences)) / len(rows) if rows else nan
