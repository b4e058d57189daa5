"""The check `label_drift`: outcomes became more or less frequent."""

from datetime import date

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.verdict import ColumnVerdict, judge
from mlops_drift.monitors.base import NOT_SIGNIFICANT, CheckEvaluation, Monitor
from mlops_drift.monitors.context import MonitorContext


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
        "What happens has become more or less frequent than in the training set. If the "
        "performance holds, look at the decision threshold and at what is planned on the base "
        "rate; if it falls too, retrain on recent labelled rows. See first whether the way labels "
        "are made has changed."
    )
    assets = ("performance_metrics",)
    section = "drift"
    confirm = True
    spans_events = True

    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """As `Monitor.evaluate`; nothing on a day without labels."""
        champion = context.champion(day)
        labels = context.label_windows(day) if champion else None
        if champion is None or labels is None:
            return []
        return [
            _evaluation(self.name, day, champion.version, labels.end, item)
            for item in judge(labels.reference, labels.windows, self.settings)
            if item.rule == "drift"
        ]


def _evaluation(
    check: str, day: date, version: int, end: date, item: ColumnVerdict
) -> CheckEvaluation:
    metric = drift_metric(item.metric).title
    span = "on" if item.window == 1 else f"over the {item.window} days to"
    codes = {"fail": "beyond_limit", "pass": "within_limit", "unknown": "too_few_rows"}
    is_chance = item.verdict == "pass" and item.value >= item.threshold
    return CheckEvaluation(
        check=check,
        day=day,
        production_day=end,
        version=version,
        subject=f"{metric} of {item.column}",
        window=item.window,
        verdict=item.verdict,
        code=NOT_SIGNIFICANT if is_chance else codes[item.verdict],
        reason=f"labels {span} {end}: {item.reason}",
        value=item.value,
        threshold=item.threshold,
        n=item.measures.n,
        p=item.p,
        q=item.q,
    )
