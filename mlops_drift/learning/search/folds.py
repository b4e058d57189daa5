"""The folds of a cross-validation, and the matrices that its estimators are fed."""

import warnings
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.base import BOUND, Learner, Params, Split, plain
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Column, Target

# Row numbers to fit on and to predict, per fold.
Folds = list[tuple[Array, Array]]
FEWEST_SHUFFLED = 4
# Larger matrices are made anew for each trial instead of kept.
MOST_BYTES = 2**28


def folds_of(truth: Array, target: Target, training: Training) -> Folds:
    """The folds of at least two rows in the order of time.

    Stratified: every row is predicted in one fold, by all other rows; few rows, or a class with
    fewer rows than folds, lower their number. Time-ordered: the rows are cut into one block more
    than folds, and each but the first is predicted by those before it; a fold with fewer than two
    classes to fit on is left out.
    """
    if training.validation == "time_ordered":
        blocks = TimeSeriesSplit(min(training.folds, len(truth) - 1)).split(truth)
        return [split for split in blocks if _is_enough(truth[split[0]], target)]
    least = int(_rows_of_classes(truth, target).min())
    return _shuffled(truth, target, min(training.folds, least), training.seed)


def shuffled_folds(truth: Array, target: Target, training: Training) -> Folds:
    """The folds of a stratified search, whatever the way of validation, but at least four.

    What learns from half of the rows knows less than what learns from all. A class with fewer rows
    than folds is in some of them; a fold without two classes to fit on is left out.

    >>> target = Target(column="y", kind="regression")
    >>> training = Training(metric="mae", folds=2, validation="time_ordered")
    >>> [len(fit) for fit, _ in shuffled_folds(np.arange(40.0), target, training)]
    [30, 30, 30, 30]
    """
    count, most = max(training.folds, FEWEST_SHUFFLED), int(_rows_of_classes(truth, target).max())
    return _shuffled(truth, target, min(count, most), training.seed)


def _shuffled(truth: Array, target: Target, count: int, seed: int) -> Folds:
    names, splitter = (truth.astype(str), StratifiedKFold) if target.classes else (truth, KFold)
    folds = splitter(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        splits = list(folds.split(np.zeros(len(truth)), names))
    return [split for split in splits if _is_enough(truth[split[0]], target)]


def _rows_of_classes(truth: Array, target: Target) -> Array:
    """The rows of each class; a regression has one."""
    names = truth.astype(str) if target.is_classification else np.zeros(len(truth))
    counts: Array = np.unique(names, return_counts=True)[1]
    return counts


def _is_enough(truth: Array, target: Target) -> bool:
    """Whether there are two classes to fit on, if any."""
    return not target.is_classification or len(_rows_of_classes(truth, target)) > 1


class FoldMatrices:
    """What the estimators of a search are fed, made once for all trials that share it.

    It is to the last bit what a pipeline would make of the same rows.
    """

    def __init__(
        self, features: pd.DataFrame, truth: Array, columns: Mapping[str, Column], folds: Folds
    ) -> None:
        self._truth = truth
        self._features, self._named = features, columns
        self._codes = _coded(plain(features, columns))
        # By place, since an array has no names.
        self._columns = dict(enumerate(columns.values()))
        self._folds = folds
        self._kept: dict[tuple[object, ...], Split] = {}
        self._bytes = 0

    def of(self, family: Learner, params: Params, number: int) -> Split:
        """The rows to fit on and the rows to predict of a fold, as the family takes them."""
        key = (family.name, *(params[name] for name in family.matrix_params), number)
        if key in self._kept:
            return self._kept[key]
        matrix = family.matrix(params, self._columns)
        rows, others = self._folds[number]
        if matrix is None:
            frame = self._plain
            return Split(frame.iloc[rows], self._truth[rows], frame.iloc[others], self._named)
        fitted = np.ascontiguousarray(matrix.fit_transform(self._codes[rows]))
        predicted = np.ascontiguousarray(matrix.transform(self._codes[others]))
        made = Split(fitted, self._truth[rows], predicted)
        size = fitted.nbytes + predicted.nbytes
        if self._bytes + size <= MOST_BYTES:
            self._kept[key] = made
            self._bytes += size
        return made

    @cached_property
    def _plain(self) -> pd.DataFrame:
        """The rows as a pipeline's first step gives them, for families that take them so."""
        return plain(self._features, self._named, BOUND)


def _coded(rows: pd.DataFrame) -> Array:
    """Plain rows with a number for each category, in the same order, as one array.

    Encoders tell numbers apart many times as fast as texts, and columns of an array many times as
    fast as those of a frame.
    """
    for name in rows.select_dtypes(exclude="number"):
        codes, _ = pd.factorize(rows[name], sort=True)
        rows[name] = np.where(codes < 0, np.nan, codes)
    return rows.to_numpy(dtype=float)
