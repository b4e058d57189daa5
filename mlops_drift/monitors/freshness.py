"""The check `freshness`: the newest event, or the newest label, is older than it should be."""

from datetime import date, timedelta

from pydantic import Field

from mlops_drift.monitors.base import CheckEvaluation, Monitor
from mlops_drift.monitors.context import MonitorContext, SourceName
from mlops_drift.schema.fields import Strict


class FreshnessMonitor(Strict):
    """When nothing new has arrived for too long."""

    margin_days: int = Field(
        7,
        ge=0,
        description="How many days late the newest event or label may be: events are due every "
        "day, labels `target.label_delay_days` after their event.",
    )


class Freshness(Monitor[FreshnessMonitor | None]):
    """Days from the newest event, and from the newest event that has a label, to the day.

    By as-of days alone, not by the clock.
    """

    name = "freshness"
    description = (
        "Fails when the newest event is older than `monitors.freshness.margin_days`, or the newest "
        "event with a label older than the label delay and that margin."
    )
    advice = (
        "The feed has stopped, or delivers old rows only. Until it runs again nothing about recent "
        "days can be measured: repair it, and materialize the days again."
    )
    assets = ("events", "labels")
    section = "freshness"
    settings_type = FreshnessMonitor

    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """As `Monitor.evaluate`."""
        if self.settings is None:
            return []
        margin = self.settings.margin_days
        return [_judge(context, day, landed.source, margin) for landed in context.landed(day)]


def _judge(context: MonitorContext, day: date, source: SourceName, margin: int) -> CheckEvaluation:
    delay = context.spec.target.label_delay_days if source == "labels" else 0
    limit, start = delay + margin, context.spec.start_date
    newest = context.newest(source, day)
    # Before the first one, age counts from the day before the model began.
    age = (day - (newest or start - timedelta(days=1))).days
    what = "event" if source == "events" else "event with a label"
    found = f"the newest {what} is of {newest}, {age} days old" if newest else f"no {what} yet"
    champion = context.champion(day)
    is_unknown = newest is None and age <= limit
    return CheckEvaluation(
        check=Freshness.name,
        day=day,
        production_day=day,
        version=champion.version if champion else 0,
        subject=source,
        window=1,
        verdict="unknown" if is_unknown else "fail" if age > limit else "pass",
        code="not_due" if is_unknown else "beyond_limit" if age > limit else "within_limit",
        reason=f"{found} (accepted: up to {limit})",
        value=float(age),
        threshold=float(limit),
    )
