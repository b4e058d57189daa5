"""Decisions as views get them."""

from datetime import date

from mlops_drift.lifecycle.spans import acted_and_waited
from mlops_drift.policy.decision import DecisionRecord, Outcome

DAY = date(2024, 3, 7)
OUTCOME = Outcome("rejected", DAY, "too few are right", 1, ("calibration", "test_accuracy"))
REASON = "no version serves, and 60 labelled rows are there, which is enough for a first one"


def span(action, first, last=None, version=None, outcome=None, reason=REASON, **changes):
    """A decision, or days of waiting."""
    facts = {"kind": "drift", "triggers": ("feature_drift",), "version": version} | changes
    days = {first, last or first}
    records = [
        DecisionRecord(action, reason, day, f"tiny-{day}", outcome=outcome, **facts)
        for day in sorted(days)
    ]
    [found] = acted_and_waited(records)
    return found


REJECTED = span("retrain", DAY, outcome=OUTCOME, kind="first", triggers=())
