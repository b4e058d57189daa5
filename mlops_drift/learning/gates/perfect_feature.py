"""The gate that no single column may tell the label."""

from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Bars
from mlops_drift.learning.metrics import METRICS, Array

BINS = 20

# A category with fewer train rows shares a bin with the other rare ones.
FEWEST_OF_CATEGORY = 5

# Fewest test rows of a class, and of the others, for its AUC to be looked at.
FEWEST_OF_CLASS = 5
FEWEST_OF_REGRESSION = 10


class NoPerfectFeature(Gate):
    """Passes where no column alone predicts the label almost perfectly.

    The train part is cut by the column into up to 20 quantile bins, or its categories; no value is
    a bin, and so are all categories of fewer than 5 train rows or none. In each bin the share of
    each class is learned (with one further row of the train part's shares). On the test part that
    share gives the AUC of each class against the rest, where both have 5 test rows. The largest
    AUC of all columns and classes must not be above ``max_feature_auc``.

    For a regression it is the R2 of the label's place among the train labels, from 0 to 1, so that
    a few huge labels do not decide; it takes 10 test rows.

    Columns in ``trusted_columns`` are not looked at. Unknown where nothing can be computed.
    """

    name = "no_perfect_feature"
    description = "No single column tells the label, as one would that knows it already."

    def judge(self, candidate: Candidate) -> GateResult:
        """Predicts the test labels from each column alone."""
        limit, n = candidate.gates.max_feature_auc, len(candidate.test)
        trusted = candidate.gates.trusted_columns
        names = [name for name in candidate.columns if name not in trusted]
        what = "AUC" if candidate.target.is_classification else "R2"
        if not names:
            return GateResult(
                self.name,
                "pass",
                nan,
                limit,
                n,
                f"All {len(trusted)} columns are in gates.trusted_columns: none of them was looked "
                f"at on {n} test rows.",
            )
        outcomes = _outcomes(candidate)
        found = {name: _value(candidate, name, *outcomes) for name in names}
        defined = {name: value for name, value in found.items() if not isnan(value)}
        if not defined:
            return self.unknown(
                n,
                f"How well a single column tells the label is undefined on {n} test rows: they are "
                "too few, or their labels hardly differ.",
                f"Wait for at least {FEWEST_OF_CLASS} test rows of two classes each, or "
                f"{FEWEST_OF_REGRESSION} with different numbers, or raise training.test_share.",
                threshold=limit,
            )
        ordered = sorted(defined, key=lambda name: defined[name], reverse=True)
        worst, value = ordered[0], defined[ordered[0]]
        perfect = [name for name in ordered if defined[name] > limit]
        fails = bool(perfect)
        told = f"Column {worst!r} alone tells the label of {n} test rows with {what} {value:.4g}"
        others = f" (so do {', '.join(map(repr, perfect[1:4]))})" if len(perfect) > 1 else ""
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            value,
            limit,
            n,
            f"{told}{others}, at most {limit:.4g} is accepted: it probably holds the answer "
            "itself, which will not be known when it is asked for."
            if fails
            else f"{told}, the best of {len(names)} columns; up to {limit:.4g} is accepted.",
            f"See when {worst!r} becomes known. Take it out of columns if that is after the event; "
            "if it is honest, name it in gates.trusted_columns."
            if fails
            else "",
            tables={"columns": [{"column": name, what: defined[name]} for name in ordered[:30]]},
            picture=Bars(
                f"{what} of each column alone",
                ordered[:15],
                [defined[name] for name in ordered[:15]],
                limit,
            ),
        )


def _outcomes(candidate: Candidate) -> tuple[Array, Array]:
    """What is told: of train and test rows each class as 0 or 1, or the label's place."""
    label = candidate.target.column
    train, test = candidate.train[label].to_numpy(), candidate.test[label].to_numpy()
    if candidate.target.is_classification:
        classes = np.array(candidate.target.classes, dtype=object)
        return (train[:, None] == classes).astype(float), (test[:, None] == classes).astype(float)
    ordered = np.sort(train.astype(float))

    def places(values: Array) -> Array:
        ends = [np.searchsorted(ordered, values.astype(float), side) for side in ("left", "right")]
        return np.asarray(np.mean(ends, axis=0) / max(1, len(ordered)))[:, None]

    return places(train), places(test)


def _value(candidate: Candidate, name: str, train: Array, test: Array) -> float:
    """How well one column tells the outcomes of the test part."""
    if len(train) == 0 or len(test) == 0:
        return nan
    bins = _numeric_bins if candidate.columns[name].is_numeric else _category_bins
    of_train, of_test, count = bins(candidate.train[name], candidate.test[name])
    rows = np.bincount(of_train, minlength=count)
    means = np.stack(
        [
            (np.bincount(of_train, column, minlength=count) + column.mean()) / (rows + 1)
            for column in train.T
        ],
        axis=1,
    )
    told = means[of_test]
    if not candidate.target.is_classification:
        few = len(test) < FEWEST_OF_REGRESSION
        return nan if few else METRICS["r2"].compute(test[:, 0], told[:, 0], told[:, 0])
    judged = [
        METRICS["auc"].compute(truth, truth, score)
        for truth, score in zip(test.T, told.T, strict=True)
        if min(truth.sum(), (1 - truth).sum()) >= FEWEST_OF_CLASS
    ]
    return max(judged, default=nan)


def _numeric_bins(train: "pd.Series[Any]", test: "pd.Series[Any]") -> tuple[Array, Array, int]:
    """The bin of each row of both parts, and how many bins there are."""
    parts = [column.to_numpy(dtype=float, na_value=np.nan) for column in (train, test)]
    known = parts[0][~np.isnan(parts[0])]
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    # A quantile that is a value of the data: between infinities there is none.
    edges = np.unique(np.quantile(known, inner, method="lower")) if len(known) else np.array([])
    places = [np.searchsorted(edges, values, side="right") for values in parts]
    for place, values in zip(places, parts, strict=True):
        place[np.isnan(values)] = len(edges) + 1
    return places[0], places[1], len(edges) + 2


def _category_bins(train: "pd.Series[Any]", test: "pd.Series[Any]") -> tuple[Array, Array, int]:
    counts = train.astype(str)[train.notna()].value_counts()
    common = pd.Index(counts.index[counts >= FEWEST_OF_CATEGORY])

    def places(column: "pd.Series[Any]") -> Array:
        found: Array = common.get_indexer(pd.Index(column.astype(str)))
        found[found < 0] = len(common)
        found[column.isna().to_numpy()] = len(common) + 1
        return found

    return places(train), places(test), len(common) + 2
