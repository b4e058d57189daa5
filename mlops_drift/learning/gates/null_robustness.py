"""The gate that missing cells must not throw the challenger."""

from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from mlops_drift.learning.frames import with_values
from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.distribution import histograms
from mlops_drift.learning.gates.sound import is_sound, tried
from mlops_drift.learning.metrics.bootstrap import resampled_values
from mlops_drift.learning.metrics.evaluation import evaluate, worsening

NULLED = 0.1
LOW, HIGH = 0.05, 0.95

# What is left of the spread of the scores, at least.
LEAST_SPREAD = 0.1

# Chance may explain at most so much.
CHANCE = 0.005

# Rows that are nulled: more of them show no more.
_MOST_ROWS = 5000

_ADVICE = (
    "Train on rows that have such gaps, look at how the pipeline fills them, or declare columns "
    "that never lack a value as nullable: false, so that rows without one are kept aside."
)


class NullRobustness(Gate):
    """Passes where a tenth of the cells may be missing without great harm.

    One cell in ten of the nullable columns of up to 5,000 test rows is emptied, drawn by the seed.
    Rows that lack a value of another column are never scored: they are kept aside. Then

    - every prediction must be a class, or finite, and every score finite, in [0, 1] for classes;
    - the mean score of a binary target that is in [.05, .95] on intact rows must not fall below
      half of .05, or be as near to 1;
    - the standard deviation of the scores must not fall under a tenth of that on intact rows;
    - the metric must not be worse by more than ``max_null_loss``, a share of itself or points, and
      by more than chance explains, than where every gap is filled with what is typical of its
      column in the train split: the median, or the most frequent value. What an absent value could
      have told is lost to any model; what a gap costs beyond that is the model's own fault. The
      .5 % quantile of the loss in 1,000 resamples of the rows must not be above the limit.

    The value is this loss, in units of the metric. Unknown where the metric is undefined.
    """

    name = "null_robustness"
    description = "With a tenth of the cells of nullable columns missing, predictions stay valid."

    def judge(self, candidate: Candidate) -> GateResult:
        """Predicts the test split with and without gaps."""
        target = candidate.target
        allowed = candidate.gates.allowance("max_null_loss", candidate.metric)
        limit = allowed.of(nan)
        intact = candidate.features.head(_MOST_ROWS)
        n = len(intact)
        if n == 0:
            return self.unknown(
                0, "The test split has no row to empty cells of.", "Wait for labelled rows."
            )
        nullable = [name for name, column in candidate.columns.items() if column.nullable]
        gaps = with_gaps(intact, nullable, candidate.seed)
        found = tried(candidate.predict, gaps)
        told = f"With {NULLED:.0%} of the cells of {len(nullable)} nullable columns missing"
        if isinstance(found, str):
            return GateResult(
                self.name,
                "fail",
                nan,
                limit,
                n,
                f"{told}, the challenger cannot predict {n} test rows: it raises {found}.",
                _ADVICE,
            )
        before = candidate.predicted.head(n)
        truth = candidate.truth[:n]
        filled = candidate.predict(_filled(gaps, candidate.train, nullable))
        whole, loss, least = (
            _loss(candidate, filled, found) if is_sound(target, found).all() else (nan, nan, nan)
        )
        limit = allowed.of(whole)
        wrong = _wrong(candidate, before, found)
        tables: dict[str, list[dict[str, Any]]] = {}
        if least > limit:
            alone = _losses(candidate, intact, nullable)
            worst = alone[0]
            wrong.append(
                f"{candidate.metric} worsens by {allowed.text(loss, whole)} more than if typical "
                f"values stood there (in {1 - CHANCE:.1%} of the resamples by at least "
                f"{allowed.text(least, whole)}), accepted is {allowed}; with gaps in "
                f"{worst['column']!r} alone by {allowed.text(worst['loss'], whole)}"
            )
            tables = {"columns": alone[:30]}
        numbers, scores = {}, {}
        for name, frame in (("intact", before), ("with gaps", found)):
            score = frame["score"].to_numpy(dtype=float)
            scores[name] = score
            numbers[f"mean score, {name}"] = float(score.mean())
        picture = histograms("scores of intact rows and of rows with gaps", scores)
        if wrong:
            return GateResult(
                self.name,
                "fail",
                loss,
                limit,
                n,
                f"{told}, of {n} test rows: {'; '.join(wrong)}. A feed that fails in part would "
                "break the service.",
                _ADVICE,
                numbers=numbers,
                tables=tables,
                picture=picture,
            )
        if isnan(loss):
            return self.unknown(
                n,
                f"{told}, {candidate.metric} is undefined on {n} test rows, whose labels are "
                f"{len(np.unique(truth.astype(str)))} different ones.",
                f"Wait for {candidate.labels_wanted}, or raise training.test_share.",
                threshold=limit,
            )
        return GateResult(
            self.name,
            "pass",
            loss,
            limit,
            n,
            f"{told}, predictions of {n} test rows stay valid and {candidate.metric} worsens by "
            f"{allowed.text(loss, whole)} more than if typical values stood there; up to "
            f"{allowed}, or what chance explains, is accepted.",
            numbers=numbers,
            picture=picture,
        )


