"""The check `model_age`: the last retraining is long ago."""

from datetime import date

from mlops_drift.monitors.base import CheckEvaluation, Monitor
from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.monitors.context import MonitorContext


class ModelAge(Monitor[AgeMonitor]):
    """Days since the champion was promoted, or since a challenger was rejected in its place.

    A version that has been shown to be as good as a new one is not old.
    """

    name = "model_age"
    description = (
        "Fails when the last retraining is longer ago than accepted, also one whose challenger was "
        "rejected."
    )
    advice = (
        "The version was trained long ago. Nothing else may be wrong: retrain on recent labelled "
        "rows, and see whether the challenger is better at all."
    )
    assets = ("performance_metrics",)
    section = "age"

    def is_on(self) -> bool:
        """Whether an age is declared."""
        return self.settings.max_days is not None

    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """As `Monitor.evaluate`."""
        champion, limit = context.champion(day), self.settings.max_days
        if champion is None or limit is None:
            return []
        return [judge_age(champion.version, context.retrained(day), day, limit)]


def judge_age(version: int, retrained: date, day: date, max_days: int) -> CheckEvaluation:
    """Whether the last retraining is longer ago than it may be.

    The value is the days from that retraining to the end of `day`.

    Args:
        version: the version that serves.
        retrained: the as-of day of the last retraining.
        day: the day.
        max_days: days from which it fails.

    >>> judge_age(3, date(2024, 1, 1), date(2024, 1, 31), 30).verdict
    'fail'
    """
    age = (day - retrained).days
    return CheckEvaluation(
        check=ModelAge.name,
        day=day,
        production_day=day,
        version=version,
        subject="days",
        window=age,
        verdict="fail" if age >= max_days else "pass",
        code="beyond_limit" if age >= max_days else "within_limit",
        reason=f"version {version} is {age} days old, retrained last as of {retrained} "
        f"(accepted: under {max_days})",
        value=float(age),
        threshold=float(max_days),
        n=age,
    )
