"""Verdicts: has a column drifted in a window, how far, and how sure is that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mlops_drift.drift import metrics
from mlops_drift.drift.config import DriftMetric, DriftMonitor
from mlops_drift.drift.reference import ColumnReference, Counts, Reference
from mlops_drift.schema import Verdict

MIN_REFERENCE_ROWS = 30

# The metric of a failure that only the nulls made: the rise of their share.
NULL_SHARE = "null_share"
_MIN_CATEGORY_ROWS = 5

_EFFECT_SIZES: dict[DriftMetric, tuple[str, Callable[[Counts, Counts], float]]] = {
    "js": ("JS distance", metrics.js_distance),
    "psi": ("PSI", metrics.psi),
    "hellinger": ("Hellinger distance", metrics.hellinger),
    "tvd": ("total variation distance", metrics.tvd),
    "linf": ("largest change of a share", metrics.linf),
}


@dataclass(frozen=True)
class ColumnVerdict:
    """What one column did in one window; every number is finite.

    Attributes:
        column: name of the column.
        window: length of the window in days.
        n_reference: reference rows, nulls included.
        n: rows of the window, nulls included.
        psi: population stability index.
        js: Jensen-Shannon distance, base 2.
        hellinger: Hellinger distance.
        tvd: total variation distance.
        linf: largest change of the share of one bin.
        chi2: statistic of the contingency test over the bins.
        chi2_p: its p-value, corrected for sparse bins (see `metrics.chi2`).
        q: `chi2_p` after Benjamini-Hochberg; 1.0 where the verdict is unknown.
        null_reference: share of nulls in the reference.
        null_share: share of nulls in the window.
        unseen: rows with a value that the reference does not know.
        metric: which of the distances is held against the threshold; `null_share` where only the
            rise of the nulls fails, which is the value then.
        value: its value.
        threshold: the value from which a significant difference fails.
        verdict: pass, fail or unknown.
        reason: the verdict in one sentence.
    """

    column: str
    window: int
    n_reference: int
    n: int
    psi: float
    js: float
    hellinger: float
    tvd: float
    linf: float
    chi2: float
    chi2_p: float
    q: float
    null_reference: float
    null_share: float
    unseen: int
    metric: str
    value: float
    threshold: float
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class _Comparison:
    """A column's window beside the reference counts that it is held against, comparable."""

    name: str
    window: int
    column: ColumnReference
    reference: Counts
    counts: Counts

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def null_p(self) -> float:
        return metrics.proportion_rise(
            int(self.reference[-1]), self.column.n, int(self.counts[-1]), self.n
        )

    def unknown_because(self, monitor: DriftMonitor) -> str:
        """Why there can be no verdict, or nothing."""
        if self.column.n < MIN_REFERENCE_ROWS:
            return (
                f"{self.name} was not judged: its reference has {_rows(self.column.n)}, "
                f"at least {MIN_REFERENCE_ROWS} are needed"
            )
        if self.n < monitor.min_rows:
            return (
                f"{self.name} was not judged: {_rows(self.n)} over {_days(self.window)}, "
                f"at least {monitor.min_rows:,} are needed"
            )
        return ""


def judge(
    reference: Reference, windows: Mapping[int, Mapping[str, Counts]], monitor: DriftMonitor
) -> list[ColumnVerdict]:
    """Judges every column of a reference in every window.

    A column fails if its effect size reaches the threshold and the chi-squared test is
    significant, or if its share of nulls rose by `null_increase` and that rise is significant
    (Fisher's exact test). Significant is an adjusted p-value under `alpha`: both tests of all
    columns and windows of this call are one Benjamini-Hochberg family. A verdict is unknown if the
    window has fewer rows than `min_rows` or the reference fewer than 30; such a column takes no
    part in the family.

    A long tail of rare categories brings unseen ones without any drift. Therefore categories with
    fewer than 5 reference rows count as `rare`, and as many reference rows count as `unseen` as
    have a category of their own, at most the share that is unseen in the window.

    Args:
        reference: the frozen bins and their counts.
        windows: summed profile by length of the window in days.
        monitor: metric, thresholds and required evidence.

    Returns:
        One verdict per window and column, in the order of the windows and the columns.

    Raises:
        ValueError: a profile lacks a column of the reference, or has other bins.

    >>> import pyarrow as pa
    >>> from mlops_drift.drift.profile import profile
    >>> reference = Reference.fit(pa.table({"x": ["a", "b"] * 500}), {"x": "categorical"}, bins=10)
    >>> week = profile(reference, pa.table({"x": ["a", "a", "a", "b"] * 100}))
    >>> [verdict] = judge(reference, {7: week}, DriftMonitor())
    >>> verdict.verdict, round(verdict.js, 3)
    ('fail', 0.221)
    """
    comparisons = [
        _compare(name, column, window, counted)
        for window, counted in windows.items()
        for name, column in reference.columns.items()
    ]
    verdicts = [_measure(comparison, monitor) for comparison in comparisons]
    judged = [number for number, verdict in enumerate(verdicts) if not verdict.reason]
    q = metrics.benjamini_hochberg(
        [verdicts[number].chi2_p for number in judged]
        + [comparisons[number].null_p for number in judged]
    ).tolist()
    for position, number in enumerate(judged):
        verdicts[number] = _decide(
            replace(verdicts[number], q=q[position]),
            comparisons[number],
            q[len(judged) + position],
            monitor,
        )
    return verdicts


