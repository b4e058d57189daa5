"""The check `data_quality`, on events and on labels."""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from mlops_drift.checks.report import check_result, verdict_table
from mlops_drift.monitors.checks import ADVICE, DATA_QUALITY
from mlops_drift.monitors.quality import QualityVerdict
from mlops_drift.schema.verdicts import overall
from mlops_drift.store.tables import Table


def data_quality_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares the check on an asset."""
    return dg.AssetCheckSpec(
        DATA_QUALITY,
        asset=key,
        description="Fails when too large a share of a day's rows breaks a declared constraint or "
        "cannot be matched. Alerts; it does not retrain.",
    )


def data_quality(
    key: dg.AssetKey, verdicts: Mapping[date, QualityVerdict], quarantined: Table, why: str = ""
) -> dg.AssetCheckResult:
    """Reports how many rows could not be used, of the worst day.

    Args:
        key: the asset.
        verdicts: the verdict of each day.
        quarantined: where rows that cannot be used are.
        why: why days are judged that were judged before.
    """
    day, worst = max(verdicts.items(), key=lambda item: (item[1].n > 0, item[1].value, item[0]))
    failing = [str(day) for day, quality in verdicts.items() if quality.verdict == "fail"]
    return check_result(
        key,
        DATA_QUALITY,
        overall([quality.verdict for quality in verdicts.values()]),
        f"{day}: {worst.reason}{why}",
        {"value": worst.value, "threshold": worst.threshold, "n": float(worst.n)},
        f"{ADVICE[DATA_QUALITY]} SELECT * FROM {quarantined.name} shows them.",
        {
            "unusable rows": sum(quality.aside for quality in verdicts.values()),
            "failing days": ", ".join(failing) or "none",
            "days": verdict_table(
                [
                    {
                        "day": str(day),
                        "rows": quality.n,
                        "unusable": quality.aside,
                        "verdict": quality.verdict,
                        "reason": quality.reason,
                    }
                    for day, quality in verdicts.items()
                ]
            ),
        },
    )
