"""The checks `feature_drift`, `prediction_drift` and `null_spike`, on drift_metrics."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from mlops_drift.charts.drift import Panel, comparison_chart
from mlops_drift.checks.report import check_result, verdict_table
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.column_reference import Counts
from mlops_drift.drift.explain import RankedColumn, moved_bins, severity
from mlops_drift.drift.verdict import ColumnVerdict
from mlops_drift.monitors.checks import ADVICE, FEATURE_DRIFT, NULL_SPIKE, PREDICTION_DRIFT
from mlops_drift.pipeline.drift import DriftDay, check_of, ranked
from mlops_drift.schema.verdicts import overall

CHECKS = (FEATURE_DRIFT, PREDICTION_DRIFT, NULL_SPIKE)

# Panels of the chart, and columns named in the sentence.
_SHOWN = 3


def drift_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Declares the checks."""
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
        dg.AssetCheckSpec(
            NULL_SPIKE,
            asset=key,
            description="Fails when the share of missing values of a column has risen by more than "
            "the accepted points, and not by chance.",
        ),
    ]


def drift_checks(
    spec: ModelSpec, key: dg.AssetKey, days: Sequence[DriftDay]
) -> list[dg.AssetCheckResult]:
    """Reports the verdicts of the days of a run, one result a check."""
    return [_check(spec, key, name, days) for name in CHECKS]


def _check(
    spec: ModelSpec, key: dg.AssetKey, name: str, days: Sequence[DriftDay]
) -> dg.AssetCheckResult:
    by_day = [
        (day, mine)
        for day in days
        if (mine := [verdict for verdict in day.verdicts if check_of(spec, verdict) == name])
    ]
    last = days[-1]
    if not by_day:
        reason = f"{last.day}: no champion serves yet, so there is no reference to compare with"
        return check_result(
            key, name, "unknown", reason, {"n": float(last.events)}, "", _about(last, [])
        )
    verdict = overall([item.verdict for _, mine in by_day for item in mine])
    failing = [
        day.day.isoformat() for day, mine in by_day if any(item.verdict == "fail" for item in mine)
    ]
    day, mine = max(by_day, key=lambda pair: max(severity(item) for item in pair[1]))
    columns = ranked(day, mine)
    # The furthest column speaks for the check; the order of the table is what to look at first.
    worst = max((item.worst for item in columns), key=severity)
    failed = [item for item in columns if item.worst.verdict == "fail"]
    reasons = "; ".join(item.worst.reason for item in failed[:_SHOWN]) or worst.reason
    details: dict[str, Any] = {
        **_about(day, failing),
        "column": worst.column,
        "columns": verdict_table([_row(item) for item in columns]),
        "windows": verdict_table([_window_row(item) for item in sorted(mine, key=_by_column)]),
    }
    if failed:
        details |= _explanation(day, [item.worst for item in failed])
    return check_result(
        key,
        name,
        verdict,
        f"{day.day}: {reasons}",
        {
            "value": worst.value,
            "threshold": worst.threshold,
            "q": worst.q,
            "n": float(worst.measures.n),
            "n_reference": float(worst.measures.n_reference),
            "window": float(worst.window),
        },
        ADVICE[name],
        details,
        # Drawing costs as much as measuring: only a failure gets a chart.
        _chart(day, [item.worst for item in failed[:_SHOWN]]) if failed else None,
    )


def _row(item: RankedColumn) -> dict[str, Any]:
    worst, measures = item.worst, item.worst.measures
    return {
        "column": worst.column,
        "verdict": worst.verdict,
        "importance": item.importance,
        "window": worst.window,
        "n": measures.n,
        "metric": worst.metric,
        "value": worst.value,
        "threshold": worst.threshold,
        "q": worst.q,
        "mean before": measures.mean_reference,
        "mean": measures.mean,
        "null before": measures.null_reference,
        "null": measures.null_share,
    }


def _window_row(item: ColumnVerdict) -> dict[str, Any]:
    measures = item.measures
    return {
        "column": item.column,
        "window": item.window,
        "n": measures.n,
        "value": item.value,
        "threshold": item.threshold,
        "q": item.q,
        "psi": measures.value("psi"),
        "ks": measures.value("ks"),
        "wasserstein": measures.value("wasserstein"),
        "null": measures.null_share,
        "unseen": measures.unseen,
        "out of range": measures.out_of_range,
        "against": item.baseline,
        "verdict": item.verdict,
    }


def _explanation(day: DriftDay, failed: Sequence[ColumnVerdict]) -> dict[str, Any]:
    """Which bins of the failed columns moved, and in which segments."""
    if day.reference is None:
        return {}
    bins = [
        {"column": item.column, "bin": moved.label, "before": moved.before, "after": moved.after}
        for item in failed[:_SHOWN]
        for moved in moved_bins(
            day.reference.columns[item.column],
            _past(day, item),
            day.windows[item.window][item.column].counts,
        )
    ]
    segments = [
        {
            "column": shift.column,
            "by": shift.by,
            "segment": segment.segment,
            "share of the shift": segment.share,
            "rows before": segment.before,
            "rows": segment.after,
            "distance within": segment.distance,
        }
        for shift in day.shifts
        if shift.column in {item.column for item in failed}
        for segment in shift.segments[:5]
    ]
    return {
        **({"moved bins": verdict_table(bins)} if bins else {}),
        **({"segments": verdict_table(segments)} if segments else {}),
    }


def _chart(day: DriftDay, failed: Sequence[ColumnVerdict]) -> bytes | None:
    if day.reference is None:
        return None
    panels = [
        Panel(
            item.column,
            f"{'season' if item.baseline == 'season' else 'reference'} and "
            f"{item.window} day{'' if item.window == 1 else 's'} to {day.day}",
            day.reference.columns[item.column],
            _past(day, item),
            day.windows[item.window][item.column].counts,
        )
        for item in failed
    ]
    return comparison_chart(panels)


def _past(day: DriftDay, item: ColumnVerdict) -> Counts:
    """What a verdict's window was held against."""
    if item.baseline == "season":
        return day.seasons[item.window][item.column].counts
    if day.reference is None:
        raise ValueError(f"{day.day} has verdicts but no reference")
    return day.reference.columns[item.column].counts


def _by_column(item: ColumnVerdict) -> tuple[str, int]:
    return item.column, item.window


def _about(day: DriftDay, failing: list[str]) -> dict[str, object]:
    return {
        "day": day.day.isoformat(),
        "version": day.champion.version if day.champion else 0,
        "failing days": ", ".join(failing) or "none",
    }
