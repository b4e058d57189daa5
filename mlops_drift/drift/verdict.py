"""Verdicts: has a column drifted in a window, how far, and how sure is that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from mlops_drift.drift import metrics
from mlops_drift.drift.config import DriftMetric, DriftMonitor
from mlops_drift.drift.measures import Measures, measure
from mlops_drift.drift.profile import ColumnProfile
from mlops_drift.drift.reference import ColumnReference, Counts, Reference, shares
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.schema.verdicts import Verdict

MIN_REFERENCE_ROWS = 30
_LONGEST_LABEL = 60

# Over the shares of the bins, nulls among them; and over the share of nulls alone.
Rule = Literal["drift", "nulls"]
NULL_SHARE = "null_share"

METRIC_NAMES: dict[DriftMetric, str] = {
    "js": "JS distance",
    "psi": "PSI",
    "hellinger": "Hellinger distance",
    "tvd": "total variation distance",
    "linf": "largest change of a share",
    "ks": "KS statistic",
    "wasserstein": "Wasserstein distance",
}


@dataclass(frozen=True)
class ColumnVerdict:
    """What one rule says about one column in one window.

    Attributes:
        column: name of the column.
        window: length of the window in days.
        rule: `drift` (the distribution moved) or `nulls` (values went missing).
        baseline: `reference`, or `season` where the window was held against the past.
        measures: every number about the column in the window.
        metric: what is held against the threshold: a metric of drift, or `null_share`.
        value: its value; for nulls the rise of their share. 0.0 where it could not be computed.
        threshold: the value from which a significant difference fails.
        p: p-value of the difference.
        q: `p` after Benjamini-Hochberg; 1.0 where the verdict is unknown.
        verdict: pass, fail or unknown.
        reason: the verdict in one sentence.
    """

    column: str
    window: int
    rule: Rule
    baseline: str
    measures: Measures
    metric: str
    value: float
    threshold: float
    p: float
    q: float
    verdict: Verdict
    reason: str

    @property
    def excess(self) -> float:
        """The value in units of its threshold: what orders columns by how far they moved."""
        return self.value / self.threshold

    def to_row(self) -> dict[str, Any]:
        """All of it as one flat row."""
        row = dict(vars(self))
        return {**vars(row.pop("measures")), **row}


@dataclass(frozen=True)
class Comparison:
    """A column's window beside what it is held against."""

    name: str
    window: int
    column: ColumnReference
    past: Counts
    counts: Counts
    measures: Measures
    baseline: str = "reference"


def judge(
    reference: Reference,
    windows: Mapping[int, Mapping[str, ColumnProfile]],
    monitor: DriftMonitor,
    samples: Mapping[int, Mapping[str, SortedValues]] | None = None,
    seasons: Mapping[int, Mapping[str, ColumnProfile]] | None = None,
) -> list[ColumnVerdict]:
    """Judges every column of a reference in every window, by both rules.

    `drift` fails if the effect size reaches its threshold and the difference is significant:
    the chi-squared test over the bins, or the KS test where the metric is `ks` or `wasserstein`.
    `nulls` fails if the share of nulls rose by `null_increase` and that rise is significant
    (Fisher's exact test). Significant is an adjusted p-value under `alpha`: both tests of all
    columns and windows of this call are one Benjamini-Hochberg family. Without drift the chance
    that anything fails is at most `alpha` (for tests that are independent or depend positively),
    whatever the number of columns and windows. So, asked once a day and although windows overlap,
    at most `alpha` of all days have a false alarm, averaged over many references: .001 is one day
    in three years. The effect size makes it less.

    A verdict is unknown if the window has fewer rows than `min_rows`, what it is held against
    fewer than 30, or the metric cannot be computed; it takes no part in the family.

    Args:
        reference: the frozen bins and their counts.
        windows: summed profile by length of the window in days.
        monitor: metrics, thresholds and required evidence.
        samples: the values of numeric columns by window, for exact metrics.
        seasons: by window the profile of the same period of the past, which then stands in for
            the reference's counts.

    Returns:
        Verdicts by window, column and rule, in that order.

    Raises:
        ValueError: a profile lacks a column of the reference, or has other bins.

    >>> import pyarrow as pa
    >>> from mlops_drift.drift.profile import profile
    >>> reference = Reference.fit(pa.table({"x": ["a", "b"] * 500}))
    >>> week = profile(reference, pa.table({"x": ["a", "a", "a", "b"] * 100}))
    >>> drift, nulls = judge(reference, {7: week}, DriftMonitor())
    >>> drift.verdict, round(drift.value, 3), nulls.verdict
    ('fail', 0.221, 'pass')
    """
    return judge_comparisons(
        [
            _compare(name, column, window, profile, samples, seasons)
            for window, profile in windows.items()
            for name, column in reference.columns.items()
        ],
        monitor,
    )


