"""The checks on performance_metrics: performance in all its forms, labels, age."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from mlops_drift.charts.performance import Point, performance_chart
from mlops_drift.checks.report import check_result, verdict_table
from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.checks import (
    ADVICE,
    BUSINESS_VALUE,
    ERROR_DRIFT,
    ESTIMATED_PERFORMANCE,
    LABEL_DRIFT,
    MODEL_AGE,
    PERFORMANCE_DROP,
    SLICE_PERFORMANCE,
    WARNINGS,
    CheckName,
)
from mlops_drift.monitors.performance import PerformanceVerdict
from mlops_drift.pipeline.performance import PerformanceDay
from mlops_drift.schema.verdicts import overall
from mlops_drift.store.records import Coverage

DESCRIPTIONS: dict[CheckName, str] = {
    PERFORMANCE_DROP: "Fails when the serving version's metric is beyond the floor, or worse than "
    "its own test value by more than the accepted drop and not by chance. Unknown until labels "
    "are due.",
    SLICE_PERFORMANCE: "The same for each value of the declared columns, against the version's "
    "test value for that slice; corrected for looking at many slices.",
    BUSINESS_VALUE: "Fails when the mean worth of a prediction is under its floor, or less than on "
    "the test split by more than accepted and not by chance.",
    ESTIMATED_PERFORMANCE: "Warns when the metric that the scores lead to expect, before any "
    "label, is wholly beyond the limit. Blind to a change of the relation between features and "
    "label.",
    ERROR_DRIFT: "Fails from the day on which the streaming detector finds that errors have risen.",
    LABEL_DRIFT: "Fails when the labels of what the version served are far from those it was "
    "trained on, and not by chance.",
    MODEL_AGE: "Fails when the last retraining is longer ago than accepted, also one whose "
    "challenger was refused.",
}

# Rows of the table of a check.
_ROWS = 30


def performance_specs(spec: ModelSpec, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Declares the checks that a model has."""
    return [
        dg.AssetCheckSpec(name, asset=key, description=DESCRIPTIONS[name]) for name in watched(spec)
    ]


def watched(spec: ModelSpec) -> list[CheckName]:
    """The checks that a model has."""
    unwatched = set(spec.monitors.performance.unwatched)
    if spec.monitors.age.max_days is None:
        unwatched.add(MODEL_AGE)
    return [name for name in DESCRIPTIONS if name not in unwatched]


def performance_checks(
    spec: ModelSpec,
    key: dg.AssetKey,
    days: Sequence[PerformanceDay],
    history: Sequence[Point],
    coverage: Sequence[Coverage],
) -> list[dg.AssetCheckResult]:
    """Reports the verdicts of the days of a run, one result a check.

    Args:
        spec: the model.
        key: the asset.
        days: what was measured.
        history: realized and estimated values of the serving version by production day.
        coverage: how many predictions of which age still have no label.
    """
    return [_check(spec, key, name, days, history, coverage) for name in watched(spec)]


def _check(
    spec: ModelSpec,
    key: dg.AssetKey,
    name: CheckName,
    days: Sequence[PerformanceDay],
    history: Sequence[Point],
    coverage: Sequence[Coverage],
) -> dg.AssetCheckResult:
    found = [(day, item) for day in days for item in day.judged if item.check == name]
    mine = [pair for pair in found if pair[1].n]
    last = days[-1]
    about: dict[str, Any] = {
        "day": last.day.isoformat(),
        "version": last.champion.version if last.champion else 0,
    }
    if name == PERFORMANCE_DROP:
        about["without label"] = _coverage_table(coverage)
    if not mine:
        nothing = "no champion serves yet" if last.champion is None else "nothing to judge yet"
        reason = found[-1][1].reason if found else nothing
        return check_result(key, name, "unknown", f"{last.day}: {reason}", {"n": 0.0}, "", about)
    ordered = sorted(mine, key=lambda pair: rank(pair[1]), reverse=True)
    day, worst = ordered[0]
    failing = sorted({str(item.production_day) for _, item in mine if item.verdict == "fail"})
    details: dict[str, Any] = {
        **about,
        "metric": worst.metric,
        "production day": worst.production_day.isoformat(),
        "failing production days": ", ".join(failing) or "none",
        "numbers": verdict_table([_row(item) for _, item in ordered[:_ROWS]]),
    }
    chart = None
    if name in (PERFORMANCE_DROP, ESTIMATED_PERFORMANCE):
        details |= _estimated_beside_realized(history)
        # Drawing costs as much as measuring: what only warns is drawn when it does.
        if name == PERFORMANCE_DROP or worst.verdict == "fail":
            chart = performance_chart(worst, history)
    return check_result(
        key,
        name,
        overall([item.verdict for _, item in mine]),
        f"{day.day}: {worst.reason}",
        {
            "value": worst.value,
            "threshold": worst.threshold,
            "lower": worst.lower,
            "upper": worst.upper,
            "test_value": worst.test_value,
            "q": worst.q,
            "n": float(worst.n),
            "window": float(worst.window),
        },
        ADVICE[name],
        details,
        chart,
        warns=name in WARNINGS,
    )


def rank(item: PerformanceVerdict) -> tuple[int, float, date]:
    """Orders verdicts: what failed, and what is nearest to failing."""
    order = {"fail": 2, "pass": 1, "unknown": 0}
    # On the failing side it is the distance that counts, on the other one its absence.
    distance = abs(item.value - item.threshold) * (1 if item.verdict == "fail" else -1)
    return order[item.verdict], distance if distance == distance else -1e9, item.production_day


def _row(item: PerformanceVerdict) -> dict[str, Any]:
    return {
        "production day": item.production_day.isoformat(),
        "window": item.window,
        **({"slice": item.slice} if item.slice else {}),
        "metric": item.metric,
        "value": item.value,
        "lower": item.lower,
        "upper": item.upper,
        "test value": item.test_value,
        "threshold": item.threshold,
        "q": item.q,
        "n": item.n,
        "verdict": item.verdict,
    }


def _coverage_table(coverage: Sequence[Coverage]) -> dg.TableMetadataValue:
    return verdict_table(
        [
            {
                "age in days": f"{item.age_from} to {item.age_until}",
                "predictions": item.predictions,
                "without label": item.unlabelled,
                "share": item.share,
            }
            for item in coverage
        ]
    )


def _estimated_beside_realized(history: Sequence[Point]) -> dict[str, Any]:
    """How far the estimates were off on the days whose labels are in."""
    both = [
        (point, point.estimated - point.realized)
        for point in history
        if point.realized is not None and point.estimated is not None
    ]
    if not both:
        return {}
    rows = [
        {
            "production day": str(point.day),
            "estimated": point.estimated,
            "realized": point.realized,
            "difference": difference,
        }
        for point, difference in both[-_ROWS:]
    ]
    off = sum(abs(difference) for _, difference in both) / len(both)
    return {
        "estimated beside realized": verdict_table(rows),
        "mean absolute difference": dg.MetadataValue.float(float(off)),
    }
