"""How well each column alone predicts the target, and which columns may leak it.

A leaking column is known only because the target is: a model that sees it looks perfect in training
and is useless in production.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlops_drift.charts import numbers as shown
from mlops_drift.drift.rows import Floats
from mlops_drift.explore.association import ranks, spearman_of
from mlops_drift.explore.groups import codes_of
from mlops_drift.explore.result import Alone
from mlops_drift.explore.sample import Sampled
from mlops_drift.explore.values import Values
from mlops_drift.schema.columns import Target

# From these on a column alone predicts the target almost perfectly.
ALONE = {"auc": "AUC", "lambda": "lambda", "r2": "R²"}
PERFECT = {"auc": 0.98, "lambda": 0.95, "r2": 0.98}
# Below these it says next to nothing.
TELLING = {"auc": 0.55, "lambda": 0.02, "r2": 0.02}
_SAME = 0.999
# In standard deviations: what none of some dozens of columns of noise reaches.
_CHANCE = 4.0
_FEWEST_ROWS, _FEWEST_OF_A_CLASS, _MOST_BINS = 50, 5, 100
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """The target in the rows of the sample.

    Attributes:
        codes: the class of each row, -1 where missing; None of a regression.
        numbers: the target of a regression.
        positive: number of the positive class of two.
    """

    column: str
    codes: Codes | None = None
    numbers: Floats | None = None
    positive: int = 1
    classes: int = 0

    @classmethod
    def of(cls, values: Values, target: Target, places: Codes) -> "Truth | None":
        """The target in these rows; None where too few have one, or too few of each class."""
        if not target.is_classification:
            assert values.numbers is not None
            numbers = values.numbers[places]
            enough = np.isfinite(numbers).sum() >= _FEWEST_ROWS
            return cls(values.name, numbers=numbers) if enough else None
        labels, codes = codes_of(values)
        codes = codes[places]
        counts = np.bincount(codes[codes >= 0], minlength=len(labels))
        if counts.sum() < _FEWEST_ROWS or np.sum(counts >= _FEWEST_OF_A_CLASS) < 2:
            return None
        positive = labels.index(target.positive) if target.positive in labels else -1
        return cls(values.name, codes, None, positive, len(labels))


def alone(column: Sampled, truth: Truth) -> Alone | None:
    """How well a column alone predicts the target; None where nothing can be measured.

    The column is cut into bins: at most 100 equally frequent ones of numbers, or the 50 most
    frequent categories and the rest; missing values are a bin. What a bin predicts is learned on
    one half of the rows and measured on the other, and the other way round: a column of names does
    not look perfect. Of two classes the AUC, of numbers also without bins, if that is higher; of
    more classes Goodman and Kruskal's lambda, the share of a constant answer's errors that the
    column avoids (the rule of Holte's 1R); of a regression R².
    """
    is_known = truth.codes >= 0 if truth.codes is not None else np.isfinite(truth.numbers)  # type: ignore[arg-type]
    bins = _bins(column)[is_known]
    if not len(bins) or bins.min() == bins.max():
        return None
    if truth.numbers is not None:
        y = truth.numbers[is_known]
        value = _halves(bins, lambda a, b: _r2(a, b, y))
        leak = _same_number(column, truth) or _perfect("r2", value)
        return Alone(column.name, "r2", value, _CHANCE**2 / len(y), leak)
    assert truth.codes is not None
    codes = truth.codes[is_known]
    if truth.positive >= 0:
        hits = codes == truth.positive
        value = _halves(bins, lambda a, b: _auc(a, b, hits))
        if column.numbers is not None:
            value = max(value, _ranked(column.numbers[is_known], hits))
        leak = _same(bins, codes) or _perfect("auc", value)
        return Alone(column.name, "auc", value, _auc_of_noise(hits), leak)
    value = _halves(bins, lambda a, b: _lambda(a, b, codes, truth.classes))
    leak = _same(bins, codes) or _perfect("lambda", value)
    return Alone(column.name, "lambda", value, _CHANCE / len(codes) ** 0.5, leak)


def _auc_of_noise(hits: NDArray[np.bool_]) -> float:
    """What chance makes, by the variance of the Mann-Whitney U without any relation."""
    n, ups = len(hits), float(hits.sum())
    return 0.5 + _CHANCE * float(np.sqrt((n + 1) / (12 * max(1.0, ups * (n - ups)))))


def _perfect(measure: str, value: float) -> str:
    if value < PERFECT[measure]:
        return ""
    return f"alone predicts the target almost perfectly ({ALONE[measure]} {shown.distance(value)})"


def _bins(column: Sampled) -> Codes:
    if column.codes is not None:
        return np.where(column.codes < 0, column.codes.max(initial=0) + 1, column.codes)
    assert column.numbers is not None
    known = ~np.isnan(column.numbers)
    if not known.any():
        return np.zeros(len(column.numbers), dtype=np.int64)
    values = column.numbers[known]
    most = max(2, min(_MOST_BINS, len(values) // 20))
    bounds = np.unique(np.sort(values)[np.arange(1, most) * len(values) // most])
    found = np.searchsorted(bounds, column.numbers, side="left")
    # Each of few values is a bin of its own, also the last one.
    found += (column.numbers > bounds[-1]) & (found < len(bounds))
    return np.where(known, found, len(bounds) + 1).astype(np.int64)


def _halves(bins: Codes, measure: "Callable[[_Half, _Half], float]") -> float:
    even = np.arange(len(bins)) % 2 == 0
    size = int(bins.max()) + 1
    halves = [_Half(bins, even, size), _Half(bins, ~even, size)]
    found = [measure(halves[0], halves[1]), measure(halves[1], halves[0])]
    return float(np.mean(found))


@dataclass(frozen=True)
class _Half:
    """Every second row: its bins."""

    bins: Codes
    where: NDArray[np.bool_]
    size: int

    def rows(self, weights: Floats | NDArray[np.bool_] | None = None) -> Floats:
        """Rows, or the sum of weights, of each bin."""
        given = None if weights is None else weights[self.where].astype(float)
        found = np.bincount(self.bins[self.where], weights=given, minlength=self.size)
        return found.astype(float)


def _auc(past: _Half, now: _Half, hits: NDArray[np.bool_]) -> float:
    """The AUC of the share of the positive class by bin, learned in the past."""
    prior = float(hits[past.where].mean())
    score = (past.rows(hits) + prior) / (past.rows() + 1)
    positive, rows = now.rows(hits), now.rows()
    _, level = np.unique(score, return_inverse=True)
    ups = np.bincount(level, weights=positive)
    downs = np.bincount(level, weights=rows - positive)
    n = float(ups.sum()) * float(downs.sum())
    below = np.cumsum(downs) - downs / 2
    return float(np.dot(ups, below)) / n if n else 0.5


def _ranked(values: Floats, hits: NDArray[np.bool_]) -> float:
    """The AUC of the numbers themselves, ascending or descending, where they are known."""
    known = ~np.isnan(values)
    up, n = hits[known], int(known.sum())
    ups = int(up.sum())
    if ups < _FEWEST_OF_A_CLASS or n - ups < _FEWEST_OF_A_CLASS or n < 0.5 * len(values):
        return 0.5
    limited = np.nan_to_num(values[known], posinf=np.finfo(float).max, neginf=np.finfo(float).min)
    total = float(ranks(limited)[up].sum())
    auc = (total - ups * (ups + 1) / 2) / (ups * (n - ups))
    return max(auc, 1 - auc)


def _lambda(past: _Half, now: _Half, codes: Codes, classes: int) -> float:
    cells = past.bins[past.where] * classes + codes[past.where]
    table = np.bincount(cells, minlength=past.size * classes).reshape(past.size, classes)
    usual = int(table.sum(axis=0).argmax())
    answer = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), usual)
    truth = codes[now.where]
    right = float(np.mean(answer[now.bins[now.where]] == truth))
    constant = float(np.mean(truth == usual))
    return max(0.0, (right - constant) / (1 - constant)) if constant < 1 else 0.0


def _r2(past: _Half, now: _Half, y: Floats) -> float:
    with np.errstate(all="ignore"):
        mean = float(y[past.where].mean())
        answer = (past.rows(y) + mean) / (past.rows() + 1)
        truth = y[now.where]
        rest = float(((truth - answer[now.bins[now.where]]) ** 2).sum())
        whole = float(((truth - truth.mean()) ** 2).sum())
    return max(0.0, 1 - rest / whole) if 0 < whole < np.inf else 0.0


def _same(bins: Codes, codes: Codes) -> str:
    """Whether each bin is a class, and each class a bin, but for one row in a thousand."""
    size = int(codes.max()) + 1
    table = np.bincount(bins * size + codes, minlength=(int(bins.max()) + 1) * size)
    table = table.reshape(-1, size)
    table = table[table.sum(axis=1) > 0]
    hits = table.max(axis=1).sum()
    is_matching = len(table) == len(set(codes.tolist())) == len(set(table.argmax(axis=1).tolist()))
    return "is the target by another name" if is_matching and hits >= _SAME * len(bins) else ""


def _same_number(column: Sampled, truth: Truth) -> str:
    if column.numbers is None or truth.numbers is None:
        return ""
    both = np.isfinite(column.numbers) & np.isfinite(truth.numbers)
    if both.sum() < _FEWEST_ROWS:
        return ""
    if np.mean(column.numbers[both] == truth.numbers[both]) >= _SAME:
        return "is equal to the target"
    rho = spearman_of(column.numbers, truth.numbers)
    if abs(rho) >= PERFECT["r2"]:
        return f"orders the rows as the target does (Spearman {shown.distance(rho)})"
    return ""


def one_sided(filled: Sequence[int], groups: Sequence[int]) -> tuple[int, int] | None:
    """The groups in which a column is most and least often filled, where that differs much.

    >>> one_sided([90, 0], [100, 100]), one_sided([90, 80], [100, 100])
    ((0, 1), None)
    """
    shares = [n / rows if rows else 0.0 for n, rows in zip(filled, groups, strict=True)]
    if len(shares) < 2:
        return None
    most, least = max(shares), min(shares)
    is_far = most - least >= 0.25 or (most >= 0.02 and least <= 0.02 * most)
    return (
        (shares.index(most), shares.index(least)) if is_far and most * max(groups) >= 20 else None
    )
