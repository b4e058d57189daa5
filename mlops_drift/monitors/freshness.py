"""The check `freshness`: the newest event, or the newest label, is older than it should be."""

from datetime import date, timedelta

from pydantic import Field

from mlops_drift.drift.sentences import count
from mlops_drift.monitors.base import CheckEvaluation, Evaluations, Monitor
from mlops_drift.monitors.context import MonitorContext, SourceName
from mlops_drift.schema.fields import Strict
from mlops_drift.schema.verdicts import Verdict


class FreshnessMonitor(Strict):
    """When nothing new has arrived for too long."""

    margin_days: int = Field(
        7,
        ge=0,
        description="How many days late the newest event or label may be: events are due every "
        "day, labels `target.label_delay_days` after their event.",
    )


class Freshness(Monitor[FreshnessMonitor]):
    """Days from the newest event, and from the newest event that has a label, to the day.

    By as-of days alone, not by the clock.
    """

    name = "freshness"
    description = (
        "Fails when the newest event is older than `monitors.freshness.margin_days`, or the newest "
        "event with a label older than the label delay and that margin."
    )
    advice = (
        "The feed has stopped, or delivers old rows only. Nothing about recent days can be "
        "measured: repair it, and materialize the days again."
    )
    assets = ("events", "labels")
    section = "freshness"
    has_rows = False
    settings_type = FreshnessMonitor

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        return [self._judge(context, day, landed.source) for landed in context.landed(day)]

    def _judge(self, context: MonitorContext, day: date, source: SourceName) -> CheckEvaluation:
        is_label = source == "labels"
        target, start = context.spec.target, context.spec.start_date
        limit = self.settings.margin_days + (target.label_delay_days if is_label else 0)
        newest = context.newest(source, day)
        # Before the first one, age counts from the day before the model began.
        age = (day - (newest or start - timedelta(days=1))).days
        what = "event with a label" if is_label else "event"
        old = f"{count(age, 'day')} old"
        found = f"the newest {what} is of {newest}, {old}" if newest else f"no {what} yet"
        reason = f"{found} (accepted: up to {limit})"
        verdict: Verdict = "fail" if age > limit else "pass" if newest else "unknown"
        code = "not_due" if verdict == "unknown" else ""
        return self.evaluation(
            context, day, source, verdict, reason, code, value=age, threshold=limit
        )
