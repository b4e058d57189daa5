"""The check `model_age`: the last retraining is long ago."""

from dataclasses import replace
from datetime import date

from mlops_drift.monitors.base import Evaluations, Monitor
from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.monitors.context import MonitorContext
from mlops_drift.schema.verdicts import Verdict


class ModelAge(Monitor[AgeMonitor]):
    """Days since the champion was promoted, or since a challenger was rejected in its place.

    A version that has been shown to be as good as a new one is not old.
    """

    name = "model_age"
    description = (
        "Fails when the last retraining is longer ago than accepted, also one whose challenger "
        "was rejected."
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
        """The days from the last retraining to the end of the day; nothing without a champion."""
        champion, limit = context.champion(day), self.settings.max_days
        if champion is None or limit is None:
            return []
        retrained = context.retrained(day)
        age = (day - retrained).days
        reason = (
            f"version {champion.version} is {age} days old, retrained last as of {retrained} "
            f"(accepted: under {limit})"
        )
        verdict: Verdict = "fail" if age >= limit else "pass"
        found = self.evaluation(context, day, "days", verdict, reason, value=age, threshold=limit)
        return [replace(found, n=age, window=age)]