def with_gaps(features: pd.DataFrame, nullable: list[str], seed: int) -> pd.DataFrame:
    """The features with one cell in ten of these columns missing.

    >>> frame = pd.DataFrame({"a": range(1000), "b": range(1000)})
    >>> with_gaps(frame, ["a"], seed=1).isna().mean().round(1).to_dict()
    {'a': 0.1, 'b': 0.0}
    """
    emptied = np.random.default_rng(seed).random((len(features), len(nullable))) < NULLED
    gaps = {
        name: features[name].astype(object).mask(emptied[:, number], None)
        if features[name].dtype == object or features[name].dtype == bool
        else features[name].astype(float).mask(emptied[:, number])
        for number, name in enumerate(nullable)
    }
    return with_values(features, gaps)


def _filled(gaps: pd.DataFrame, train: pd.DataFrame, nullable: list[str]) -> pd.DataFrame:
    """The rows with what is typical of a column in its gaps."""
    filled = {}
    for name in nullable:
        known = train[name].dropna()
        if len(known) and gaps[name].dtype == object:
            filled[name] = gaps[name].where(gaps[name].notna(), known.mode().iloc[0])
        elif len(known):
            filled[name] = gaps[name].fillna(float(known.astype(float).median()))
    return with_values(gaps, filled)


def _wrong(candidate: Candidate, before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """What is wrong with the predictions of rows with gaps."""
    unsound = int((~is_sound(candidate.target, after)).sum())
    if unsound:
        return [f"{unsound} predictions or scores are not valid"]
    kind, wrong = candidate.target.kind, []
    old, new = before["score"].to_numpy(dtype=float), after["score"].to_numpy(dtype=float)
    # Half of the way to the edge, so that a mean that is near a limit anyway may move a little.
    low, high = LOW / 2, (1 + HIGH) / 2
    if kind == "binary" and LOW <= old.mean() <= HIGH and not low <= new.mean() <= high:
        wrong.append(
            f"the mean score is {new.mean():.3g} instead of {old.mean():.3g}, outside {low:.4g} to "
            f"{high:.4g}"
        )
    if new.std() < LEAST_SPREAD * old.std():
        wrong.append(
            f"the standard deviation of the scores is {new.std():.3g} instead of {old.std():.3g}: "
            "they hardly differ"
        )
    return wrong


def _losses(
    candidate: Candidate, intact: pd.DataFrame, nullable: list[str]
) -> list[dict[str, Any]]:
    """How much the metric worsens with gaps in each column alone, the worst first."""
    found = []
    for name in nullable:
        gaps = with_gaps(intact, [name], candidate.seed)
        filled = candidate.predict(_filled(gaps, candidate.train, [name]))
        found.append({"column": name, "loss": _loss(candidate, filled, candidate.predict(gaps))[1]})
    return sorted(found, key=lambda row: row["loss"], reverse=True)


def _loss(
    candidate: Candidate, before: pd.DataFrame, after: pd.DataFrame
) -> tuple[float, float, float]:
    """The metric before, how much it worsens, and what of that chance does not explain."""
    metric, target = candidate.metric, candidate.target
    truth = candidate.truth[: len(before)]
    pairs = [
        (frame["prediction"].to_numpy(), frame["score"].to_numpy()) for frame in (before, after)
    ]
    old, new = (evaluate(metric, target, truth, *pair) for pair in pairs)
    drawn = resampled_values(metric, target, truth, pairs, seed=candidate.seed)
    losses = worsening(metric, drawn[0], drawn[1])
    losses = losses[~np.isnan(losses)]
    least = float(np.quantile(losses, CHANCE)) if len(losses) else nan
    return old, worsening(metric, old, new), least
