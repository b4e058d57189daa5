"""Evidence, past decisions and what is decided from them."""

from datetime import date, timedelta

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.decide import decide
from mlops_drift.policy.decision import Champion, DecisionRecord, Outcome, kind_of
from mlops_drift.policy.situation import Evidence

START = date(2024, 10, 1)
POLICY = RetrainingPolicy(
    first_training_rows=100,
    rows_since_change=60,
    min_new_labels=30,
    cooldown_days=0,
    confirm_days=1,
)


def day(number):
    return START + timedelta(days=number)


def failed(check="performance_drop", on=12, about=None, version=1, **changes):
    fields = {
        "check": check,
        "day": day(on),
        "production_day": day(on if about is None else about),
        "version": version,
        "window": 1,
        "verdict": "fail",
        "code": "beyond_limit",
        "subject": "accuracy",
        "value": 0.6,
        "threshold": 0.8,
        "n": 100,
        "reason": f"{check} failed on day {on}",
    }
    return CheckEvaluation(**{**fields, **changes})


def evidence(on=12, checks=(), labelled=None, champion=Champion(1, day(5)), **more):  # noqa: B008
    rows = labelled if labelled is not None else {day(n): 20 for n in range(on)}
    return Evidence(day(on), champion, checks, rows, **more)


def past(number=10, outcome=None, version=1, labelled=200, gates=(), **changes):
    triggers = changes.get("triggers", ("performance_drop",))
    fields = {
        "id": f"shop-v{version}-{day(number)}",
        "action": "retrain",
        "reason": "it failed",
        "day": day(number),
        "kind": kind_of(triggers, Evidence.confirm),
        "triggers": triggers,
        "version": version,
        "candidates": {"everything": None},
        "labelled": labelled,
        "outcome": outcome and Outcome(outcome, day(number), "because", failed_gates=gates),
    }
    return DecisionRecord(**{**fields, **changes})


def decided(given, history=(), policy=POLICY):
    return decide("shop", given, history, policy)
