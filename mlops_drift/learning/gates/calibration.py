"""The gate that scores must come true as often as they promise."""

from dataclasses import dataclass

import numpy as np

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Curve
from mlops_drift.learning.metrics.base import Array

BINS = 10
# Fewest rows of a bin, where there are enough rows for two.
_ROWS_OF_BIN = 10
SIMULATIONS = 1000
CHANCE = 0.999
# Cells of the table of simulations that is held at a time.
_CELLS = 1_000_000

_TIME = (
    "prefer simpler models, or see whether the test split is of another time than the train split."
)
_ADVICE = {
    "binary": f"Search by a metric that punishes wrong probabilities (log_loss), {_TIME}",
    "multiclass": _TIME.capitalize(),
    "regression": f"Search by rmse, which a shift costs more than mae, {_TIME}",
}


class Calibration(Gate):
    """Passes where scores promise what came true, or chance explains the difference.

    The test rows are ordered by score and cut into bins with equally many rows: 10, fewer where a
    bin would have under 10 rows. The error is the mean over the bins, weighted by their rows, of
    |mean promised - mean found|:

    - binary: promised is the score, found whether the row is positive;
    - multiclass: promised is the score of the predicted class, found whether it is the true one;
    - regression: promised is the prediction, found the truth, and the error is divided by the
      standard deviation of the truth, of train and test split together.

    What chance explains is the 99.9 % quantile of the error in 1,000 seeded simulations of test
    splits of the same scores that are perfectly calibrated: each row of a classification is true
    with the probability of its score; each row of a regression is its prediction plus an
    error of a test row or of a cross-validated one, which show how rare the large ones are, drawn
    from the bin of the same place, less the mean of that bin. The gate fails where the error is
    above ``max_calibration_error`` and above that quantile.

    Unknown under ``min_rows``, where a score is not finite, and for a regression whose labels are
    all the same.
    """

    name = "calibration"
    description = "Scores come true as often as they promise, and numbers are right on average."

    def judge(self, candidate: Candidate) -> GateResult:
        limit, n = candidate.gates.max_calibration_error, len(candidate.test)
        least, kind = candidate.gates.min_rows, candidate.target.kind
        if n < least:
            finding = f"Only {n} test rows, {least} are needed."
            advice = "Wait for more labels, raise training.test_share, or lower gates.min_rows."
            return self.unknown(n, finding, advice, threshold=limit)
        promised, found, scale = _promised_and_found(candidate)
        if not np.isfinite(promised).all() or scale == 0:
            why = "some scores are not finite" if scale else "all test labels are the same"
            finding = f"The calibration of {n} test rows is undefined: {why}."
            advice = "Look at the scores of the test split, or wait for labels that differ."
            return self.unknown(n, finding, advice, threshold=limit)
        bins = _Bins.of(promised)
        value = float(bins.errors((found - promised)[bins.order])) / scale
        chance = _by_chance(candidate, bins, promised, found) / scale
        means, truths = bins.means(promised).tolist(), bins.means(found).tolist()
        picture = Curve(means, truths, bins.sizes.tolist())
        bars = zip(means, truths, bins.sizes.tolist(), strict=True)
        fails, regression = value > limit and value > chance, kind == "regression"
        finding = (
            "Predicted numbers and the truth, in standard deviations of the truth,"
            if regression
            else "Scores and the shares that came true"
        ) + (
            f" differ by {value:.3g} on {n} test rows; at most {limit:.3g} is accepted, and up to "
            f"{chance:.3g} is not significant."
        )
        if fails and regression:
            finding += _of_numbers(picture)
        return self.result(
            fails,
            (value, limit, n),
            (finding, _ADVICE[kind]),
            numbers={"by chance": chance},
            tables={"bins": [{"predicted": x, "observed": y, "rows": rows} for x, y, rows in bars]},
            picture=picture,
        )


