"""What a policy led to in a backtest: its timeline, and the metric of each month or week."""

from collections.abc import Sequence
from datetime import date
from math import nan
from statistics import fmean

import pandas as pd

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.lifecycle.timeline import read_timeline
from mlops_drift.policy.decision import NO_CHAMPION

# In days.
_HALF_A_YEAR = 183


def summarize(model: ModelContext, first: date, last: date) -> dict[str, object]:
    """The result of one policy.

    Returns:
        `periods` (calendar months, with all labels that ever arrived and the version that served
        most), `weeks` (the same of seven days each; none of a history of half a year or more),
        `alarms`, `warnings`, `decisions`, `versions` (as `mlops-drift run` gives them),
        `retrainings` after the first version, `mean_value` over all predictions, `detection_delay`
        (mean days from the first failing production day to the decision), `labels_used`.
    """
    timeline = read_timeline(model, first, last)
    outcomes = model.store.predictions.final_outcomes(first, last).to_pandas(date_as_object=True)
    again = [
        row
        for row in timeline.decisions
        if row["action"] == "retrain" and NO_CHAMPION not in row["rules"]
    ]
    delays = [
        (row["day"] - row["first_failing_day"]).days for row in again if row["first_failing_day"]
    ]
    return {
        "periods": _periods(model.spec, outcomes, [day.replace(day=1) for day in outcomes["day"]]),
        "weeks": []
        if (last - first).days >= _HALF_A_YEAR
        else _periods(model.spec, outcomes, [(day - first).days // 7 for day in outcomes["day"]]),
        "alarms": timeline.alarms,
        "warnings": timeline.warnings,
        "decisions": timeline.decisions,
        "versions": timeline.versions,
        "retrainings": len(again),
        "mean_value": _value(model.spec, outcomes),
        "detection_delay": fmean(delays) if delays else None,
        "labels_used": sum(row["rows"] for row in timeline.versions),
    }


def _periods(
    spec: ModelSpec, outcomes: pd.DataFrame, numbers: Sequence[object]
) -> list[dict[str, object]]:
    """The metric of each period that has predictions, given the period of each of them."""
    return [
        {
            "start": period["day"].iloc[0],
            "end": period["day"].iloc[-1],
            "n": int(period["label"].count()),
            "metric": spec.training.metric,
            "value": _value(spec, period),
            "version": int(period["version"].mode()[0]),
        }
        for _, period in outcomes.groupby(list(numbers))
    ]


def _value(spec: ModelSpec, outcomes: pd.DataFrame) -> float:
    labelled = outcomes.dropna(subset="label")
    if labelled.empty:
        return nan
    columns = (labelled[name].to_numpy() for name in ("label", "prediction", "score"))
    return evaluate(spec.training.metric, spec.target, *columns)