def _compare(
    name: str, column: ColumnReference, window: int, counted: Mapping[str, Counts]
) -> _Comparison:
    found = len(counted[name]) if name in counted else None
    if found != len(column.counts):
        raise ValueError(
            f"the profile of the window of {_days(window)} needs {len(column.counts)} bins "
            f"for column {name!r}, found {found} among columns {list(counted)}"
        )
    if column.kind == "numeric":
        return _Comparison(name, window, column, column.counts, counted[name])
    reference, counts = _comparable_tails(column, counted[name])
    return _Comparison(name, window, column, reference, counts)


def _comparable_tails(column: ColumnReference, counts: Counts) -> tuple[Counts, Counts]:
    """Counts of the reference and a window, without the bias of having chosen the categories.

    Categories that got their own bin with a few lucky rows will have fewer in any other sample,
    and those that just missed the reference will have more.
    """
    few = np.zeros(len(counts), dtype=np.bool_)
    few[:-3] = column.counts[:-3] < _MIN_CATEGORY_ROWS
    reference, current = (np.where(few, 0, rows) for rows in (column.counts, counts))
    reference[-3] += column.counts[few].sum()
    current[-3] += counts[few].sum()

    alike = round(column.unseen(counts) / max(int(counts.sum()), 1) * column.n)
    moved = min(column.singletons, alike)
    reference[-3] -= moved
    reference[-2] += moved
    return reference, current


def _measure(comparison: _Comparison, monitor: DriftMonitor) -> ColumnVerdict:
    """All numbers of a verdict that is still open, with a reason if it has to stay unknown."""
    reference, counts, n = comparison.reference, comparison.counts, comparison.n
    sizes = {metric: size(reference, counts) for metric, (_, size) in _EFFECT_SIZES.items()}
    statistic, p = metrics.chi2(reference, counts)
    return ColumnVerdict(
        column=comparison.name,
        window=comparison.window,
        n_reference=comparison.column.n,
        n=n,
        psi=sizes["psi"],
        js=sizes["js"],
        hellinger=sizes["hellinger"],
        tvd=sizes["tvd"],
        linf=sizes["linf"],
        chi2=statistic,
        chi2_p=p,
        q=1.0,
        null_reference=comparison.column.null_share,
        null_share=int(counts[-1]) / max(n, 1),
        unseen=comparison.column.unseen(counts),
        metric=monitor.metric,
        value=sizes[monitor.metric],
        threshold=monitor.threshold_for(comparison.name),
        verdict="unknown",
        reason=comparison.unknown_because(monitor),
    )


def _decide(
    measured: ColumnVerdict, comparison: _Comparison, null_q: float, monitor: DriftMonitor
) -> ColumnVerdict:
    far = measured.value >= measured.threshold
    sure = measured.q < monitor.alpha
    # Rounded, because .25 - .20 is a hair under .05.
    rise = round(measured.null_share - measured.null_reference, 12)
    nulls = rise >= monitor.null_increase and null_q < monitor.alpha

    size = f"{_EFFECT_SIZES[monitor.metric][0]} {measured.value:.3f}"
    limit = f"limit {measured.threshold:.3f}"
    span = f"over {_days(measured.window)}, {_rows(measured.n)}"
    name, q = measured.column, _p(measured.q)
    if nulls:
        reason = (
            f"{name} lost values: share of null went from {_percent(measured.null_reference)} to "
            f"{_percent(measured.null_share)} (limit +{_percent(monitor.null_increase)}, "
            f"q {_p(null_q)}) {span}; {size} ({limit}, q {q})"
        )
    elif far and sure:
        reason = f"{name} moved: {size} ({limit}, q {q}) {span}; {_largest_move(comparison)}"
    elif far:
        reason = (
            f"{name} moved no further than chance allows: {size} ({limit}, q {q}, "
            f"needed under {_p(monitor.alpha)}) {span}"
        )
    else:
        reason = f"{name} stayed within its limit: {size} ({limit}, q {q}) {span}"
    if nulls and not (far and sure):
        measured = replace(
            measured, metric=NULL_SHARE, value=rise, threshold=monitor.null_increase, q=null_q
        )
    return replace(measured, verdict="fail" if nulls or (far and sure) else "pass", reason=reason)


def _largest_move(comparison: _Comparison) -> str:
    before = comparison.reference / comparison.column.n
    after = comparison.counts / comparison.n
    number = int(np.argmax(np.abs(after - before)))
    label = comparison.column.labels[number]
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
