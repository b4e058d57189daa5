"""Data quality of what landed: how much of it had to be kept aside."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_drift.monitors.config import QualityMonitor
from mlops_drift.schema.verdicts import Verdict


@dataclass(frozen=True)
class QualityVerdict:
    """How many rows were kept aside, and whether that is too many.

    Attributes:
        n: all rows that came, undated ones included.
        aside: rows that cannot be used.
        value: their share.
        threshold: the share above which the verdict is fail.
        reason: one sentence for people.
    """

    n: int
    aside: int
    value: float
    threshold: float
    verdict: Verdict
    reason: str


def judge_quality(
    accepted: int, aside: Mapping[str, int], what: str, monitor: QualityMonitor
) -> QualityVerdict:
    """Judges the share of rows that cannot be used.

    Args:
        accepted: rows that can be used.
        aside: rows that cannot, by reason.
        what: what the rows are, for the sentence.
        monitor: the accepted share.

    >>> judge_quality(95, {"age: missing": 5}, "events", QualityMonitor()).reason
    '5 of 100 events cannot be used (5.0 %, accepted 1.0 %): age: missing (5)'
    """
    present = {reason: n for reason, n in aside.items() if n}
    unusable = sum(present.values())
    n = accepted + unusable
    limit = monitor.max_rejected_share
    if n == 0:
        return QualityVerdict(0, 0, 0.0, limit, "unknown", f"no {what} arrived")
    share = unusable / n
    if not unusable:
        return QualityVerdict(n, 0, 0.0, limit, "pass", f"all {n} {what} meet their constraints")
    ranked = sorted(present.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{reason} ({count})" for reason, count in ranked[:3])
    rest = len(ranked) - 3
    more = f" and {rest} more reason{'' if rest == 1 else 's'}" if rest > 0 else ""
    return QualityVerdict(
        n,
        unusable,
        share,
        limit,
        "fail" if share > limit else "pass",
        f"{unusable} of {n} {what} cannot be used ({100 * share:.1f} %, accepted "
        f"{100 * limit:.1f} %): {listed}{more}",
    )
