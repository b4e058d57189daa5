"""The check `data_quality`: too many rows of a day cannot be used."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from mlops_drift.monitors.base import NO_FILE, CheckEvaluation, Explanation, Monitor, Row
from mlops_drift.monitors.config import QualityMonitor
from mlops_drift.monitors.context import LandedDay, MonitorContext

# Reasons that a sentence lists.
_LISTED = 3


class DataQuality(Monitor[QualityMonitor]):
    """The share of a day's rows that break a constraint or cannot be matched, by source."""

    name = "data_quality"
    description = (
        "Fails when too large a share of a day's rows breaks a declared constraint or cannot be "
        "matched. Alerts; it does not retrain."
    )
    advice = (
        "Look at the quarantined rows. Repair the source and materialize the day again, or, where "
        "the world has changed, correct the constraint in defs.yaml. Retraining on broken data "
        "would only teach the model the fault."
    )
    assets = ("events", "labels")
    section = "quality"

    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """As `Monitor.evaluate`."""
        champion = context.champion(day)
        version = champion.version if champion else 0
        limit = self.settings.max_rejected_share
        return [judge_quality(item, day, version, limit) for item in context.landed(day)]

    def explain(
        self, context: MonitorContext, evaluations: Sequence[CheckEvaluation]
    ) -> Explanation:
        """Every day with its rows, and where the quarantined ones are."""
        by_day = sorted(evaluations, key=lambda item: item.day)
        unusable = {
            item.day: sum(sum(landed.unusable.values()) for landed in context.landed(item.day))
            for item in by_day
        }
        rows: list[Row] = [
            {
                "day": str(item.day),
                "rows": item.n,
                "unusable": unusable[item.day],
                "verdict": item.verdict,
                "reason": item.reason,
            }
            for item in by_day
        ]
        return Explanation(
            {"days": rows},
            {"unusable rows": sum(unusable.values())},
            advice=f"SELECT * FROM landing.{context.spec.name}_quarantined shows them.",
        )


def judge_quality(
    landed: LandedDay, day: date, version: int, max_rejected_share: float
) -> CheckEvaluation:
    """Judges the share of rows that cannot be used.

    Args:
        landed: what landed.
        day: the day.
        version: the version that serves the day; 0 before the first one.
        max_rejected_share: the share above which it fails.

    >>> landed = LandedDay("events", 95, {"age: missing": 5})
    >>> judge_quality(landed, date(2024, 3, 1), 1, 0.01).reason
    '5 of 100 events cannot be used (5.0 %, accepted 1.0 %): age: missing (5)'
    """
    what = landed.source
    present = {reason: n for reason, n in landed.unusable.items() if n}
    unusable = sum(present.values())
    n = landed.accepted + unusable
    found = CheckEvaluation(
        check=DataQuality.name,
        day=day,
        production_day=day,
        version=version,
        subject=what,
        window=1,
        verdict="unknown",
        code="no_rows",
        reason=f"no {what} arrived",
        value=unusable / n if n else 0.0,
        threshold=max_rejected_share,
        n=n,
    )
    if landed.missing_file:
        return replace(found, code=NO_FILE, reason=f"no file {landed.missing_file}")
    if n and not unusable:
        reason = f"all {n} {what} meet their constraints"
        found = replace(found, verdict="pass", code="within_limit", reason=reason)
    elif n:
        share, failed = unusable / n, unusable / n > max_rejected_share
        reason = (
            f"{unusable} of {n} {what} cannot be used ({100 * share:.1f} %, accepted "
            f"{100 * max_rejected_share:.1f} %): {_listed(present)}"
        )
        found = replace(
            found,
            verdict="fail" if failed else "pass",
            code="beyond_limit" if failed else "within_limit",
            reason=reason,
        )
    if landed.note:
        # Perhaps nothing of the column was there; perhaps it is called otherwise.
        if found.verdict == "pass":
            found = replace(found, verdict="unknown", code="column_missing")
        found = replace(found, reason=f"{found.reason}; {landed.note}")
    return replace(found, reason=found.reason + landed.lacking)


def _listed(reasons: dict[str, int]) -> str:
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{reason} ({count})" for reason, count in ranked[:_LISTED])
    rest = len(ranked) - _LISTED
    return listed + (f" and {rest} more reason{'' if rest == 1 else 's'}" if rest > 0 else "")
