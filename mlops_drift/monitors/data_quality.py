"""The check `data_quality`: too many rows of a day cannot be used."""

from datetime import date

from mlops_drift.monitors.base import (
    NO_FILE,
    CheckEvaluation,
    Evaluations,
    Explanation,
    Monitor,
    Row,
)
from mlops_drift.monitors.config import QualityMonitor
from mlops_drift.monitors.context import LandedDay, MonitorContext
from mlops_drift.schema.verdicts import Verdict

# The code of a column that stops arriving.
ABSENT = "column_absent"

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
        "Look at the quarantined rows. Repair the source and materialize the day again, or "
        "correct the constraint in defs.yaml. A retraining would only learn the fault."
    )
    assets = ("events", "labels", "predictions")
    section = "quality"

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        return [
            item
            for landed in context.landed(day)
            for item in (
                self._judge(context, day, landed),
                *self._absent(context, day, landed),
            )
        ]

    def _absent(self, context: MonitorContext, day: date, landed: LandedDay) -> Evaluations:
        """Columns that the source lacks: each is null in all rows."""
        limit, n = self.settings.max_rejected_share, landed.n
        return [
            self.evaluation(
                context, day, name, "fail", reason, ABSENT, value=1.0, threshold=limit, n=n
            )
            for name, reason in landed.absent.items()
            if n
        ]

    def _judge(self, context: MonitorContext, day: date, landed: LandedDay) -> CheckEvaluation:
        n, limit, what = landed.n, self.settings.max_rejected_share, landed.source
        unusable = n - landed.accepted
        share = unusable / n if n else 0.0
        verdict: Verdict = "unknown" if not n else "fail" if share > limit else "pass"
        code = "" if n else "no_rows"
        if landed.missing_file:
            code, reason = NO_FILE, f"no file {landed.missing_file}"
        elif unusable:
            shares = f"{100 * share:.1f} %, accepted {100 * limit:.1f} %"
            reason = f"{unusable} of {n} {what} cannot be used ({shares}): {_listed(landed)}"
        else:
            reason = f"all {n} {what} meet their constraints" if n else f"no {what} arrived"
        if landed.note:
            # Perhaps nothing of the column was there; perhaps it is called otherwise.
            if verdict == "pass":
                verdict, code = "unknown", "column_missing"
            reason += f"; {landed.note}"
        reason += landed.lacking
        return self.evaluation(
            context, day, what, verdict, reason, code, value=share, threshold=limit, n=n
        )

    def explain(self, context: MonitorContext, evaluations: Evaluations) -> Explanation:
        """Every day with its rows, and where the quarantined ones are."""
        unusable = {
            item.day: sum(one.n - one.accepted for one in context.landed(item.day))
            for item in evaluations
        }
        days: list[Row] = [
            {
                "day": str(item.day),
                "rows": item.n,
                "unusable": unusable[item.day],
                "verdict": item.verdict,
                "reason": item.reason,
            }
            for item in sorted(evaluations, key=lambda item: item.day)
        ]
        advice = f"SELECT * FROM landing.{context.spec.name}_quarantined shows them."
        return Explanation({"days": days}, {"unusable rows": sum(unusable.values())}, advice=advice)


def _listed(landed: LandedDay) -> str:
    """The most frequent reasons why rows cannot be used."""
    present = [(reason, n) for reason, n in landed.unusable.items() if n]
    ranked = sorted(present, key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{reason} ({count})" for reason, count in ranked[:_LISTED])
    rest = len(ranked) - _LISTED
    return listed + (f" and {rest} more reason{'' if rest == 1 else 's'}" if rest > 0 else "")
