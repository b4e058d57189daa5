"""The training windows that a retraining chooses from."""

from datetime import date, timedelta

from mlops_drift.policy.config import RetrainingPolicy, TrainingWindow
from mlops_drift.policy.evidence import Evidence
from mlops_drift.policy.history import first_of_episode


def candidates(evidence: Evidence, policy: RetrainingPolicy) -> dict[TrainingWindow, date | None]:
    """First event day by training window, of those that the policy allows and the data has."""
    found: dict[TrainingWindow, date | None] = {}
    if policy.window_days is not None and evidence.labelled:
        start = max(evidence.labelled) - timedelta(days=policy.window_days - 1)
        found["recent"] = max(start, min(evidence.labelled))
    change = _first_failing_day(evidence)
    if change is not None:
        rows = sum(n for day, n in evidence.labelled.items() if day >= change)
        if rows >= policy.rows_since_change:
            found["since_change"] = change
    if evidence.champion is not None or not found:
        found["everything"] = None
    allowed = {name: since for name, since in found.items() if name in policy.training_windows}
    return allowed or {"everything": None}


def _first_failing_day(evidence: Evidence) -> date | None:
    """Of the present episode of this champion, also before a rejected challenger."""
    days = [
        check.production_day
        for check in evidence.failed
        if check.check in evidence.realized and check.version == evidence.version
    ]
    return first_of_episode(days) if days else None
