"""The gate that missing cells must not do great harm."""

from collections.abc import Sequence
from math import isnan, nan
from typing import NamedTuple

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Described, Gate, GateResult, answers
from mlops_drift.learning.gates.chance import CHANCE
from mlops_drift.learning.gates.pictures import histograms
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.differences import worsening_within
from mlops_drift.learning.metrics.evaluation import evaluate

NULLED = 0.1
LOW, HIGH = 0.05, 0.95

# What is left of the spread of the scores, at least.
LEAST_SPREAD = 0.1
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
      column in the train split: the median, or the most frequent value. What an absent value would
      have added is lost to any model; what a gap costs beyond that is the model's own fault. The
      .5 % quantile of the loss as chance spreads it must not be above the limit.

    The value is this loss, in units of the metric. Unknown where the metric is undefined.
    """

    name = "null_robustness"
    description = "With a tenth of the cells of nullable columns missing, predictions stay valid."

    @classmethod
    def for_model(cls, model: Described) -> Sequence[Gate]:
        return [cls()] if any(column.nullable for column in model.columns.values()) else []

    def judge(self, candidate: Candidate) -> GateResult:
        allowed = candidate.gates.allowance("max_null_loss", candidate.metric)
        intact = candidate.features.head(_MOST_ROWS)
        n, before = len(intact), candidate.tested.score[:_MOST_ROWS]
        nullable = [name for name, column in candidate.columns.items() if column.nullable]
        gaps = with_gaps(intact, nullable, candidate.seed)
        found = candidate.tried(gaps)
        setting = f"With {NULLED:.0%} of the cells of {len(nullable)} nullable columns missing"
        if isinstance(found, str):
            finding = f"{setting}, predicting {n} test rows raises {found}."
            return self.result(True, (nan, allowed.of(nan), n), (finding, _ADVICE))
        after = found["score"].to_numpy(dtype=float)
        loss, tables = _Loss(nan, nan, nan), {}
        if unsound := candidate.unsound(found):
            wrong = [f"{unsound} predictions or scores are not valid"]
        else:
            wrong = _of_scores(candidate.target.kind == "binary", before, after)
            loss = _loss(candidate, candidate.predict(_filled(gaps, candidate, nullable)), found)
        limit = allowed.of(loss.before)
        worse = (
            f"{candidate.metric} worsens by {allowed.text(loss.value, loss.before)} more than if "
            "typical values stood there"
        )
        if loss.significant > limit:
            alone = {name: _loss_alone(candidate, intact, name) for name in nullable}
            worst, *others = sorted(alone, key=lambda name: alone[name], reverse=True)
            tables = {
                "columns": [{"column": name, "loss": alone[name]} for name in [worst, *others][:30]]
            }
            wrong.append(
                f"{worse} (at {1 - CHANCE:.1%} confidence by at least "
                f"{allowed.text(loss.significant, loss.before)}), accepted is {allowed}; with gaps "
                f"in {worst!r} alone by {allowed.text(alone[worst], loss.before)}"
            )
        if not wrong and isnan(loss.value):
            finding = f"{setting}, {candidate.metric} is undefined on {n} test rows."
            advice = f"Wait for {candidate.labels_wanted}, or raise training.test_share."
            return self.unknown(n, finding, advice, threshold=limit)
        passing = f"{worse}; up to {allowed}, or what is not significant, is accepted"
        scores = {"intact": before, "with gaps": after}
        return self.result(
            bool(wrong),
            (loss.value, limit, n),
            (f"{setting}, of {n} test rows: {'; '.join(wrong) or passing}.", _ADVICE),
            numbers={f"mean score, {name}": float(one.mean()) for name, one in scores.items()},
            tables=tables,
            picture=histograms("scores of intact rows and of rows with gaps", scores),
        )


def with_gaps(features: pd.DataFrame, nullable: list[str], seed: int) -> pd.DataFrame:
    """The features with one cell in ten of these columns missing."""
    emptied = np.random.default_rng(seed).random((len(features), len(nullable))) < NULLED
    types = {name: object if features[name].dtype in (object, bool) else float for name in nullable}
    gaps = features[nullable].astype(types).mask(emptied, None)
    return pd.DataFrame({**features, **gaps})


def _filled(gaps: pd.DataFrame, candidate: Candidate, nullable: list[str]) -> pd.DataFrame:
    """The rows with what is typical of a column in its gaps."""
    filled = {}
    for name in nullable:
        known = candidate.train[name].dropna()
        if len(known) and gaps[name].dtype == object:
            filled[name] = gaps[name].where(gaps[name].notna(), known.mode().iloc[0])
        elif len(known):
            filled[name] = gaps[name].fillna(float(known.astype(float).median()))
    return pd.DataFrame({**gaps, **filled})


def _of_scores(binary: bool, before: Array, after: Array) -> list[str]:
    """What is wrong with the scores of rows with gaps."""
    wrong = []
    # Half of the way to the edge, so that a mean that is near a limit anyway may move a little.
    low, high = LOW / 2, (1 + HIGH) / 2
    if binary and LOW <= before.mean() <= HIGH and not low <= after.mean() <= high:
        wrong.append(
            f"the mean score is {after.mean():.3g} instead of {before.mean():.3g}, outside "
            f"{low:.4g} to {high:.4g}"
        )
    if after.std() < LEAST_SPREAD * before.std():
        wrong.append(
            f"the scores hardly differ: their standard deviation is {after.std():.3g} instead of "
            f"{before.std():.3g}"
        )
    return wrong


class _Loss(NamedTuple):
    """The metric of rows without gaps, how much it worsens, and what of that is no chance."""

    before: float
    value: float
    significant: float


def _loss(candidate: Candidate, before: pd.DataFrame, after: pd.DataFrame) -> _Loss:
    metric, target, truth = (
        candidate.metric,
        candidate.target,
        candidate.tested.truth[: len(before)],
    )
    old, new = answers(before), answers(after)
    loss = worsening_within(metric, target, truth, old, new, seed=candidate.seed)
    whole = evaluate(metric, target, truth, *old)
    return _Loss(whole, loss.value, loss.quantile(CHANCE))


def _loss_alone(candidate: Candidate, intact: pd.DataFrame, name: str) -> float:
    """How much the metric worsens with gaps in one column alone."""
    gaps = with_gaps(intact, [name], candidate.seed)
    filled = candidate.predict(_filled(gaps, candidate, [name]))
    return _loss(candidate, filled, candidate.predict(gaps)).value
