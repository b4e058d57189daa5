"""What a policy led to in a backtest: its timeline, and the metric of each month."""

from datetime import date
from itertools import groupby
from math import nan
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.lifecycle.timeline import read_timeline
from mlops_drift.policy.decision import NO_CHAMPION


def summarize(model: ModelContext, first: date, last: date) -> dict[str, Any]:
    """The result of one policy.

    Returns:
        `periods` (start, end, n, metric, value, version: by calendar month, by all labels that ever
        arrived, the version that served most), `alarms`, `warnings`, `decisions`, `versions` (as
        `mlops-drift run` gives them), `retrainings` after the first version, `mean_value` over all
        predictions, `detection_delay` (mean days from the first failing production day to the
        decision), `labels_used` in all training sets.
    """
    timeline = read_timeline(model, first, last)
    outcomes = model.store.predictions.final_outcomes(first, last)
    again = [
        row
        for row in timeline.decisions
        if row["action"] == "retrain" and NO_CHAMPION not in row["rules"]
    ]
    delays = [
        (row["day"] - row["first_failing_day"]).days for row in again if row["first_failing_day"]
    ]
    return {
        "periods": _periods(model.spec, outcomes),
        "alarms": timeline.alarms,
        "warnings": timeline.warnings,
        "decisions": timeline.decisions,
        "versions": timeline.versions,
        "retrainings": len(again),
        "mean_value": _value(model.spec, outcomes),
        "detection_delay": fmean(delays) if delays else None,
        "labels_used": sum(row["rows"] for row in timeline.versions),
    }


def _periods(spec: ModelSpec, outcomes: pa.Table) -> list[dict[str, Any]]:
    """The metric of each calendar month that has predictions."""
    days = outcomes["day"].to_pylist()
    versions = outcomes["version"].to_numpy()
    periods = []
    for _, group in groupby(range(len(days)), key=lambda row: (days[row].year, days[row].month)):
        rows = list(group)
        part = outcomes.slice(rows[0], len(rows))
        served, counts = np.unique(versions[rows], return_counts=True)
        labelled = len(rows) - part["label"].null_count
        periods.append(
            {
                "start": days[rows[0]],
                "end": days[rows[-1]],
                "n": labelled,
                "metric": spec.training.metric,
                "value": _value(spec, part),
                "version": int(served[counts.argmax()]),
            }
        )
    return periods


def _value(spec: ModelSpec, outcomes: pa.Table) -> float:
    labelled = outcomes.filter(outcomes["label"].is_valid())
    if not labelled.num_rows:
        return nan
    truth, prediction, score = (
        labelled[name].to_numpy() for name in ("label", "prediction", "score")
    )
    return evaluate(spec.training.metric, spec.target, truth, prediction, score)
