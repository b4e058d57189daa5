"""The gate that no part of the events may be served much worse than the whole."""

from collections.abc import Sequence
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.chance import chance_of_smaller, row_losses
from mlops_drift.learning.gates.pictures import Bars
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate, evaluate_within, worsening
from mlops_drift.learning.metrics.registry import metric_named

NO_VALUE = "no value"

# Chance may explain at most so much, over all slices.
CHANCE = 0.005


class Slices(Gate):
    """Passes where the metric of every slice is near that of the whole test split.

    A slice is the test rows of one value of a column, or of none; those with fewer than
    ``min_rows`` rows, or without a defined metric, are left out. The gap is by how much the slice
    is worse than the whole, in units of the metric. The value is the largest gap. The gate fails
    where a gap is above ``max_slice_gap``, a share of the metric of the whole or points, and chance
    does not explain it: where the slice's interval, at 1 - .01 / slices, lies on the worse side of
    the whole, and for a regression its errors are also larger than those of the other rows by a
    Mann-Whitney test, with a p-value of at most .005 / slices.

    Unknown without such a slice.

    Args:
        columns: the columns that divide the rows.
    """

    name = "slices"

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        self.description = (
            f"No value of {', '.join(columns)} is predicted much worse than the whole test split."
        )

    def judge(self, candidate: Candidate) -> GateResult:
        """Judges every slice that has enough rows."""
        n, metric = len(candidate.test), candidate.metric
        parts = [
            (f"{column}={value}", rows)
            for column in self.columns
            for value, rows in _parts(candidate.features[column])
            if rows.sum() >= candidate.gates.min_rows
        ]
        whole = _metric(candidate, np.full(n, True)) if n else nan
        allowed = candidate.gates.allowance("max_slice_gap", metric)
        limit = allowed.of(whole)
        found = [
            row
            for name, rows in parts
            if not isnan((row := _slice(candidate, name, rows, whole, len(parts)))["gap"])
        ]
        if not found:
            return self.unknown(
                n,
                f"No value of {', '.join(self.columns)} has {candidate.gates.min_rows} of {n} test "
                f"rows with a defined {metric}.",
                "Wait for more labels, raise training.test_share, or lower gates.min_rows.",
                threshold=limit,
            )
        found.sort(key=lambda row: row["gap"], reverse=True)
        failing = [row for row in found if row["gap"] > limit and row["beyond chance"]]
        worst = failing[0] if failing else found[0]
        told = (
            f"{metric} is {worst['value']:.4g} on the {worst['n']} test rows with "
            f"{worst['slice']} and {whole:.4g} on all {n}: a gap of "
            f"{allowed.text(worst['gap'], whole)}"
        )
        return GateResult(
            self.name,
            "fail" if failing else "pass",
            worst["gap"],
            limit,
            worst["n"],
            f"{told}, accepted is {allowed}, and chance does not explain it. These events would "
            "be served badly although the whole looks well."
            if failing
            else f"{told}; up to {allowed}, or what chance explains, is accepted.",
            "Give the model more labelled rows or better features of this part, or a rule of its "
            "own."
            if failing
            else "",
            numbers={"whole": whole},
            tables={"slices": found[:30]},
            picture=Bars(
                "gap to the whole by slice",
                [row["slice"] for row in found[:15]],
                [row["gap"] for row in found[:15]],
                limit,
            ),
        )


def _parts(column: "pd.Series[Any]") -> list[tuple[str, Array]]:
    """Each value as text with its rows."""
    text = column.astype(object).where(column.notna(), NO_VALUE).astype(str).to_numpy()
    return [(str(value), text == value) for value in np.unique(text)]


def _metric(candidate: Candidate, rows: Array) -> float:
    return evaluate(
        candidate.metric,
        candidate.target,
        candidate.truth[rows],
        candidate.prediction[rows],
        candidate.score[rows],
    )


def _larger(candidate: Candidate, rows: Array) -> float:
    """How often chance makes the losses of a slice as much larger than all others."""
    losses = row_losses(
        candidate.metric,
        candidate.target,
        candidate.truth,
        candidate.prediction,
        candidate.score,
    )
    return chance_of_smaller(losses[~rows], losses[rows])


def _slice(
    candidate: Candidate, name: str, rows: Array, whole: float, slices: int
) -> dict[str, Any]:
    value, lower, upper = evaluate_within(
        candidate.metric,
        candidate.target,
        candidate.truth[rows],
        candidate.prediction[rows],
        candidate.score[rows],
        confidence=1 - 2 * CHANCE / slices,
        seed=candidate.seed,
    )
    better_end = upper if metric_named(candidate.metric).greater_is_better else lower
    greater = metric_named(candidate.metric).greater_is_better
    return {
        "slice": name,
        "value": value,
        "lower": lower,
        "upper": upper,
        "gap": worsening(candidate.metric, whole, value),
        "beyond chance": bool(better_end < whole if greater else better_end > whole)
        and (candidate.target.is_classification or _larger(candidate, rows) <= CHANCE / slices),
        "n": int(rows.sum()),
    }
