"""The gate that the challenger must be worth the change."""

from math import isnan, nan

import numpy as np

from mlops_drift.learning.gates.base import Candidate, ChampionComparison, Gate, GateResult
from mlops_drift.learning.gates.pictures import Differences
from mlops_drift.learning.metrics.allowance import Allowance
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.bootstrap import resampled_values
from mlops_drift.learning.metrics.evaluation import evaluate, worsening
from mlops_drift.learning.metrics.registry import metric_named

# Share of the resamples in which the challenger may be no better. With .05 equals would be accepted
# once in twenty times, and more often on few rows, where resamples vary less than chance does.
CHANCE = 0.025

# With not_worse: share of the resamples in which a challenger that is refused may be no worse.
NO_WORSE = 0.005

# A difference of two metrics that equals the tolerance on paper may exceed it by rounding: by so
# large a share of the metrics at most.
_ROUNDING = 1e-9


class BeatsChampion(Gate):
    """Passes where the challenger is better than the champion, or not worse, on the same rows.

    The rows are recent, labelled, and in the train split of neither. The difference is how much
    better the challenger's metric is, in units of the metric, negative where it is worse.

    - ``comparison: better``: the value is the 2.5 % quantile of the difference in 1,000 seeded
      resamples of the rows, the same rows for both models each time; it must be above 0.
    - ``comparison: not_worse``: the value is the difference; it must be at least ``-tolerance``,
      a share of the champion's metric or points, or else no proof that the challenger is worse: in
      .5 % of the resamples it must be no worse.

    The first deployment passes. Unknown under ``min_rows``, or where a metric is undefined.
    """

    name = "beats_champion"
    description = (
        "Better than the champion (or not worse, as gates.comparison says) on the same rows, which "
        "neither has trained on; decides from the second version on."
    )

    def judge(self, candidate: Candidate) -> GateResult:
        """Compares challenger and champion."""
        gates, pairs, metric = (
            candidate.gates,
            candidate.champion_comparison,
            candidate.metric,
        )
        must_be_better = gates.comparison == "better"
        tolerance = gates.allowance("tolerance", metric)
        limit = 0.0 if must_be_better else -tolerance.of(nan)
        if pairs is None:
            return GateResult(
                self.name,
                "pass",
                nan,
                limit,
                0,
                "This is the first deployment: there is no champion to compare with.",
            )
        n = len(pairs.truth)
        if n < gates.min_rows:
            return self.unknown(
                n,
                f"Only {n} rows are comparable, {gates.min_rows} are needed: a difference on so "
                "few is chance.",
                "Wait for more labels, or lower gates.min_rows.",
                threshold=limit,
            )
        ours, theirs = (
            evaluate(metric, candidate.target, pairs.truth, *pair) for pair in _pairs(pairs)
        )
        difference = worsening(metric, ours, theirs)
        limit = 0.0 if must_be_better else -tolerance.of(theirs)
        if isnan(difference):
            return self.unknown(
                n,
                f"{metric} is undefined on the {n} comparable rows (challenger {ours:.4g}, "
                f"champion {theirs:.4g}).",
                f"Wait for {candidate.labels_wanted}, or choose another metric.",
                threshold=limit,
            )
        drawn = _differences(candidate, pairs)
        lower, upper = np.quantile(drawn, [0.025, 0.975])
        # One of the resamples itself: between two of them it would say a little too much.
        least = np.quantile(drawn, CHANCE, method="lower")
        rounding = _ROUNDING * max(abs(ours), abs(theirs))
        value = float(least) if must_be_better else difference
        fails = (
            value <= 0
            if must_be_better
            else value < limit - rounding and np.quantile(drawn, 1 - NO_WORSE) < 0
        )
        told = (
            f"On the same {n} rows the challenger's {metric} is {ours:.4g} and the champion's "
            f"{theirs:.4g}: {_by(difference, rounding)} "
            f"({tolerance.text(abs(difference), theirs)}; "
            f"95 % interval {lower:+.4g} to {upper:+.4g})"
        )
        finding, advice = _told(told, fails, must_be_better, value, tolerance)
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            value,
            limit,
            n,
            finding,
            advice,
            numbers={
                "challenger": ours,
                "champion": theirs,
                "difference": difference,
                "lower": float(lower),
                "upper": float(upper),
            },
            picture=Differences(
                f"{metric}: challenger less champion, resampled"
                if metric_named(metric).greater_is_better
                else f"{metric}: champion less challenger, resampled",
                drawn.tolist(),
                difference,
                limit,
            ),
        )


def _told(
    told: str, fails: bool, must_be_better: bool, value: float, tolerance: Allowance
) -> tuple[str, str]:
    if must_be_better:
        if not fails:
            return f"{told}; in {1 - CHANCE:.1%} of the resamples by at least {value:.4g}.", ""
        return (
            f"{told}. In {1 - CHANCE:.1%} of the resamples the difference is at least {value:.4g}, "
            "and must be above 0: chance may be all there is, and a change that brings nothing is "
            "only a risk.",
            "Keep the champion and retrain with more or fresher labelled rows, or accept equals "
            "with gates.comparison: not_worse.",
        )
    if not fails:
        return f"{told}; worse by up to {tolerance}, or what chance explains, is accepted.", ""
    return (
        f"{told}, accepted is {tolerance}, and chance does not explain it. Promotion would make "
        "production worse.",
        "Keep the champion and retrain with more or fresher labelled rows.",
    )


def _by(difference: float, rounding: float) -> str:
    if abs(difference) <= rounding:
        return "the same"
    return f"{'better' if difference > 0 else 'worse'} by {abs(difference):.4g}"


def _pairs(pairs: ChampionComparison) -> list[tuple[Array, Array]]:
    return [
        (frame["prediction"].to_numpy(), frame["score"].to_numpy(dtype=float))
        for frame in (pairs.challenger, pairs.champion)
    ]


def _differences(candidate: Candidate, pairs: ChampionComparison) -> Array:
    """How much better the challenger is in each resample in which both are defined."""
    ours, theirs = resampled_values(
        candidate.metric,
        candidate.target,
        pairs.truth,
        _pairs(pairs),
        seed=candidate.seed,
    )
    better = ours - theirs if metric_named(candidate.metric).greater_is_better else theirs - ours
    return np.asarray(better[~np.isnan(better)])
