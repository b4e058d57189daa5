"""Realized performance: what the checks of labelled predictions have in common."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from mlops_drift.monitors.base import REPLACED, CheckEvaluation, Evaluations, Monitor
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.context import LabelledRows, MonitorContext
from mlops_drift.monitors.measured import Measure, Measured
from mlops_drift.monitors.performance import MeasuredWindow
from mlops_drift.monitors.windows import trailing_rows


class RealizedCheck(Monitor[PerformanceMonitor]):
    """A check of every production day that labels arrived for.

    Labels count that are known at the end of the day, the last one for each event. A window ends
    on a production day that got labels, and never mixes versions.
    """

    assets = ("performance_metrics",)
    section = "performance"
    realized = True
    spans_events = True

    @abstractmethod
    def judge(self, context: MonitorContext, day: date, rows: LabelledRows) -> Evaluations:
        """Judges the windows of one version."""

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        """Judges each version; numbers about one that was replaced are kept as unknown."""
        champion = context.champion(day)
        found = [item for rows in context.labelled(day) for item in self.judge(context, day, rows)]
        if champion is None:
            return found
        version, since = champion.version, champion.as_of + timedelta(days=1)
        why = f"for the record only: version {version} serves since {since}"
        if all(item.version != version for item in found):
            found.append(self._no_label(context, day))
        return [
            item if item.version == version else unjudged(item, REPLACED, why) for item in found
        ]

    def _no_label(self, context: MonitorContext, day: date) -> CheckEvaluation:
        delay, metric = context.spec.target.label_delay_days, context.spec.training.metric
        reason = (
            f"no label arrived for a prediction of version {context.version(day)}; labels are due "
            f"{delay} day{'' if delay == 1 else 's'} after their event"
        )
        found = self.evaluation(context, day, metric, "unknown", reason, "no_labels")
        return replace(found, window=min(self.settings.windows))


def measured_windows(
    rows: LabelledRows,
    lengths: Sequence[int],
    metric: str,
    measure: Measure,
    test: Measured | None,
    slice_name: str = "",
) -> list[MeasuredWindow]:
    """A number in each window of labelled rows of one version that ends on a touched day.

    `test` is the test result of the same slice of the rows, such as `country=de`; empty for all.
    """
    answers = [rows.columns[name] for name in ("label", "prediction", "score")]
    found, days, lots = [], rows.columns["day"], rows.columns["lot"]
    for end in map(int, rows.touched):
        windows = trailing_rows(lengths, end, days, lots, rows.strides[end])
        for length, part in windows.items():
            value = measure(*(column[part] for column in answers))
            day = date.fromordinal(end)
            found.append(MeasuredWindow(day, length, metric, value, test, slice_name))
    return found


def unjudged(item: CheckEvaluation, code: str, why: str) -> CheckEvaluation:
    """A number that is kept for the record, with nothing to decide about it."""
    return replace(item, verdict="unknown", code=code, reason=f"{item.reason}; {why}")
