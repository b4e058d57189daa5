"""Results of backtests as their reports get them."""

from datetime import date, timedelta

FIRST = date(2020, 1, 1)


def month(number):
    """First and last day of a month after January 2020."""
    start = date(2020 + number // 12, number % 12 + 1, 1)
    following = date(2020 + (number + 1) // 12, (number + 1) % 12 + 1, 1)
    return start, following - timedelta(days=1)


def alarm(day, reason="miles moved"):
    return {
        "day": day,
        "check": "feature_drift",
        "column": "miles",
        "value": 0.21,
        "threshold": 0.1,
        "n": 1500,
        "version": 1,
        "production_day": day,
        "window": 28,
        "reason": reason,
    }


def decision(day, challenger, outcome="promoted", rules=("feature_drift",), **changed):
    return {
        "day": day,
        "action": "retrain",
        "rules": list(rules),
        "version": challenger - 1,
        "training_window": "recent",
        "since": day - timedelta(days=90),
        "first_failing_day": None,
        "reason": "miles moved",
        "outcome": outcome,
        "challenger": challenger,
        "outcome_reason": f"version {challenger} was {outcome}",
        **changed,
    }


def version(number, as_of, promoted=True):
    return {
        "version": number,
        "as_of": as_of,
        "training_set": "0123456789abcdef",
        "rows": 4500,
        "metric": "accuracy",
        "value": 0.871,
        "promoted": promoted,
        "family": "linear",
    }


def policy(values, **changed):
    """A policy with a value a month; it does nothing unless `changed` says so."""
    known = [value for value in values if value is not None]
    periods = [
        {
            "start": month(number)[0],
            "end": month(number)[1],
            "n": 0 if value is None else 1500,
            "metric": "accuracy",
            "value": value,
            "version": 1,
        }
        for number, value in enumerate(values)
    ]
    return {
        "periods": periods,
        "weeks": [],
        "alarms": [],
        "warnings": [],
        "decisions": [],
        "versions": [],
        "retrainings": 0,
        "mean_value": sum(known) / len(known) if known else None,
        "detection_delay": None,
        "labels_used": 0,
        "seconds": 1.5,
        **changed,
    }


def result(policies, months=12, **changed):
    return {
        "model": "insurance",
        "metric": "accuracy",
        "greater_is_better": True,
        "floor": None,
        "first_day": FIRST,
        "last_day": month(months - 1)[1],
        "missing_days": [],
        "policies": policies,
        **changed,
    }


def compared():
    """A year of two policies: one that does nothing and falls, one that retrains three times."""
    spring, summer, autumn = date(2020, 4, 10), date(2020, 7, 2), date(2020, 10, 9)
    falling = policy(
        [0.9 - 0.03 * number for number in range(12)],
        alarms=[alarm(spring), alarm(spring), alarm(summer)],
    )
    steady = policy(
        [0.9] * 3 + [0.84] + [0.9] * 8,
        alarms=[alarm(spring)],
        decisions=[
            decision(spring, 2),
            decision(summer, 3, "rejected", ["performance_drop", "feature_drift"]),
            decision(autumn, 4),
        ],
        versions=[version(2, spring), version(3, summer, promoted=False), version(4, autumn)],
        retrainings=3,
        detection_delay=12.25,
        labels_used=13500,
    )
    return result({"never": falling, "on failed checks": steady})
