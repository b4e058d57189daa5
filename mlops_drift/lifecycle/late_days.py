"""Days that had run and got rows late: what rests on these rows is made on the day they came.

What was predicted stays, and so do the numbers and verdicts of these days.
"""

from datetime import date, timedelta

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.shadow.scoring import score_shadows
from mlops_drift.monitors.context import EVENTS, LABELS, PREDICTIONS
from mlops_drift.pipeline.external_predictions import match_predictions
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.served_rows import predict_days
from mlops_drift.schema.days import days_between, ranges


def make_late_features(model: ModelContext, first: date, last: date) -> list[date]:
    """Makes features of the days that rows landed on late, when the days `first` to `last` landed.

    Derived features of later days may rest on these rows, and of days with late labels: they are
    made again too.

    Returns:
        The days whose features were made.
    """
    store, spec = model.store, model.spec
    if not spec.derived_columns:
        days = set(store.landing.late_days(first, last, [EVENTS]))
    else:
        found = store.landing.late_days(first, last, [EVENTS, LABELS])
        until = store.landing.last_day() or last
        history = timedelta(days=spec.history_days)
        days = {day for late in found for day in days_between(late, min(late + history, until))}
        days.difference_update(days_between(first, last))
    for since, end in ranges(days):
        make_features(model, since, end)
    return sorted(days)


def predict_late_days(model: ModelContext, first: date, last: date) -> int:
    """Scores events that landed late when the days `first` to `last` did, as their day was served.

    Returns:
        How many predictions are new.
    """
    added = 0
    for since, end in ranges(model.store.landing.late_days(first, last, [EVENTS])):
        added += predict_days(model, since, end).added
        score_shadows(model, since, end)
    return added


def match_late_days(model: ModelContext, first: date, last: date) -> int:
    """Puts predictions made elsewhere with their events where either landed late with these days.

    Returns:
        How many predictions are new.
    """
    days = model.store.landing.late_days(first, last, [EVENTS, PREDICTIONS])
    return sum(match_predictions(model, *some).served.added for some in ranges(days))
