"""The gate that no single column may tell the label."""

from collections.abc import Callable
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Bars
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import metric_named

BINS = 20

# A category with fewer train rows shares a bin with the other rare ones.
FEWEST_OF_CATEGORY = 5

# Parts of the train split that are each predicted by the others.
FOLDS = 4

# Fewest rows of a class, and of the others, in each part, for its AUC to be looked at.
FEWEST_OF_CLASS = 5
FEWEST_OF_REGRESSION = 10


# Cuts two parts of a column by the first: the bin of each row of both, and how many there are.
_Cut = Callable[["pd.Series[Any]", "pd.Series[Any]"], tuple[Array, Array, int]]


class TargetLeakage(Gate):
    """Passes where no column alone predicts the label almost perfectly.

    The train split is cut by the column into up to 20 quantile bins, or its categories; no value is
    a bin, and so are all categories of fewer than 5 train rows or none. In each bin the share of
    each class is learned (with one further row of the train split's shares). On the test split that
    share gives the AUC of each class against the rest, where both have 5 rows. So it does on the
    train split, of which each quarter is predicted by the three others, and the smaller of the two
    AUCs counts: among many columns and classes one is nearly perfect on few rows by chance, a leak
    is on all. The largest AUC of all columns and classes must not be above ``max_feature_auc``.

    For a regression it is the R2 of the label's place among the train labels, from 0 to 1, so that
    a few huge labels do not decide; it takes 10 rows.

    Columns in ``trusted_columns`` are not looked at. Unknown where nothing can be computed.
    """

    name = "target_leakage"
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
                (
                    f"Wait for at least {FEWEST_OF_CLASS} test rows of two classes each"
                    if candidate.target.is_classification
                    else f"Wait for at least {FEWEST_OF_REGRESSION} rows with different numbers"
                )
                + ", or raise training.test_share.",
                threshold=limit,
            )
        ordered = sorted(defined, key=lambda name: defined[name], reverse=True)
        worst, value = ordered[0], defined[ordered[0]]
        perfect = [name for name in ordered if defined[name] > limit]
        fails = bool(perfect)
        label = "one of the classes" if candidate.target.kind == "multiclass" else "the label"
        told = f"Column {worst!r} alone tells {label} of {n} test rows with {what} {value:.4g}"
        others = f" (so do {', '.join(map(repr, perfect[1:]))})" if len(perfect) > 1 else ""
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
            f"See when {', '.join(map(repr, perfect))} becomes known. Take out of columns what is "
            "known only after the event; name in gates.trusted_columns what is honest."
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
    """How well one column tells the outcomes, on the test split and on the train split."""
    if len(train) == 0 or len(test) == 0:
        return nan
    numeric = candidate.columns[name].is_numeric
    bins: _Cut = _numeric_bins if numeric else _category_bins
    past = candidate.train[name]
    told = [_told(bins, past, candidate.test[name], train)]
    truths = [test]
    quarter = np.arange(len(train)) % FOLDS
    within = np.full(train.shape, nan)
    for number in np.unique(quarter):
        rest, fold = quarter != number, quarter == number
        if rest.any():
            within[fold] = _told(bins, past[rest], past[fold], train[rest])
    told.append(within)
    truths.append(train)
    judge = _judged_classes if candidate.target.is_classification else _judged_places
    return judge(truths, told)


def _told(bins: _Cut, past: "pd.Series[Any]", now: "pd.Series[Any]", outcomes: Array) -> Array:
    """What the bins of a column say about rows, learned from rows of the past."""
    of_past, of_now, count = bins(past, now)
    rows = np.bincount(of_past, minlength=count)
    means = [
        (np.bincount(of_past, column, minlength=count) + column.mean()) / (rows + 1)
        for column in outcomes.T
    ]
    return np.stack(means, axis=1)[of_now]


def _judged_classes(truths: list[Array], told: list[Array]) -> float:
    """The largest AUC of a class; of each the smallest over the parts."""
    judged = [
        min(
            metric_named("auc").compute(truth[:, number], truth[:, number], said[:, number])
            for truth, said in zip(truths, told, strict=True)
        )
        for number in range(truths[0].shape[1])
        if all(
            FEWEST_OF_CLASS <= truth[:, number].sum() <= len(truth) - FEWEST_OF_CLASS
            for truth in truths
        )
    ]
    return max(judged, default=nan)


def _judged_places(truths: list[Array], told: list[Array]) -> float:
    """The smallest R2 over the parts."""
    if any(len(truth) < FEWEST_OF_REGRESSION for truth in truths):
        return nan
    found = [
        metric_named("r2").compute(truth[:, 0], said[:, 0], said[:, 0])
        for truth, said in zip(truths, told, strict=True)
    ]
    return float(np.min(found))


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
