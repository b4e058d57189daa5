"""The check `model_age`: the last retraining is long ago."""

from dataclasses import replace
from datetime import date, timedelta

from mlops_drift.drift.sentences import count
from mlops_drift.monitors.base import Evaluations, Monitor
from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.monitors.context import MonitorContext
from mlops_drift.schema.verdicts import Verdict


class ModelAge(Monitor[AgeMonitor]):
    """Days since the day as of which the champion was trained, however late it was approved.

    A version that has been shown to be as good as a new one is not old: its age counts from the
    day as of which the last challenger was trained that was rejected in its place, or the version
    that was taken back for it.
    """

    name = "model_age"
    description = (
        "Fails when the data that the version was trained on are older than accepted. The age "
        "counts from the last challenger that was rejected in its place, if there was one."
    )
    advice = (
        "The version was trained long ago. Nothing else may be wrong: retrain on recent labelled "
        "rows, and see whether the challenger is better at all."
    )
    assets = ("performance_metrics",)
    section = "age"
    has_rows = False

    def is_on(self) -> bool:
        """Whether an age is declared."""
        return self.settings.max_days is not None

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        """The days from the last training to the end of the day; nothing without a champion."""
        champion, limit = context.champion(day), self.settings.max_days
        if champion is None or limit is None:
            return []
        trained, shown = context.trained(day), context.retrained(day)
        age, since = (day - shown).days, champion.as_of + timedelta(days=1)
        look = f"; no new version was better as of {shown}" if shown > trained else ""
        reason = (
            f"version {champion.version} is {count(age, 'day')} old (accepted: under {limit}): "
            f"{context.since_when(day)}, serves since {since}{look}"
        )
        verdict: Verdict = "fail" if age >= limit else "pass"
        found = self.evaluation(context, day, "days", verdict, reason, value=age, threshold=limit)
        return [replace(found, n=age, window=age)]