def judge_comparisons(
    comparisons: Sequence[Comparison], monitor: DriftMonitor
) -> list[ColumnVerdict]:
    """Judges measured columns as one family; see `judge`."""
    pairs = [
        (comparison, open_verdict)
        for comparison in comparisons
        for open_verdict in (_open_drift(comparison, monitor), _open_nulls(comparison, monitor))
    ]
    verdicts = [verdict for _, verdict in pairs]
    judged = [number for number, verdict in enumerate(verdicts) if not verdict.reason]
    q = metrics.benjamini_hochberg([verdicts[number].p for number in judged])
    for number, adjusted in zip(judged, q.tolist(), strict=True):
        verdicts[number] = _decide(pairs[number][0], verdicts[number], adjusted, monitor)
    return verdicts


def _compare(
    name: str,
    column: ColumnReference,
    window: int,
    profile: Mapping[str, ColumnProfile],
    samples: Mapping[int, Mapping[str, SortedValues]] | None,
    seasons: Mapping[int, Mapping[str, ColumnProfile]] | None,
) -> Comparison:
    found = len(profile[name].counts) if name in profile else None
    if found != len(column.counts):
        raise ValueError(
            f"the profile of the window of {_days(window)} needs {len(column.counts)} bins "
            f"for column {name!r}, found {found} among columns {list(profile)}"
        )
    sample = (samples or {}).get(window, {}).get(name)
    base = (seasons or {}).get(window, {}).get(name)
    return Comparison(
        name,
        window,
        column,
        column.counts if base is None else base.counts,
        profile[name].counts,
        measure(column, profile[name], sample, base),
        "reference" if base is None else "season",
    )


def _open_drift(comparison: Comparison, monitor: DriftMonitor) -> ColumnVerdict:
    ordered = comparison.column.kind == "numeric"
    metric, threshold = monitor.effect(comparison.name, ordered=ordered)
    value, p = comparison.measures.value(metric), comparison.measures.p(metric)
    reason = _unknown_because(comparison, monitor)
    if not reason and (value is None or p is None):
        reason = (
            f"{comparison.name} was not judged by its {METRIC_NAMES[metric]}: the values of this "
            "window or of the reference are not at hand, too large for it, or none at all"
        )
    before, after = _infinite_share(comparison.past), _infinite_share(comparison.counts)
    if not reason and metric == "wasserstein" and abs(after - before) >= monitor.null_increase:
        reason = (
            f"{comparison.name} was not judged by its {METRIC_NAMES[metric]}, which is of finite "
            f"values: the share of infinite ones went from {_percent(before)} to {_percent(after)}"
        )
    return ColumnVerdict(
        comparison.name,
        comparison.window,
        "drift",
        comparison.baseline,
        comparison.measures,
        metric,
        value or 0.0,
        threshold,
        1.0 if p is None else p,
        1.0,
        "unknown",
        reason,
    )


def _infinite_share(counts: Counts) -> float:
    """Of a numeric column: the bin before the last."""
    return int(counts[-2]) / max(int(counts.sum()), 1)


