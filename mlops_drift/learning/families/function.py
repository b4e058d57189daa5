"""Estimators of a user's own: whatever a function makes that scikit-learn could use."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import cloudpickle
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from mlops_drift.learning.families.base import BOUND, Learner, Params, Split, plain_step
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.search.space import Space, drawn_from, first_of
from mlops_drift.learning.threshold_classifier import weights_of_fit
from mlops_drift.own_code import OwnCodeError, own_code
from mlops_drift.plugins import Function
from mlops_drift.schema.columns import Column, Target

if TYPE_CHECKING:
    from optuna import Trial


class FunctionFamily(Learner):
    """The estimators of a function ``(columns, target, params) -> estimator``.

    It is called with the declared columns by name, the target, and parameters out of the search
    space. What it returns, an estimator or a pipeline of scikit-learn's kind, is fitted on the
    declared columns as ``plain`` gives them within ``BOUND``, in a frame, and on names of classes
    or on numbers.
    Every ``random_state`` that is None becomes the seed and every ``n_jobs`` one, in nested steps
    too.
    """

    def __init__(self, name: str, function: Function, space: Space | None = None) -> None:
        self.name = name
        self._function, self._space = function, space or {}
        self.has_choices = bool(self._space)

    def searching(self, space: Space | None) -> Learner:
        return FunctionFamily(self.name, self._function, space)

    def errors_named(self) -> AbstractContextManager[None]:
        return own_code(self.name, "made an estimator that failed")

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return first_of(self._space)

    def suggest(self, trial: "Trial", columns: Mapping[str, Column], n_rows: int) -> Params:
        return drawn_from(self._space, trial, self.parameter(""))

    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> None:
        return None

    def build(
        self, params: Params, columns: Mapping[str, Column], target: Target, seed: int
    ) -> Pipeline:
        estimator = self._estimator(params, columns, target, seed)
        return Pipeline([("plain", plain_step(columns, BOUND)), ("estimator", estimator)])

    def stages(
        self, params: Params, target: Target, seed: int, split: Split, weights: Array | None
    ) -> Iterator[tuple[Params, Array]]:
        estimator = self._estimator(params, split.columns, target, seed)
        with self.errors_named():
            estimator.fit(split.rows, split.truth, **weights_of_fit(estimator, weights))
            answer = estimator.predict_proba if target.is_classification else estimator.predict
            found = np.asarray(answer(split.others), dtype=float)
        classes = np.unique(split.truth.astype(str)) if target.is_classification else None
        self._require_sound(estimator, found, split.others, classes)
        yield params, found

    def _estimator(
        self, params: Params, columns: Mapping[str, Column], target: Target, seed: int
    ) -> BaseEstimator:
        """An unfitted copy of what the function makes, which can be stored."""
        with own_code(self.name, "failed"):
            made = self._function(dict(columns), target, dict(params))
        self._require_estimator(made, target)
        with own_code(self.name, "made an estimator that cannot be copied"):
            estimator = clone(made)
            estimator.set_params(**_fixed(estimator, seed))
        with own_code(self.name, "made an estimator that cannot be pickled, and so not stored"):
            cloudpickle.dumps(estimator)
        return estimator

    def _require_estimator(self, made: object, target: Target) -> None:
        kind = made.__name__ if isinstance(made, type) else type(made).__name__
        if isinstance(made, type):
            raise OwnCodeError(f"{self.name} returned the class {kind}; return {kind}(...)")
        wanted = ["fit", "get_params"]
        wanted += ["predict_proba"] if target.is_classification else ["predict"]
        if missing := [name for name in wanted if not hasattr(made, name)]:
            raise OwnCodeError(
                f"{self.name} returned a {kind} without {', '.join(missing)}; a {target.kind} "
                "target needs an estimator as scikit-learn describes it with fit, get_params and "
                f"{wanted[-1]}{_advice(missing)}"
            )

    def _require_sound(
        self,
        estimator: BaseEstimator,
        found: Array,
        rows: Array | pd.DataFrame,
        classes: Array | None,
    ) -> None:
        """Requires a number of each row, or a probability of each class in alphabetical order."""
        shape = (len(rows),) if classes is None else (len(rows), len(classes))
        what = "predict" if classes is None else "predict_proba"
        if found.shape != shape:
            raise OwnCodeError(
                f"{self.name} made an estimator whose {what} gives the shape {found.shape} for "
                f"{len(rows)} rows; {shape} is right"
            )
        if not np.isfinite(found).all():
            raise OwnCodeError(
                f"{self.name} made an estimator whose {what} gives numbers that are not finite"
            )
        if classes is not None and list(estimator.classes_) != list(classes):
            raise OwnCodeError(
                f"{self.name} made an estimator whose classes_ are {list(estimator.classes_)}; "
                f"those of the rows in alphabetical order are {list(classes)}"
            )


def _fixed(estimator: BaseEstimator, seed: int) -> dict[str, int]:
    """The parameters that make a fit the same at every call, by name, of nested steps too."""
    fixed, params = {}, estimator.get_params(deep=True)
    for name, value in params.items():
        of, _, last = name.rpartition("__")
        if last == "random_state" and value is None:
            fixed[name] = seed
        elif last == "n_jobs" and value != 1:
            owner = params[of] if of else estimator
            # To scikit-learn None is one, and some of its estimators warn of a number.
            home = getattr(type(owner).__init__, "__module__", "")
            if value is not None or not home.startswith("sklearn."):
                fixed[name] = 1
    return fixed


def _advice(missing: list[str]) -> str:
    if "predict_proba" in missing:
        return "; sklearn.calibration.CalibratedClassifierCV adds probabilities to a classifier"
    return ""
