"""The gate that predictions are distributed as the labels of their own time are."""

from collections.abc import Mapping
from math import nan, sqrt
from statistics import NormalDist

import numpy as np

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.chance import CHANCE
from mlops_drift.learning.gates.pictures import Shares, histograms
from mlops_drift.learning.metrics.base import Array

# A class this frequent among the labels must be predicted at all; of fewer rows chance may be why.
FREQUENT = 0.05
FEWEST_ROWS = 5
# Least spread of the predictions, in spreads of the truth.
LEAST_SPREAD = 0.1

_OF_CLASSES = (
    "Look at the classes and the features of the train split, and whether the metric of the search "
    "rewards a one-sided answer."
)
_OF_NUMBERS = (
    "Look at the features of the train split, and whether a few huge labels decide what the search "
    "finds; mae heeds them less than rmse."
)


class PredictionDistribution(Gate):
    """Passes where test predictions vary as the test labels do.

    Classification: the value is the largest difference between the share of a class among the
    predictions and among the labels; it must not be above ``max_share_deviation`` by more than
    chance explains, with the lower end of its one-sided 99.5 % interval. Besides, not all
    predictions may be one class while the labels are several, nor all scores one number; every
    class with at least 5 % and at least 5 of the labels must be predicted, unless it is so rarely
    predicted in cross-validation that its absence has a chance above .005; and no class may have
    less than ``min_class_share`` of the predictions.

    Regression: the value is the standard deviation of the predictions divided by that of the
    labels, or the same of the distances between the quartiles if that is more: a few huge labels
    make all that can be predicted look small. It must be at least 0.1.

    Unknown under two rows, and for a regression whose labels are all the same.
    """

    name = "prediction_distribution"
    description = "The test predictions vary as the labels of their own time do."

    def judge(self, candidate: Candidate) -> GateResult:
        n = len(candidate.test)
        if n < 2:
            finding = f"{n} test predictions have no distribution; at least 2 are needed."
            return self.unknown(n, finding, "Raise training.test_share or wait for more labels.")
        if candidate.target.is_classification:
            return self._classes(candidate)
        return self._numbers(candidate)

    def _classes(self, candidate: Candidate) -> GateResult:
        limit, classes = candidate.gates.max_share_deviation, candidate.target.classes or []
        truth, prediction, _ = candidate.tested
        n = len(truth)
        true = {name: int((truth == name).sum()) for name in classes}
        predicted = {name: int((prediction == name).sum()) for name in classes}
        farthest = max(classes, key=lambda name: abs(predicted[name] - true[name]))
        # Of the counts: the difference of two shares is rounded.
        value = abs(predicted[farthest] - true[farthest]) / n
        apart = (
            f"class {farthest!r} is {predicted[farthest] / n:.1%} of the predictions and "
            f"{true[farthest] / n:.1%} of the labels; up to {limit:.3g} apart, or not "
            "significantly, is accepted"
        )
        by_chance = _margin(prediction == farthest, truth == farthest)
        wrong = [apart] if value - by_chance > limit else []
        wrong += _one_sided(candidate, true, predicted)
        shares = {
            name: [count / n for count in counts.values()]
            for name, counts in (("labels", true), ("predictions", predicted))
        }
        return self.result(
            bool(wrong),
            (value, limit, n),
            (f"Of {n} test predictions: {'; '.join(wrong) or apart}.", _OF_CLASSES),
            picture=Shares("share of each class", classes, shares),
        )

    def _numbers(self, candidate: Candidate) -> GateResult:
        truth, prediction = (
            candidate.tested.truth.astype(float),
            candidate.tested.prediction.astype(float),
        )
        n = len(truth)
        if _constant(truth):
            finding = f"All {n} test labels are {truth[0]:.4g}."
            advice = "Wait for labels that differ, or raise training.test_share."
            return self.unknown(n, finding, advice, threshold=LEAST_SPREAD)
        finite = bool(np.isfinite(prediction).all())
        value = _spread(prediction, truth) if finite else nan
        fails = not value >= LEAST_SPREAD
        why = ": the challenger hardly looks at its features" if fails else ""
        finding = (
            f"{n} test predictions vary {value:.3g} times as much as the labels, at least "
            f"{LEAST_SPREAD} is expected{why}."
            if finite
            else f"Of {n} test predictions some are no finite numbers."
        )
        series = {"labels": truth, "predictions": prediction}
        return self.result(
            fails,
            (value, LEAST_SPREAD, n),
            (finding, _OF_NUMBERS),
            direction=">=",
            picture=histograms("predictions and labels", series),
        )


def _one_sided(
    candidate: Candidate, true: Mapping[str, int], predicted: Mapping[str, int]
) -> list[str]:
    """What is wrong with predictions that leave out classes, given the rows of each class."""
    n, least = len(candidate.test), candidate.gates.min_class_share
    wrong = []
    if _constant(candidate.tested.score):
        wrong.append("all scores are the same number: the challenger ignores its features")
    elif max(predicted.values()) == n and max(true.values()) < n:
        only = max(predicted, key=lambda name: predicted[name])
        wrong.append(f"all predictions are the same class, {only!r}")
    silent = [
        f"{name!r} ({count / n:.1%} of the labels)"
        for name, count in true.items()
        if count / n >= FREQUENT
        and count >= FEWEST_ROWS
        and not predicted[name]
        and _absence(candidate, name) <= CHANCE
    ]
    if silent:
        wrong.append(f"{', '.join(silent)} is never predicted")
    rarest = min(predicted, key=lambda name: predicted[name])
    if least is not None and predicted[rarest] / n < least:
        share = f"{predicted[rarest] / n:.1%}"
        wrong.append(f"class {rarest!r} is {share} of the predictions, at least {least:.1%} is due")
    return wrong


def _margin(predicted: Array, true: Array) -> float:
    """By how much chance makes two shares of the same rows differ."""
    apart = predicted.astype(float) - true
    return float(NormalDist().inv_cdf(1 - CHANCE) * apart.std() / sqrt(len(apart)))


def _absence(candidate: Candidate, name: str) -> float:
    """The chance that so many rows have no prediction of a class that cross-validation predicts."""
    prediction = candidate.validated.prediction
    share = float((prediction == name).mean()) if len(prediction) else 0.0
    return float((1 - share) ** len(candidate.test)) if share else 0.0


def _spread(prediction: Array, truth: Array) -> float:
    """How widely predictions are spread beside the truth."""
    ours, theirs = (np.subtract(*np.quantile(one, [0.75, 0.25])) for one in (prediction, truth))
    return float(max(prediction.std() / truth.std(), ours / theirs if theirs else 0.0))


def _constant(values: Array) -> bool:
    return bool((values == values[0]).all())
