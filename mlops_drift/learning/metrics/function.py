"""Metrics of a user's own: a function of truth, prediction and score."""

from math import inf
from typing import get_args

import numpy as np

from mlops_drift.learning.metrics.base import Array, Metric, Weighted
from mlops_drift.own_code import OwnCodeError, own_code
from mlops_drift.plugins import Function
from mlops_drift.schema.columns import TargetKind

KINDS: frozenset[TargetKind] = frozenset(get_args(TargetKind))


class FunctionMetric(Metric):
    """The metric of a function ``(truth, prediction, score) -> float``, called as ``compute`` is.

    It may return the number of each row, shape (n,), too: then the metric is their mean, and its
    intervals cost next to nothing. Attributes of the function say what is not the default: that
    ``greater_is_better``, for any of ``kinds``, between ``lowest`` -inf and ``highest`` inf, and
    not ``uses_scores``.

    Raises:
        ValueError: If an attribute makes no sense.
    """

    def __init__(self, path: str, function: Function) -> None:
        self._path, self._function = path, function
        self.name = path.rpartition(":")[2]
        self.greater_is_better = bool(getattr(function, "greater_is_better", True))
        self.uses_scores = bool(getattr(function, "uses_scores", False))
        self.lowest = float(getattr(function, "lowest", -inf))
        self.highest = float(getattr(function, "highest", inf))
        given = getattr(function, "kinds", KINDS)
        named = {given} if isinstance(given, str) else set(given)
        self.kinds = frozenset(kind for kind in KINDS if kind in named)
        if not named or named - self.kinds:
            raise ValueError(f"{path}.kinds is {given!r}; give some of {', '.join(sorted(KINDS))}")

    def compute(self, truth: Array, prediction: Array, score: Array) -> float:
        return float(np.mean(self._found(truth, prediction, score)))

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        rows = self._found(truth, prediction, score)
        if not rows.ndim:
            return super().weighted(truth, prediction, score)
        return lambda counts: np.asarray(counts @ rows / counts.sum(axis=1))

    def influence(self, truth: Array, prediction: Array, score: Array) -> Array | None:
        rows = self._found(truth, prediction, score)
        return np.asarray(rows - rows.mean()) if rows.ndim else None

    def _found(self, truth: Array, prediction: Array, score: Array) -> Array:
        """What the function returns: one number, shape (), or that of each row, shape (n,)."""
        with own_code(self._path, "failed"):
            returned = self._function(truth, prediction, score)
            found = np.asarray(returned, dtype=float)
        if found.shape not in ((), truth.shape):
            raise OwnCodeError(
                f"{self._path} returned the shape {found.shape} for {len(truth)} rows; return one "
                "number, or one of each row"
            )
        return found