def _promised_and_found(candidate: Candidate) -> tuple[Array, Array, float]:
    truth, prediction, score = candidate.tested
    if candidate.target.kind == "regression":
        truth = truth.astype(float)
        known = np.append(candidate.train[candidate.target.column].to_numpy(dtype=float), truth)
        return prediction.astype(float), truth, float(known.std()) if truth.std() else 0.0
    binary = candidate.target.kind == "binary"
    return score, (truth == (candidate.target.positive if binary else prediction)).astype(float), 1


@dataclass(frozen=True)
class _Bins:
    """Rows in the order of their promise, cut into bins of consecutive rows."""

    order: Array
    starts: Array
    sizes: Array

    @classmethod
    def of(cls, promised: Array, count: int | None = None) -> "_Bins":
        """So many bins; as many as there are rows for where that is not given."""
        n = len(promised)
        count = count or max(1, min(BINS, n // _ROWS_OF_BIN))
        starts = np.arange(count) * n // count
        return cls(np.argsort(promised, kind="stable"), starts, np.diff(np.append(starts, n)))

    def means(self, values: Array) -> Array:
        """The mean of each bin."""
        sums = np.add.reduceat(values[self.order].astype(float), self.starts)
        return np.asarray(sums / self.sizes)

    def errors(self, differences: Array) -> Array:
        """The weighted mean of the bins' |differences|, which come in their order, (..., n)."""
        sums = np.add.reduceat(differences, self.starts, axis=-1)
        return np.asarray(np.abs(sums).sum(axis=-1) / len(self.order))

    def drawn(self, rng: np.random.Generator, times: int, others: "_Bins") -> Array:
        """A row of the others for each of ours, from the bin of the same place; (times, n)."""
        starts, sizes = (np.repeat(part, self.sizes) for part in (others.starts, others.sizes))
        places = starts + (rng.random((times, len(self.order))) * sizes).astype(int)
        return np.asarray(others.order[places])


def _by_chance(candidate: Candidate, bins: _Bins, promised: Array, found: Array) -> float:
    """The error that chance explains, in units of what is found."""
    rng, n = np.random.default_rng(candidate.seed), len(promised)
    ordered = promised[bins.order]
    others, noise = _noise(candidate, promised, found, len(bins.sizes))
    errors = []
    most = max(1, _CELLS // n)
    for start in range(0, SIMULATIONS, most):
        times = min(most, SIMULATIONS - start)
        if candidate.target.is_classification:
            errors.append(bins.errors((rng.random((times, n)) < ordered) - ordered))
        else:
            errors.append(bins.errors(noise[bins.drawn(rng, times, others)]))
    return float(np.quantile(np.concatenate(errors), CHANCE))


def _noise(candidate: Candidate, promised: Array, found: Array, count: int) -> tuple[_Bins, Array]:
    """Errors of test and cross-validated rows in common bins, less the mean of their bin."""
    if not candidate.target.is_classification:
        truth, prediction, _ = candidate.validated
        promised = np.append(promised, prediction.astype(float))
        found = np.append(found, truth.astype(float))
    bins, errors = _Bins.of(promised, count), found - promised
    noise = np.empty(len(errors))
    noise[bins.order] = errors[bins.order] - np.repeat(bins.means(errors), bins.sizes)
    return bins, noise


def _of_numbers(picture: Curve) -> str:
    """How predicted numbers differ from the truth."""
    promised, found = np.asarray(picture.promised), np.asarray(picture.found)
    shift = float(np.average(promised - found, weights=picture.counts))
    spread = float(np.ptp(promised)), float(np.ptp(found))
    stretched = "stretched" if spread[0] > spread[1] else "too close to their mean"
    return (
        f" They are {'above' if shift > 0 else 'below'} the truth by {abs(shift):.3g} on average, "
        f"and {stretched} (the means of the bins span {spread[0]:.3g}, those of the truth "
        f"{spread[1]:.3g})."
    )
