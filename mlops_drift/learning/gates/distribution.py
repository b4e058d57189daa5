"""The gate that predictions are distributed as the labels of their own time are."""

from collections.abc import Sequence
from math import nan, sqrt
from statistics import NormalDist

import numpy as np

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Picture, Shares
from mlops_drift.learning.metrics.base import Array

# A class this frequent among the labels must be predicted at all; of fewer rows chance may be why.
FREQUENT = 0.05
FEWEST_ROWS = 5

# Least spread of the predictions, in spreads of the truth.
LEAST_SPREAD = 0.1

# Chance may explain at most so much.
CHANCE = 0.005

_BINS = 12

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
        """Judges the distribution of the test predictions."""
        n = len(candidate.test)
        if n < 2:
            return self.unknown(
                n,
                f"{n} test predictions cannot show how they are distributed; at least 2 are "
                "needed.",
                "Raise training.test_share or wait for more labels.",
            )
        judge = self._classes if candidate.target.is_classification else self._numbers
        return judge(candidate, n)

    def _classes(self, candidate: Candidate, n: int) -> GateResult:
        gates, classes = candidate.gates, candidate.target.classes or []
        true = {name: int((candidate.truth == name).sum()) for name in classes}
        said = {name: int((candidate.prediction == name).sum()) for name in classes}
        labels = {name: count / n for name, count in true.items()}
        shares = {name: count / n for name, count in said.items()}
        farthest = max(classes, key=lambda name: abs(said[name] - true[name]))
        # Of the counts: the difference of two shares is rounded.
        value = abs(said[farthest] - true[farthest]) / n
        by_chance = _margin(candidate.prediction == farthest, candidate.truth == farthest)
        wrong = []
        if _constant(candidate.score):
            wrong.append("all scores are the same number: the challenger ignores its features")
        elif max(shares.values()) == 1 and max(labels.values()) < 1:
            only = max(classes, key=lambda name: shares[name])
            wrong.append(f"all predictions are the same class, {only!r}")
        if value - by_chance > gates.max_share_deviation:
            wrong.append(
                f"class {farthest!r} is {shares[farthest]:.1%} of the predictions and "
                f"{labels[farthest]:.1%} of the labels, {value:.3g} apart, accepted are "
                f"{gates.max_share_deviation:.3g}, and chance explains {by_chance:.2g}"
            )
        silent = [
            name
            for name in classes
            if labels[name] >= FREQUENT
            and true[name] >= FEWEST_ROWS
            and not shares[name]
            and _absence(candidate, name) <= CHANCE
        ]
        if silent:
            wrong.append(
                f"{', '.join(f'{name!r} ({labels[name]:.1%} of the labels)' for name in silent)} "
                "is never predicted"
            )
        rarest = min(classes, key=lambda name: shares[name])
        if gates.min_class_share is not None and shares[rarest] < gates.min_class_share:
            wrong.append(
                f"class {rarest!r} is {shares[rarest]:.1%} of the predictions, at least "
                f"{gates.min_class_share:.1%} is asked for"
            )
        return self._result(
            wrong,
            value,
            gates.max_share_deviation,
            n,
            f"The share of class {farthest!r} among {n} test predictions, {shares[farthest]:.1%}, "
            f"is the one farthest from that among the labels, {labels[farthest]:.1%}; up to "
            f"{gates.max_share_deviation:.3g} apart, or what chance explains, is accepted.",
            _OF_CLASSES,
            Shares(
                "share of each class",
                classes,
                {"labels": list(labels.values()), "predictions": list(shares.values())},
            ),
        )

    def _numbers(self, candidate: Candidate, n: int) -> GateResult:
        truth = candidate.truth.astype(float)
        prediction = candidate.prediction.astype(float)
        if _constant(truth):
            return self.unknown(
                n,
                f"All {n} test labels are {truth[0]:.4g}: whether the predictions vary as they do "
                "cannot be seen.",
                "Wait for labels that differ, or raise training.test_share.",
                threshold=LEAST_SPREAD,
            )
        finite = bool(np.isfinite(prediction).all())
        value = _spread(prediction, truth) if finite else nan
        wrong = [] if finite else ["some predictions are no finite numbers"]
        if value < LEAST_SPREAD:
            wrong.append(
                f"the predictions vary {value:.3g} times as much as the labels, at least "
                f"{LEAST_SPREAD} is asked for: the challenger hardly looks at its features"
            )
        return self._result(
            wrong,
            value,
            LEAST_SPREAD,
            n,
            f"{n} test predictions vary {value:.3g} times as much as the labels; at least "
            f"{LEAST_SPREAD} is asked for.",
            _OF_NUMBERS,
            histograms("predictions and labels", {"labels": truth, "predictions": prediction}),
        )

    def _result(
        self,
        wrong: Sequence[str],
        value: float,
        limit: float,
        n: int,
        passing: str,
        advice: str,
        picture: Picture,
    ) -> GateResult:
        if not wrong:
            return GateResult(self.name, "pass", value, limit, n, passing, picture=picture)
        return GateResult(
            self.name,
            "fail",
            value,
            limit,
            n,
            f"Of {n} test predictions: {'; '.join(wrong)}. Such answers are no use, whatever the "
            "metric says.",
            advice,
            picture=picture,
        )


def histograms(title: str, series: dict[str, Array]) -> Shares:
    """The shares of finite numbers in common bins of equal width.

    >>> histograms("", {"x": np.array([0.0, 12.0, np.inf])}).series["x"][-1]
    0.5
    """
    finite = {name: values[np.isfinite(values)] for name, values in series.items()}
    together = np.concatenate(list(finite.values()))
    if len(together) == 0:
        return Shares(title, [], {name: [] for name in series})
    # Halved before they are subtracted: the difference of the largest floats is infinite.
    middle = together.max() / 2 + together.min() / 2
    half = together.max() / 2 - together.min() / 2
    places = {
        name: np.clip(((values - middle) / (half or 1) + 1) * _BINS / 2, 0, _BINS - 1).astype(int)
        for name, values in finite.items()
    }
    centres = middle + half * ((np.arange(_BINS) + 0.5) / _BINS * 2 - 1)
    return Shares(
        title,
        [f"{centre:.3g}" for centre in centres],
        {
            name: (np.bincount(place, minlength=_BINS) / max(1, len(place))).tolist()
            for name, place in places.items()
        },
    )


def _margin(said: Array, true: Array) -> float:
    """By how much chance makes two shares of the same rows differ."""
    apart = said.astype(float) - true
    return float(NormalDist().inv_cdf(1 - CHANCE) * apart.std() / sqrt(len(apart)))


def _absence(candidate: Candidate, name: str) -> float:
    """The chance that so many rows have no prediction of a class that cross-validation predicts."""
    found = candidate.out_of_fold
    share = 0.0 if found is None or found.empty else float((found["prediction"] == name).mean())
    return 0.0 if share == 0 else float((1 - share) ** len(candidate.test))


def _spread(prediction: Array, truth: Array) -> float:
    """How widely predictions are spread beside the truth."""
    middle = [np.subtract(*np.quantile(values, [0.75, 0.25])) for values in (prediction, truth)]
    of_middle = float(middle[0] / middle[1]) if middle[1] else 0.0
    return max(float(prediction.std() / truth.std()), of_middle)


def _constant(values: Array) -> bool:
    return bool((values == values[0]).all())
