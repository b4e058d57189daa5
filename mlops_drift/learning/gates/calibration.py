"""The gate that scores must mean what they say."""

from dataclasses import dataclass

import numpy as np

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Curve
from mlops_drift.learning.metrics import Array

BINS = 10

# Fewest rows of a bin, where there are enough rows for two.
_ROWS_OF_BIN = 10

SIMULATIONS = 200
CHANCE = 0.99


class Calibration(Gate):
    """Passes where scores promise what came true, or chance explains the difference.

    The test rows are ordered by score and cut into bins with equally many rows: 10, fewer where a
    bin would have under 10 rows. The error is the mean over the bins, weighted by their rows, of
    |mean promised - mean found|:

    - binary: promised is the score, found whether the row is positive;
    - multiclass: promised is the score of the predicted class, found whether it is the true one;
    - regression: promised is the prediction, found the truth, and the error is divided by the
      standard deviation of the truth.

    What chance explains is the 99 % quantile of the error in 200 seeded simulations of test parts
    of the same scores that are perfectly calibrated: each row of a classification is true with the
    probability that its score says; each row of a regression is its prediction plus an error
    drawn from those of its bin, less their mean. The gate fails where the error is above
    ``max_calibration_error`` and above that quantile.

    Unknown under ``min_rows``, where a score is not finite, and for a regression whose labels are
    all the same.
    """

    name = "calibration"
    description = "The scores come true as often as they say, or are off by chance only."

    def judge(self, candidate: Candidate) -> GateResult:
        """Judges the calibration error of the test part."""
        limit, n = candidate.gates.max_calibration_error, len(candidate.test)
        if n < candidate.gates.min_rows:
            return self.unknown(
                n,
                f"Only {n} test rows, {candidate.gates.min_rows} are needed to hold scores against "
                "what came true.",
                "Wait for more labels, raise training.test_share, or lower gates.min_rows.",
                threshold=limit,
            )
        promised, found, scale = _promised_and_found(candidate)
        if not np.isfinite(promised).all() or scale == 0:
            why = "some scores are not finite" if scale else "all test labels are the same"
            return self.unknown(
                n,
                f"The calibration of {n} test rows is undefined: {why}.",
                "Look at the scores of the test part, or wait for labels that differ.",
                threshold=limit,
            )
        bins = _bins(promised)
        value = bins.error(promised, found) / scale
        rng = np.random.default_rng(candidate.seed)
        regression = not candidate.target.is_classification
        residual = found - promised - bins.of_row(bins.means(found - promised))

        def simulated() -> Array:
            if regression:
                return np.asarray(promised + residual[bins.drawn(rng)])
            return np.asarray(rng.random(n) < promised)

        errors = [bins.error(promised, simulated()) / scale for _ in range(SIMULATIONS)]
        chance = float(np.quantile(errors, CHANCE))
        unit = " standard deviations of the truth" if regression else ""
        off = f"Scores and what came true differ by {value:.3g}{unit} on {n} test rows"
        picture = Curve(
            bins.means(promised).tolist(), bins.means(found).tolist(), bins.sizes.tolist()
        )
        tables = {
            "bins": [
                {"promised": said, "found": true, "n": rows}
                for said, true, rows in zip(
                    picture.promised, picture.found, picture.counts, strict=True
                )
            ]
        }
        fails = value > limit and value > chance
        by_chance = f"up to {chance:.3g} happens by chance to perfect scores of so many rows"
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            value,
            limit,
            n,
            f"{off}, at most {limit:.3g} is accepted, and {by_chance}: whoever acts on a score "
            "acts on a wrong probability, and performance cannot be estimated from scores."
            if fails
            else f"{off}; accepted is {limit:.3g}, and {by_chance}.",
            "Let the search use a metric that punishes wrong probabilities (log_loss), prefer "
            "simpler models, or see whether the test part is of another time than the train part."
            if fails
            else "",
            numbers={"by chance": chance},
            tables=tables,
            picture=picture,
        )


def _promised_and_found(candidate: Candidate) -> tuple[Array, Array, float]:
    if candidate.target.kind == "regression":
        truth = candidate.truth.astype(float)
        return candidate.prediction.astype(float), truth, float(truth.std())
    said = (
        candidate.prediction if candidate.target.kind == "multiclass" else candidate.target.positive
    )
    return candidate.score, (candidate.truth == said).astype(float), 1.0


@dataclass(frozen=True)
class _Bins:
    """Rows in the order of their promise, cut into bins of consecutive rows."""

    order: Array
    starts: Array
    sizes: Array

    def means(self, values: Array) -> Array:
        """The mean of each bin."""
        return np.asarray(
            np.add.reduceat(values[self.order].astype(float), self.starts) / self.sizes
        )

    def of_row(self, of_bin: Array) -> Array:
        """The number of each row's bin."""
        spread = np.empty(len(self.order))
        spread[self.order] = np.repeat(of_bin, self.sizes)
        return spread

    def drawn(self, rng: np.random.Generator) -> Array:
        """For each row, another one of its bin, or itself."""
        starts, sizes = np.repeat(self.starts, self.sizes), np.repeat(self.sizes, self.sizes)
        others = np.empty(len(self.order), dtype=int)
        others[self.order] = self.order[starts + (rng.random(len(self.order)) * sizes).astype(int)]
        return others

    def error(self, promised: Array, found: Array) -> float:
        """The weighted mean difference of the bins."""
        apart = np.abs(self.means(found) - self.means(promised))
        return float((apart * self.sizes).sum() / len(self.order))


def _bins(promised: Array) -> _Bins:
    n = len(promised)
    count = max(1, min(BINS, n // _ROWS_OF_BIN))
    starts = np.arange(count) * n // count
    return _Bins(
        np.argsort(promised, kind="stable"), starts, np.diff(np.append(starts, n)).astype(int)
    )
