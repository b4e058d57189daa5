"""The check `label_drift`: outcomes became more or less frequent."""

from dataclasses import replace
from datetime import date

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.verdict import judge
from mlops_drift.monitors.base import Evaluations, Monitor
from mlops_drift.monitors.context import MonitorContext
from mlops_drift.monitors.drift import evaluation_of_column
from mlops_drift.monitors.windows import spanned


class LabelDrift(Monitor[DriftMonitor]):
    """The labels of what the champion served against the labels that it was trained on.

    Over the windows that end on the last production day that got labels.
    """

    name = "label_drift"
    description = (
        "Fails when the labels of what the version served are far from those it was trained on, "
        "and significantly so."
    )
    advice = (
        "Outcomes are more or less frequent than in the training set. If performance holds, look "
        "at the decision threshold; if it falls too, retrain on recent labelled rows. See first "
        "whether the way labels are made has changed."
    )
    assets = ("performance_metrics",)
    section = "drift"
    confirm = True
    spans_events = True

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        champion = context.champion(day)
        labels = context.label_windows(day) if champion else None
        if champion is None or labels is None:
            return []
        if not labels.reference.count:
            name, why = context.spec.target.column, "no row of the reference has a label"
            return [self.evaluation(context, day, name, "unknown", why, "no_baseline")]
        min_rows, end = self.settings.min_rows, labels.end
        return [
            replace(
                evaluation_of_column(self.name, day, champion.version, item, min_rows),
                production_day=end,
                subject=f"{drift_metric(item.metric).title} of {item.column}",
                reason=f"labels {spanned(item.window, end)}: {item.reason}",
            )
            for item in judge(labels.reference, labels.windows, self.settings)
            if item.rule == "drift"
        ]
