"""The folds of a cross-validation, and the matrices that its estimators are fed."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.base import Family, Params, Split, plain
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Column, Target

Folds = list[tuple[Array, Array]]

FEWEST_SHUFFLED = 4

# Larger matrices are made anew for each trial instead of kept.
MOST_BYTES = 2**28


def folds_of(truth: Array, target: Target, training: Training) -> Folds:
    """Row numbers to fit on and to predict, per fold.

    Stratified: every row is predicted in one fold, by all other rows. Time-ordered: the rows are
    cut into one block more than folds, and each but the first is predicted by those before it;
    a fold with fewer than two classes to fit on is left out.

    Args:
        truth: Class names, or numbers for regression; at least 2 rows, in the order of time.
        target: What is predicted.
        training: The way of validation, the number of folds and the seed. A class with fewer rows
            than folds lowers the number of stratified folds, as few rows do any.
    """
    rows = np.zeros(len(truth))
    if training.validation == "time_ordered":
        blocks = TimeSeriesSplit(min(training.folds, len(truth) - 1)).split(rows)
        return [
            (fit, other)
            for fit, other in blocks
            if not target.is_classification or len(np.unique(truth[fit].astype(str))) > 1
        ]
    if target.is_classification:
        _, counts = np.unique(truth.astype(str), return_counts=True)
        most, splitter = int(counts.min()), StratifiedKFold
    else:
        most, splitter = len(truth), KFold
    folds = splitter(min(training.folds, most), shuffle=True, random_state=training.seed)
    return list(folds.split(rows, truth))


def shuffled_folds(truth: Array, target: Target, training: Training) -> Folds:
    """Row numbers to fit on and to predict, per fold, whatever the way of validation.

    They are those of a stratified search, but at least four: what learns from half of the rows
    knows less than what learns from all. A class with fewer rows than folds is in some of them; a
    fold without two classes to fit on is left out.

    >>> target = Target(column="y", kind="regression")
    >>> training = Training(metric="mae", folds=2, validation="time_ordered")
    >>> [len(fit) for fit, _ in shuffled_folds(np.arange(40.0), target, training)]
    [30, 30, 30, 30]
    """
    count, rows = max(training.folds, FEWEST_SHUFFLED), np.zeros(len(truth))
    if not target.is_classification:
        folds = KFold(min(count, len(truth)), shuffle=True, random_state=training.seed)
        return list(folds.split(rows))
    names = truth.astype(str)
    most = int(np.unique(names, return_counts=True)[1].max())
    folds = StratifiedKFold(min(count, most), shuffle=True, random_state=training.seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        return [split for split in folds.split(rows, names) if len(np.unique(names[split[0]])) > 1]


class FoldMatrices:
    """What the estimators of a search are fed, made once for all trials that share it.

    It is to the last bit what a pipeline would make of the same rows.

    Args:
        features: The rows that the folds number.
        truth: Their labels.
        columns: The feature columns.
        folds: Row numbers to fit on and to predict, per fold.
    """

    def __init__(
        self, features: pd.DataFrame, truth: Array, columns: Mapping[str, Column], folds: Folds
    ) -> None:
        self._truth = truth
        self._plain = _coded(plain(features, columns))
        # By place, since an array has no names.
        self._columns = dict(enumerate(columns.values()))
        self._folds = folds
        self._kept: dict[tuple[object, ...], Split] = {}
        self._bytes = 0

    def of(self, family: Family, params: Params, number: int) -> Split:
        """The rows to fit on and the rows to predict of a fold, as the family takes them."""
        key = (family.name, *(params[name] for name in family.matrix_params), number)
        if key in self._kept:
            return self._kept[key]
        matrix = family.matrix(params, self._columns)
        fit_rows, other_rows = (self._plain[rows] for rows in self._folds[number])
        made = Split(
            np.ascontiguousarray(matrix.fit_transform(fit_rows)),
            self._truth[self._folds[number][0]],
            np.ascontiguousarray(matrix.transform(other_rows)),
        )
        size = made.rows.nbytes + made.others.nbytes
        if self._bytes + size <= MOST_BYTES:
            self._kept[key] = made
            self._bytes += size
        return made


def _coded(rows: pd.DataFrame) -> Array:
    """Plain rows with a number for each category, in the same order, as one array.

    Encoders tell numbers apart many times as fast as texts, and columns of an array many times as
    fast as those of a frame.
    """
    for name in rows.select_dtypes(exclude="number"):
        codes, _ = pd.factorize(rows[name], sort=True)
        rows[name] = np.where(codes < 0, np.nan, codes)
    return rows.to_numpy(dtype=float)
