"""The checks `feature_drift` and `prediction_drift`, on drift_metrics."""

from collections.abc import Sequence
from dataclasses import asdict

import dagster as dg

from mlops_drift.checks.report import check_result, overall, verdict_table
from mlops_drift.drift.chart import comparison_chart
from mlops_drift.drift.verdict import ColumnVerdict
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.drift import FEATURE_DRIFT, PREDICTION_DRIFT, DriftDay, check_of

NEXT_STEP = {
    FEATURE_DRIFT: "First look whether the pipeline that delivers this column has changed: a "
    "broken feed looks like drift, and is repaired there. If the world has changed, the "
    "retraining sensor trains a new version on recent labelled rows.",
    PREDICTION_DRIFT: "The version now answers differently than on its test part. Look at "
    "feature_drift for the cause; if the features are quiet, look at the scoring path.",
}
SHOWN = ("column", "window", "n", "value", "threshold", "q", "psi", "null_share", "verdict")


def drift_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Declares both checks."""
    return [
        dg.AssetCheckSpec(
            FEATURE_DRIFT,
            asset=key,
            description="Fails when a feature is both far from the reference of the serving "
            "version and significantly so, over all columns and windows.",
        ),
        dg.AssetCheckSpec(
            PREDICTION_DRIFT,
            asset=key,
            description="The same for the scores and classes that the version serves, against its "
            "test predictions.",
        ),
    ]


def drift_checks(
    spec: ModelSpec, key: dg.AssetKey, days: Sequence[DriftDay]
) -> list[dg.AssetCheckResult]:
    """Reports the verdicts of the days of a run, one result a check."""
    return [_check(spec, key, name, days) for name in (FEATURE_DRIFT, PREDICTION_DRIFT)]


def _check(
    spec: ModelSpec, key: dg.AssetKey, name: str, days: Sequence[DriftDay]
) -> dg.AssetCheckResult:
    mine = [
        (day, item) for day in days for item in day.verdicts if check_of(spec, item.column) == name
    ]
    verdict = overall([item.verdict for _, item in mine])
    failing = sorted({day.day.isoformat() for day, item in mine if item.verdict == "fail"})
    last = days[-1]
    if not mine:
        reason = f"{last.day}: no champion serves yet, so there is no reference to compare with"
        numbers = {"n": float(last.events)}
        return check_result(key, name, "unknown", reason, numbers, "", _about(last, failing))
    day, worst = max(mine, key=lambda pair: _rank(pair[1]))
    moved = [item for shown, item in mine if shown is day and item.verdict == "fail"]
    reasons = "; ".join(item.reason for item in _worst_by_column(moved)[:3]) or worst.reason
    # Drawing costs as much as measuring: only a failure gets a chart.
    chart = _chart(day, worst) if verdict == "fail" else None
    table = [
        {field: asdict(item)[field] for field in SHOWN}
        for shown, item in sorted(mine, key=lambda pair: _rank(pair[1]), reverse=True)
        if shown is day
    ]
    return check_result(
        key,
        name,
        verdict,
        f"{day.day}: {reasons}",
        {
            "value": worst.value,
            "threshold": worst.threshold,
            "q": worst.q,
            "n": float(worst.n),
            "n_reference": float(worst.n_reference),
            "window": float(worst.window),
        },
        NEXT_STEP[name],
        {**_about(day, failing), "column": worst.column, "columns": verdict_table(table)},
        chart,
    )


def _chart(day: DriftDay, worst: ColumnVerdict) -> bytes | None:
    if day.reference is None:
        return None
    counts = day.windows[worst.window][worst.column]
    title = f"{worst.column}: reference and {worst.window} days to {day.day}"
    return comparison_chart(day.reference.columns[worst.column], worst.column, counts, title)


def _rank(item: ColumnVerdict) -> tuple[int, float]:
    order = {"fail": 2, "pass": 1, "unknown": 0}
    return order[item.verdict], item.value / item.threshold


def _worst_by_column(items: list[ColumnVerdict]) -> list[ColumnVerdict]:
    best: dict[str, ColumnVerdict] = {}
    for item in sorted(items, key=_rank):
        best[item.column] = item
    return sorted(best.values(), key=_rank, reverse=True)


def _about(day: DriftDay, failing: list[str]) -> dict[str, object]:
    return {
        "day": day.day.isoformat(),
        "version": day.champion.version if day.champion else 0,
        "failing days": ", ".join(failing) or "none",
    }
