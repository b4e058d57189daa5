"""The check `error_drift`: a streaming detector found that the errors have risen."""

from dataclasses import replace
from datetime import date

from mlops_drift.monitors.base import Evaluations, Monitor
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.context import MonitorContext
from mlops_drift.monitors.streaming import detect


class ErrorDrift(Monitor[PerformanceMonitor]):
    """The errors of the champion since its promotion, in the order in which labels arrived.

    The first label of an event counts, as it did for a detector that was there.
    """

    name = "error_drift"
    description = "Fails from the day on which the streaming detector finds that errors have risen."
    advice = "The errors have risen. performance_drop says by how much, and over which days."
    assets = ("performance_metrics",)
    section = "performance"
    needs = "streaming"
    spans_events = True

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        champion, monitor = context.champion(day), self.settings.streaming
        if champion is None or monitor is None:
            return []
        sequence = context.errors(day)
        found = detect(sequence.errors, monitor)
        codes = {"fail": "rise", "pass": "no_rise", "unknown": "too_few_rows"}
        verdict, reason = found.verdict, f"errors of version {champion.version}: {found.reason}"
        evaluation = replace(
            self.evaluation(context, day, monitor.detector, verdict, reason, codes[verdict]),
            production_day=day if found.position is None else sequence.days[found.position],
            window=(day - champion.as_of).days,
            value=found.value,
            threshold=found.before,
            n=found.n,
        )
        return [evaluation]
