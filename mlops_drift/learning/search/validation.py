"""What a recipe is worth: its metric over rows that its models have not seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from math import isnan, nan

import numpy as np
import optuna
import pandas as pd

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.base import Params
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import metric_for
from mlops_drift.learning.probabilities import decide, scores, unweighted
from mlops_drift.learning.recipe import Recipe
from mlops_drift.learning.search.folds import FoldMatrices, Folds
from mlops_drift.learning.threshold import judged
from mlops_drift.learning.threshold_classifier import weights
from mlops_drift.schema.columns import Column, Target

# Names of what a trial found: the score it decides by, and hyperparameters that the fit found.
THRESHOLD = "threshold"
STAGE = "found_by_the_fit"
# Of each row of a fold.
PredictionAndScore = tuple[Array, Array]


@dataclass
class _Stage:
    """What the fits of a trial predict of each fold so far, if they end at one place.

    The params are those that the fit itself found.
    """

    params: Params
    found: list[PredictionAndScore]
    value: float = nan
    threshold: float = 0.5


class CrossValidation:
    """Cross-validates the trials of a search on the same folds, of which there is at least one."""

    def __init__(
        self,
        features: pd.DataFrame,
        truth: Array,
        columns: Mapping[str, Column],
        target: Target,
        training: Training,
        folds: Folds,
    ) -> None:
        self._truth = truth
        self._target = target
        self._training = training
        self._sign = 1 if metric_for(training.metric, target.kind).greater_is_better else -1
        self._folds = folds
        self._matrices = FoldMatrices(features, truth, columns, folds)

    def run(self, asked: optuna.Trial, recipe: Recipe) -> float | None:
        """The metric over the out-of-fold predictions; None if it was not worth its last folds.

        After each fold the metric over the rows predicted so far is compared with that of earlier
        trials of the family on the same rows. The trial records each metric, with its threshold and
        its number of rounds.
        """
        stages: list[_Stage] = []
        value = nan
        for number in range(len(self._folds)):
            if number == 0:
                stages = list(self._first(recipe))
            else:
                # Further than on the first fold no fit goes.
                predicted = islice(self._predicted(recipe, number), len(stages))
                for stage, (_, found) in zip(stages, predicted, strict=True):
                    stage.found.append(found)
                    self._judge(stage)
            # The earliest of equal ones.
            best = max(
                stages, key=lambda one: -np.inf if isnan(one.value) else self._sign * one.value
            )
            value = best.value
            asked.set_user_attr(THRESHOLD, best.threshold)
            if best.params:
                asked.set_user_attr(STAGE, best.params)
            if not isnan(value):
                asked.report(value, number)
                if number + 1 < len(self._folds) and asked.should_prune():
                    return None
        return value

    def _first(self, recipe: Recipe) -> Iterator[_Stage]:
        """The stages of a fit on the first fold, until one is worse than the one before."""
        last = nan
        for params, found in self._predicted(recipe, 0):
            decided_by_fit = {key: params[key] for key in params if key not in recipe.params}
            stage = _Stage(decided_by_fit, [found])
            self._judge(stage)
            yield stage
            # In the order of time the first fold has the fewest rows, and needs the fewest rounds.
            is_stratified = self._training.validation == "stratified"
            if is_stratified and self._sign * stage.value < self._sign * last:
                return
            last = stage.value

    def _judge(self, stage: _Stage) -> None:
        """Brings metric and threshold of a stage up to date."""
        prediction, score = (np.concatenate(parts) for parts in zip(*stage.found, strict=True))
        rows = np.concatenate([other for _, other in self._folds[: len(stage.found)]])
        truth = self._truth[rows]
        stage.value, stage.threshold = judged(
            self._training, self._target, truth, prediction, score
        )

    def _predicted(
        self, recipe: Recipe, number: int
    ) -> Iterator[tuple[Params, PredictionAndScore]]:
        """What each stage of a fit on the other rows predicts of a fold."""
        chosen, target, training = family(recipe.family), self._target, self._training
        split = self._matrices.of(chosen, recipe.params, number)
        given = recipe.params, target, training.seed, split
        if not target.is_classification:
            for params, values in chosen.stages(*given, None):
                yield params, (values, values)
            return
        names = split.truth.astype(str)
        classes = np.unique(names)
        of_classes, of_rows = weights(names, recipe.class_weight)
        asked = recipe.class_weight != "none" or training.fit_threshold != 0.5
        positive = target.positive if asked else None
        for params, shifted in chosen.stages(*given, of_rows):
            probability = unweighted(shifted, of_classes)
            prediction = decide(probability, classes, training.fit_threshold, positive)
            yield params, (prediction, scores(probability, classes, target))
