"""The gate that no single column may tell the label."""

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
# True and expected outcomes of the same rows, shape (n, outcomes).
_Outcomes = tuple[Array, Array]


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
    description = "No single column tells the label, as target leakage would."

    def judge(self, candidate: Candidate) -> GateResult:
        limit, n = candidate.gates.max_feature_auc, len(candidate.test)
        trusted, classes = candidate.gates.trusted_columns, candidate.target.is_classification
        names = [name for name in candidate.columns if name not in trusted]
        if not names:
            finding = f"All {len(trusted)} columns are in gates.trusted_columns."
            return self.result(False, (nan, limit, n), (finding, ""))
        outcomes = _outcomes(candidate)
        found = {name: _value(candidate, name, *outcomes) for name in names}
        defined = {name: value for name, value in found.items() if not isnan(value)}
        if not defined:
            needed = (
                f"{FEWEST_OF_CLASS} test rows of two classes each"
                if classes
                else f"{FEWEST_OF_REGRESSION} rows with different numbers"
            )
            finding = f"{n} test rows are too few, or their labels hardly differ."
            advice = f"Wait for at least {needed}, or raise training.test_share."
            return self.unknown(n, finding, advice, threshold=limit)
        ordered = sorted(defined, key=lambda name: defined[name], reverse=True)
        value, what = defined[ordered[0]], "AUC" if classes else "R2"
        leaks = ", ".join(repr(name) for name in ordered if defined[name] > limit)
        label = "one of the classes" if candidate.target.kind == "multiclass" else "the label"
        finding = (
            f"Column {ordered[0]!r} alone tells {label} of {n} test rows with {what} {value:.4g}, "
            f"the best of {len(names)} columns; at most {limit:.4g} is accepted."
        )
        advice = (
            f"See when {leaks} becomes known. Take out of columns what is known only after the "
            "event; name in gates.trusted_columns what is no leak."
        )
        shown = ordered[:15]
        values = [defined[name] for name in shown]
        return self.result(
            value > limit,
            (value, limit, n),
            (finding, advice),
            tables={"columns": [{"column": name, what: defined[name]} for name in ordered[:30]]},
            picture=Bars(f"{what} of each column alone", shown, values, limit),
        )


def _outcomes(candidate: Candidate) -> tuple[Array, Array]:
    """Of train and test rows each class as 0 or 1, or the label's place among the train labels."""
    label = candidate.target.column
    train, test = candidate.train[label].to_numpy(), candidate.test[label].to_numpy()
    if candidate.target.is_classification:
        classes = np.array(candidate.target.classes, dtype=object)
        return (train[:, None] == classes).astype(float), (test[:, None] == classes).astype(float)
    ordered = np.sort(train.astype(float))

    def places(values: Array) -> Array:
        ends = [np.searchsorted(ordered, values.astype(float), side) for side in ("left", "right")]
        return np.asarray(np.mean(ends, axis=0) / len(ordered))[:, None]

    return places(train), places(test)


def _value(candidate: Candidate, name: str, train: Array, test: Array) -> float:
    """How well one column predicts the outcomes, on the worse one of both splits."""
    bins = _numeric_bins if candidate.columns[name].is_numeric else _category_bins

    def expected(past: "pd.Series[Any]", now: "pd.Series[Any]", outcomes: Array) -> Array:
        """The outcomes expected of rows by their bin, learned from rows of the past."""
        of_past, of_now, count = bins(past, now)
        rows = np.bincount(of_past, minlength=count)
        means = [
            (np.bincount(of_past, column, minlength=count) + column.mean()) / (rows + 1)
            for column in outcomes.T
        ]
        return np.stack(means, axis=1)[of_now]

    past = candidate.train[name]
    quarter = np.arange(len(train)) % FOLDS
    within = np.full(train.shape, nan)
    for number in np.unique(quarter):
        rest, fold = quarter != number, quarter == number
        if rest.any():
            within[fold] = expected(past[rest], past[fold], train[rest])
    judge = _auc if candidate.target.is_classification else _r2
    return judge([(test, expected(past, candidate.test[name], train)), (train, within)])


def _auc(splits: list[_Outcomes]) -> float:
    """The largest AUC of a class; of each the smallest over the splits."""
    auc = metric_named("auc").compute

    def smallest(number: int) -> float:
        columns = [(truth[:, number], expected[:, number]) for truth, expected in splits]
        rows = [min(truth.sum(), len(truth) - truth.sum()) for truth, _ in columns]
        if min(rows) < FEWEST_OF_CLASS:
            return -np.inf
        return min(auc(truth, truth, expected) for truth, expected in columns)

    largest = max(map(smallest, range(splits[0][0].shape[1])))
    return largest if np.isfinite(largest) else nan


def _r2(splits: list[_Outcomes]) -> float:
    """The smallest R2 over the splits."""
    if any(len(truth) < FEWEST_OF_REGRESSION for truth, _ in splits):
        return nan
    r2 = metric_named("r2").compute
    found = [r2(truth[:, 0], expected[:, 0], expected[:, 0]) for truth, expected in splits]
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
