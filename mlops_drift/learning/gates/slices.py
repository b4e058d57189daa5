"""The gate that no part of the events may be served much worse than the whole."""

from collections.abc import Sequence
from math import isnan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Described, Gate, GateResult
from mlops_drift.learning.gates.chance import CHANCE, chance_of_smaller, row_losses
from mlops_drift.learning.gates.pictures import Bars
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate, evaluate_within, worsening
from mlops_drift.learning.metrics.registry import metric_named

NO_VALUE = "no value"

_COLUMNS = ("slice", "value", "lower", "upper", "gap", "beyond chance", "n")


class _Slice(NamedTuple):
    name: str
    value: float
    lower: float
    upper: float
    gap: float
    beyond_chance: bool
    n: int


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
    """

    name = "slices"

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        self.description = (
            f"No value of {', '.join(columns)} is predicted much worse than the whole test split."
        )

    @classmethod
    def for_model(cls, model: Described) -> Sequence[Gate]:
        return [cls(model.gates.slices)] if model.gates.slices else []

    def judge(self, candidate: Candidate) -> GateResult:
        n, metric, least = len(candidate.test), candidate.metric, candidate.gates.min_rows
        slices = {
            f"{column}={value}": rows
            for column in self.columns
            for value, rows in _parts(candidate.features[column])
            if rows.sum() >= least
        }
        whole = evaluate(metric, candidate.target, *candidate.tested)
        allowed = candidate.gates.allowance("max_slice_gap", metric)
        limit, chance = allowed.of(whole), CHANCE / max(1, len(slices))
        judged = [_slice(candidate, name, rows, whole, chance) for name, rows in slices.items()]
        found = [one for one in judged if not isnan(one.gap)]
        if not found:
            columns = ", ".join(self.columns)
            finding = f"No value of {columns} has {least} of {n} test rows with a defined {metric}."
            advice = "Wait for more labels, raise training.test_share, or lower gates.min_rows."
            return self.unknown(n, finding, advice, threshold=limit)
        found.sort(key=lambda one: one.gap, reverse=True)
        failing = [one for one in found if one.gap > limit and one.beyond_chance]
        worst, shown = (failing or found)[0], found[:15]
        finding = (
            f"{metric} is {worst.value:.4g} on the {worst.n} test rows with {worst.name} and "
            f"{whole:.4g} on all {n}: a gap of {allowed.text(worst.gap, whole)}"
        ) + (
            f", accepted is {allowed}, and it is significant."
            if failing
            else f"; up to {allowed}, or what is not significant, is accepted."
        )
        advice = "Add labelled rows or better features of this slice, or give it its own rule."
        names, gaps = [one.name for one in shown], [one.gap for one in shown]
        return self.result(
            bool(failing),
            (worst.gap, limit, worst.n),
            (finding, advice),
            numbers={"whole": whole},
            tables={"slices": [dict(zip(_COLUMNS, one, strict=True)) for one in found[:30]]},
            picture=Bars("gap to the whole by slice", names, gaps, limit),
        )


def _parts(column: "pd.Series[Any]") -> list[tuple[str, Array]]:
    """Each value as text with its rows."""
    text = column.astype(object).where(column.notna(), NO_VALUE).astype(str).to_numpy()
    return [(str(value), text == value) for value in np.unique(text)]


def _slice(candidate: Candidate, name: str, rows: Array, whole: float, chance: float) -> _Slice:
    """What is shown of a slice; chance may explain at most so much."""
    metric, target, found = candidate.metric, candidate.target, candidate.tested
    value, lower, upper = evaluate_within(
        metric,
        target,
        *(values[rows] for values in found),
        confidence=1 - 2 * chance,
        seed=candidate.seed,
    )
    worse = upper < whole if metric_named(metric).greater_is_better else lower > whole
    if worse and not target.is_classification:
        losses = row_losses(metric, target, *found)
        worse = chance_of_smaller(losses[~rows], losses[rows]) <= chance
    gap = worsening(metric, whole, value)
    return _Slice(name, value, lower, upper, gap, bool(worse), int(rows.sum()))
