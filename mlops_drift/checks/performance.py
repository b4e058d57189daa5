"""The check `performance_drop`, on performance_metrics."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

import dagster as dg

from mlops_drift.checks.report import check_result, verdict_table
from mlops_drift.learning.metrics import worsening
from mlops_drift.monitoring.performance import PerformanceVerdict
from mlops_drift.monitoring.policy import PERFORMANCE_DROP
from mlops_drift.schema import overall
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.performance import PerformanceDay

NEXT_STEP = (
    "The world no longer follows what the model learned. The retraining sensor trains a new "
    "version on the labelled rows since the first failing production day, or on the recent window "
    "while these are too few. Look at feature_drift too: a broken feed shows there first."
)


def performance_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares the check."""
    return dg.AssetCheckSpec(
        PERFORMANCE_DROP,
        asset=key,
        description="Fails when the serving version's metric is beyond the floor, or worse than "
        "its own test value by more than the accepted drop and not by chance. Unknown until "
        "labels are due.",
    )


def performance_check(
    spec: ModelSpec,
    key: dg.AssetKey,
    days: Sequence[PerformanceDay],
    history: Sequence[tuple[date, float]],
) -> dg.AssetCheckResult:
    """Reports the verdicts of the days of a run.

    Args:
        spec: the model.
        key: the asset.
        days: what was measured.
        history: daily values of the serving version, for the chart.
    """
    mine = [(day, item) for day in days for item in day.judged]
    last = days[-1]
    about: dict[str, Any] = {
        "day": last.day.isoformat(),
        "version": last.champion.version if last.champion else 0,
    }
    if not mine:
        due = f"labels come {spec.target.label_delay_days} days after their event"
        who = f"version {last.champion.version}" if last.champion else "no champion yet"
        reason = f"{last.day}: no labels yet for predictions of the serving version ({who}; {due})"
        return check_result(key, PERFORMANCE_DROP, "unknown", reason, {"n": 0.0}, "", about)
    day, worst = max(mine, key=lambda pair: _rank(pair[1]))
    failing = sorted({str(item.production_day) for _, item in mine if item.verdict == "fail"})
    return check_result(
        key,
        PERFORMANCE_DROP,
        overall([item.verdict for _, item in mine]),
        f"{day.day}: {worst.reason}",
        {
            "value": worst.value,
            "threshold": worst.threshold,
            "lower": worst.lower,
            "upper": worst.upper,
            "test_value": worst.test_value,
            "n": float(worst.n),
            "window": float(worst.window),
        },
        NEXT_STEP,
        {
            **about,
            "metric": worst.metric,
            "production day": worst.production_day.isoformat(),
            "failing production days": ", ".join(failing) or "none",
            "windows": verdict_table([_row(item) for _, item in mine]),
        },
        _chart(worst, history),
    )


def _rank(item: PerformanceVerdict) -> tuple[int, float, date]:
    order = {"fail": 2, "pass": 1, "unknown": 0}
    loss = worsening(item.metric, item.threshold, item.value)
    return order[item.verdict], loss if loss == loss else -1e9, item.production_day


def _row(item: PerformanceVerdict) -> dict[str, Any]:
    return {
        "production day": item.production_day.isoformat(),
        "window": item.window,
        "value": item.value,
        "lower": item.lower,
        "upper": item.upper,
        "threshold": item.threshold,
        "n": item.n,
        "verdict": item.verdict,
    }


def _chart(item: PerformanceVerdict, history: Sequence[tuple[date, float]]) -> bytes | None:
    if not history:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2.8), dpi=80)
    # Fixed margins: an automatic layout draws everything twice.
    figure.subplots_adjust(left=0.08, right=0.98, top=0.9, bottom=0.22)
    axes = figure.subplots()
    axes.plot(
        [str(day)[5:] for day, _ in history],
        [value for _, value in history],
        marker="o",
        color="#2b6cb0",
        label=f"{item.metric} of version {item.version}",
    )
    axes.axhline(item.test_value, color="#718096", linestyle=":", label="on its test part")
    axes.axhline(item.threshold, color="#c53030", linestyle="--", label="limit")
    axes.set_title(f"{item.metric} by production day", fontsize=9)
    axes.tick_params(axis="x", labelrotation=60, labelsize=7)
    axes.tick_params(axis="y", labelsize=7)
    axes.legend(fontsize=7)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
