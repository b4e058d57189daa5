"""Verdicts: has a column drifted in a window, how far, and how sure is that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.column_reference import ColumnReference, Counts
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.measures import Measures, measure
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.sentences import count, percent, reason_of
from mlops_drift.drift.significance import benjamini_hochberg
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.schema.verdicts import Verdict

MIN_REFERENCE_ROWS = 30

# Over the shares of the bins, nulls among them; and over the share of nulls alone.
Rule = Literal["drift", "nulls"]
NULL_SHARE = "null_share"


@dataclass(frozen=True)
class ColumnVerdict:
    """What one rule found about one column in one window.

    Attributes:
        window: length of the window in days, 0 for a whole table.
        rule: `drift` (the distribution moved) or `nulls` (values went missing).
        baseline: `reference`, or `season` where the window was compared with the past.
        metric: what is compared with the threshold: a metric of drift, or `null_share`.
        value: its value; for nulls the rise of their share. 0.0 where it could not be computed.
        threshold: the value from which a significant difference fails.
        q: `p` after Benjamini-Hochberg; 1.0 where the verdict is unknown.
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


@dataclass(frozen=True)
class Comparison:
    """A column's window, and what it is compared with."""

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
    the chi-squared test over the bins, or the KS test where the metric needs values.
    `nulls` fails if the share of nulls rose by `null_increase` and that rise is significant
    (Fisher's exact test). Significant is an adjusted p-value under `alpha`: both tests of all
    columns and windows of this call are one Benjamini-Hochberg family. Without drift the chance
    that anything fails is at most `alpha` (for tests that are independent or depend positively),
    whatever the number of columns and windows: .001 is one day in three years.

    A verdict is unknown if the window has fewer rows than `min_rows`, what it is compared with
    fewer than 30, or the metric cannot be computed; it takes no part in the family.

    Windows are summed profiles by their length in days, and samples the values of numeric columns
    by window, for exact metrics. A season is by window the profile of the same period of the past,
    which then stands in for the reference's counts.

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
    comparisons = []
    for window, profile in windows.items():
        for name, column in reference.columns.items():
            current, needed = profile.get(name), len(column.counts)
            if current is None or len(current.counts) != needed:
                found = None if current is None else len(current.counts)
                raise ValueError(
                    f"the profile of the window of {count(window, 'day')} needs {needed} bins for "
                    f"column {name!r}, found {found} among columns {list(profile)}"
                )
            sample = (samples or {}).get(window, {}).get(name)
            base = (seasons or {}).get(window, {}).get(name)
            measures = measure(column, current, sample, base, monitor.metrics)
            past, baseline = (base.counts, "season") if base else (column.counts, "reference")
            comparisons.append(
                Comparison(name, window, column, past, current.counts, measures, baseline)
            )
    return judge_comparisons(comparisons, monitor)


def judge_comparisons(
    comparisons: Sequence[Comparison], monitor: DriftMonitor
) -> list[ColumnVerdict]:
    """Judges measured columns as one family; see `judge`."""
    pairs = [(one, verdict) for one in comparisons for verdict in _unknown(one, monitor)]
    verdicts = [verdict for _, verdict in pairs]
    judged = [number for number, verdict in enumerate(verdicts) if not verdict.reason]
    q = benjamini_hochberg([verdicts[number].p for number in judged])
    for number, adjusted in zip(judged, q.tolist(), strict=True):
        comparison, measured = pairs[number]
        fails = measured.value >= measured.threshold and adjusted < monitor.alpha
        found = replace(measured, q=adjusted, verdict="fail" if fails else "pass")
        reason = reason_of(found, comparison.column, comparison.past, comparison.counts)
        verdicts[number] = replace(found, reason=reason)
    return verdicts


def _unknown(comparison: Comparison, monitor: DriftMonitor) -> Iterator[ColumnVerdict]:
    """The unknown verdicts of both rules; those without a reason are still to be judged."""
    name, measures = comparison.name, comparison.measures
    few = _too_few(comparison, monitor)
    verdict = partial(
        ColumnVerdict,
        column=name,
        window=comparison.window,
        baseline=comparison.baseline,
        measures=measures,
        q=1.0,
        verdict="unknown",
    )
    metric, threshold = monitor.effect(name, ordered=comparison.column.kind == "numeric")
    value, p = measures.value(metric), measures.p(metric)
    before, after = _infinite_share(comparison.past), _infinite_share(comparison.counts)
    reason, title = "", f"{name} was not judged by its {drift_metric(metric).title}"
    if value is None or p is None:
        reason = (
            f"{title}: the values of this window or of the reference are not available, too large "
            "for it, or none at all"
        )
    elif metric == "wasserstein" and abs(after - before) >= monitor.null_increase:
        moved = f"went from {percent(before)} to {percent(after)}"
        reason = f"{title}, of finite values: the share of infinite ones {moved}"
    size, chance = value or 0.0, 1.0 if p is None else p
    reason = few or reason
    yield verdict(
        rule="drift", metric=metric, value=size, threshold=threshold, p=chance, reason=reason
    )
    # Rounded, because .25 - .20 is a hair under .05.
    rise = round(measures.null_share - measures.null_reference, 12)
    limit, chance = monitor.null_limit(name), measures.null_p
    yield verdict(
        rule="nulls", metric=NULL_SHARE, value=rise, threshold=limit, p=chance, reason=few
    )


def _infinite_share(counts: Counts) -> float:
    """Of a numeric column: the bin before the last."""
    return int(counts[-2]) / max(int(counts.sum()), 1)


def _too_few(comparison: Comparison, monitor: DriftMonitor) -> str:
    """Which rows are too few for a verdict, or nothing."""
    measures, window, needed = comparison.measures, comparison.window, monitor.min_rows
    found = count(measures.n, "row") + (f" over {count(window, 'day')}" if window else "")
    if measures.n_reference < MIN_REFERENCE_ROWS:
        needed = MIN_REFERENCE_ROWS
        found = f"its reference has {count(measures.n_reference, 'row')}"
    elif measures.n >= needed:
        return ""
    return f"{comparison.name} was not judged: {found}, at least {needed:,} are needed"