def _open_nulls(comparison: Comparison, monitor: DriftMonitor) -> ColumnVerdict:
    measures = comparison.measures
    return ColumnVerdict(
        comparison.name,
        comparison.window,
        "nulls",
        comparison.baseline,
        measures,
        NULL_SHARE,
        # Rounded, because .25 - .20 is a hair under .05.
        round(measures.null_share - measures.null_reference, 12),
        monitor.null_limit(comparison.name),
        measures.null_p,
        1.0,
        "unknown",
        _unknown_because(comparison, monitor),
    )


def _unknown_because(comparison: Comparison, monitor: DriftMonitor) -> str:
    """Why there can be no verdict, or nothing."""
    measures = comparison.measures
    if measures.n_reference < MIN_REFERENCE_ROWS:
        return (
            f"{comparison.name} was not judged: its reference has {_rows(measures.n_reference)}, "
            f"at least {MIN_REFERENCE_ROWS} are needed"
        )
    if measures.n < monitor.min_rows:
        span = f" over {_days(comparison.window)}" if comparison.window else ""
        return (
            f"{comparison.name} was not judged: {_rows(measures.n)}{span}, "
            f"at least {monitor.min_rows:,} are needed"
        )
    return ""


def _decide(
    comparison: Comparison, measured: ColumnVerdict, q: float, monitor: DriftMonitor
) -> ColumnVerdict:
    far, sure = measured.value >= measured.threshold, q < monitor.alpha
    say = _about_nulls if measured.rule == "nulls" else _about_drift
    return replace(
        measured,
        q=q,
        verdict="fail" if far and sure else "pass",
        reason=say(comparison, measured, q, monitor),
    )


def _about_drift(
    comparison: Comparison, measured: ColumnVerdict, q: float, monitor: DriftMonitor
) -> str:
    far, sure = measured.value >= measured.threshold, q < monitor.alpha
    size = f"{METRIC_NAMES[measured.metric]} {measured.value:.3f}"  # type: ignore[index]
    limit, span, name = f"limit {measured.threshold:.3f}", _span(measured), measured.column
    if far and sure:
        return f"{name} moved: {size} ({limit}, q {_p(q)}){span}; {_largest_move(comparison)}"
    if far:
        return (
            f"{name} moved no further than chance allows: {size} ({limit}, q {_p(q)}, "
            f"needed under {_p(monitor.alpha)}){span}"
        )
    return f"{name} stayed within its limit: {size} ({limit}, q {_p(q)}){span}"


def _about_nulls(
    comparison: Comparison, measured: ColumnVerdict, q: float, monitor: DriftMonitor
) -> str:
    measures = measured.measures
    change = (
        f"share of null went from {_percent(measures.null_reference)} to "
        f"{_percent(measures.null_share)} (limit +{_percent(measured.threshold)}, q {_p(q)})"
        f"{_span(measured)}"
    )
    if measured.value >= measured.threshold:
        if q < monitor.alpha:
            return f"{measured.column} lost values: {change}"
        return f"{measured.column} lost no more values than chance allows: {change}"
    return f"{measured.column} kept its values: {change}"


def _span(measured: ColumnVerdict) -> str:
    """The window in words; a comparison of two tables has none."""
    rows = _rows(measured.measures.n)
    past = " against the same period of the past" if measured.baseline == "season" else ""
    return f" over {_days(measured.window)}, {rows}{past}" if measured.window else f", {rows}"


def _largest_move(comparison: Comparison) -> str:
    before, after = shares(comparison.past), shares(comparison.counts)
    number = int(np.argmax(np.abs(after - before)))
    label = " ".join(comparison.column.labels[number].split())
    if len(label) > _LONGEST_LABEL:
        label = f"{label[: _LONGEST_LABEL - 1]}…"
    return f"share of {label} went from {_percent(before[number])} to {_percent(after[number])}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _days(window: int) -> str:
    return f"{window} day{'' if window == 1 else 's'}"


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _p(value: float) -> str:
    """A p-value in one digit; one too small for a float reads as the bound 1e-300."""
    return f"{max(value, 1e-300):.1g}".replace("e-0", "e-")
