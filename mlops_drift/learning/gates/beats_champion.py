"""The gate that the challenger must be worth the change."""

from math import isnan, nan

from mlops_drift.learning.gates.base import (
    Candidate,
    Direction,
    Gate,
    GateResult,
    Sentences,
    answers,
)
from mlops_drift.learning.gates.pictures import Differences
from mlops_drift.learning.metrics.allowance import Allowance
from mlops_drift.learning.metrics.differences import worsening_within
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.metrics.registry import metric_named

# How often chance may make the challenger no better. With .05 equals would be accepted once in
# twenty times, and more often on few rows, where resamples vary less than chance does.
CHANCE = 0.025
# With not_worse: how often chance may make a rejected challenger no worse.
NO_WORSE = 0.005
# A difference of two metrics that equals the tolerance on paper may exceed it by rounding: by so
# large a share of the metrics at most.
_ROUNDING = 1e-9


class BeatsChampion(Gate):
    """Passes where the challenger is better than the champion, or not worse, on the same rows.

    The rows are recent, labelled, and in the train split of neither. The difference is how much
    better the challenger's metric is, in units of the metric, negative where it is worse.

    - ``comparison: better``: the value is the 2.5 % quantile of the difference as chance spreads it
      (``differences.difference_within``: 1,000 seeded resamples, the same rows for both models each
      time, or of more than 2,000 rows the normal distribution); it must be above 0.
    - ``comparison: not_worse``: the value is the difference; it must be at least ``-tolerance``,
      a share of the champion's metric or points, or else no proof that the challenger is worse: the
      99.5 % quantile must not be below 0.

    The first deployment passes. Unknown under ``min_rows``, or where a metric is undefined.
    """

    name = "beats_champion"
    description = (
        "Better than the champion (or not worse, as gates.comparison says) on the same rows, which "
        "neither has trained on; decides from the second version on."
    )

    def judge(self, candidate: Candidate) -> GateResult:
        pairs, metric, target = candidate.champion_comparison, candidate.metric, candidate.target
        better = candidate.gates.comparison == "better"
        tolerance = candidate.gates.allowance("tolerance", metric)
        limit = 0.0 if better else -tolerance.of(nan)
        direction: Direction = ">" if better else ">="
        if pairs is None:
            finding = "This is the first deployment: there is no champion to compare with."
            return self.result(False, (nan, limit, 0), (finding, ""), direction=direction)
        n, least = len(pairs.truth), candidate.gates.min_rows
        if n < least:
            finding = f"Only {n} rows are comparable, {least} are needed."
            advice = "Wait for more labels, or lower gates.min_rows."
            return self.unknown(n, finding, advice, threshold=limit)
        both = [answers(pairs.challenger), answers(pairs.champion)]
        ours, theirs = (evaluate(metric, target, pairs.truth, *one) for one in both)
        spread = worsening_within(metric, target, pairs.truth, *both, seed=candidate.seed)
        difference = spread.value
        limit = 0.0 if better else -tolerance.of(theirs)
        if isnan(difference):
            finding = (
                f"{metric} is undefined on the {n} comparable rows (challenger {ours:.4g}, "
                f"champion {theirs:.4g})."
            )
            advice = f"Wait for {candidate.labels_wanted}, or choose another metric."
            return self.unknown(n, finding, advice, threshold=limit)
        lower, upper = spread.interval(0.95)
        rounding = _ROUNDING * max(abs(ours), abs(theirs))
        if better:
            # One of the resamples itself: between two of them it would say a little too much.
            value = spread.quantile(CHANCE, method="lower")
            fails, sentences = value <= 0, _better(value)
        else:
            value = difference
            worse = value < limit - rounding
            fails = bool(worse and spread.quantile(1 - NO_WORSE) < 0)
            sentences = _not_worse(fails, tolerance)
        size = f"{'better' if difference > 0 else 'worse'} by {abs(difference):.4g}"
        finding = (
            f"On the same {n} rows the challenger's {metric} is {ours:.4g} and the champion's "
            f"{theirs:.4g}: {'the same' if abs(difference) <= rounding else size} "
            f"({tolerance.text(abs(difference), theirs)}; 95 % interval {lower:+.4g} to "
            f"{upper:+.4g}){sentences[0]}"
        )
        numbers = {"challenger": ours, "champion": theirs, "difference": difference}
        greater = metric_named(metric).greater_is_better
        first, second = ("challenger", "champion") if greater else ("champion", "challenger")
        title = f"{metric}: {first} less {second}, as chance spreads it"
        return self.result(
            fails,
            (value, limit, n),
            (finding, sentences[1]),
            direction=direction,
            numbers={**numbers, "lower": lower, "upper": upper},
            picture=Differences(title, spread.shown(), difference, limit),
        )


def _better(value: float) -> Sentences:
    return (
        f"; at {1 - CHANCE:.1%} confidence at least {value:.4g}, which must be above 0.",
        "Keep the champion and retrain with more or fresher labelled rows, or accept equals with "
        "gates.comparison: not_worse.",
    )


def _not_worse(fails: bool, tolerance: Allowance) -> Sentences:
    return (
        f", accepted is {tolerance}, and the difference is significant."
        if fails
        else f"; worse by up to {tolerance}, or not significantly, is accepted.",
        "Keep the champion and retrain with more or fresher labelled rows.",
    )
