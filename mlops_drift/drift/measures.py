"""Measures: every number about one column of a window compared with its reference."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.column_reference import RARE_SHARE, ColumnReference, Counts
from mlops_drift.drift.metrics.base import Pair
from mlops_drift.drift.metrics.registry import distances, drift_metric
from mlops_drift.drift.significance import chi2, ks_p, proportion_rise
from mlops_drift.drift.sorted_values import SortedValues

_MIN_CATEGORY_ROWS = 5
_CATEGORIES_PER_BIN = 50


@dataclass(frozen=True)
class Measures:
    """How far a column of a window is from its reference; every number is finite or None.

    Attributes:
        n_reference: reference rows, nulls included; `n` those of the window.
        distances: effect size by name of its metric; None where it cannot be computed, as of
            metrics that need values for categories, where one side has no value, and where only
            counts are at hand.
        chi2: statistic of the contingency test over the bins; `chi2_p` see `significance.chi2`.
        ks_p: p-value of the KS test; None without values on both sides.
        null_p: p-value that the share of nulls rose (Fisher's exact test, one-sided).
        unseen: share of rows with a value that the reference does not know; None for a column
            that is binned by intervals.
        out_of_range: share of rows outside the reference's smallest and largest number; None for
            categories.
        mean: mean of the window's finite numbers; as `std` None for categories, without any, and
            where one is farther than 1,024 units (see `Moments`) from the reference's median.
    """

    n_reference: int
    n: int
    distances: Mapping[str, float | None]
    chi2: float
    chi2_p: float
    ks_p: float | None
    null_reference: float
    null_share: float
    null_p: float
    unseen: float | None
    out_of_range: float | None
    mean_reference: float | None
    mean: float | None
    std_reference: float | None
    std: float | None
    minimum: float | None
    maximum: float | None

    def value(self, metric: str) -> float | None:
        """The effect size by a metric; None where it was not computed."""
        return self.distances.get(metric)

    def p(self, metric: str) -> float | None:
        """The evidence for that effect size: of the KS test, or of the test over the bins."""
        return self.ks_p if drift_metric(metric).needs_values else self.chi2_p

    def to_dict(self) -> dict[str, object]:
        """All numbers by name, the distances among them."""
        numbers = dict(vars(self))
        return {**numbers.pop("distances"), **numbers}


def measure(
    column: ColumnReference,
    current: ColumnProfile,
    sample: SortedValues | None = None,
    base: ColumnProfile | None = None,
    further: Iterable[str] = (),
) -> Measures:
    """Measures one column of a window.

    A long tail of rare categories brings unseen ones without any drift. Therefore categories that
    are hardly more frequent than `rare` ones count as such, and as many reference rows count as
    `unseen` as have a category of their own, at most the share that is unseen in the window. Where
    there are such rows, `unseen` is up to eight bins by a hash of the category, among which many
    new categories spread evenly, but not the rows of one.

    Without the window's values (`sample`), or the reference's, there are no exact metrics. `base`,
    another period's rows in the same bins, stands in for the reference; there are no distances of
    values then. `further` metrics are computed beside the shipped ones.

    Raises:
        ValueError: the profile has other bins than the reference.

    >>> import pyarrow as pa
    >>> from mlops_drift.drift.profile import profile
    >>> from mlops_drift.drift.reference import Reference
    >>> reference = Reference.fit(pa.table({"x": ["a", "b"] * 50}))
    >>> now = profile(reference, pa.table({"x": ["a", "a", "a", "b"]}))
    >>> measure(reference.columns["x"], now["x"]).value("tvd")
    0.25
    """
    if len(current.counts) != len(column.counts):
        raise ValueError(
            f"a profile of {len(column.counts)} bins is needed, found {len(current.counts)}"
        )
    past = column.counts if base is None else base.counts
    n_reference, n = int(past.sum()), current.n
    before, after = comparable_counts(column, past, current.counts, current.novelty)
    values = None
    if base is None and column.sample and sample:
        values = column.sample, sample
        if past[-2] and current.counts[-2]:
            before, after = _by_sign(before, column.sample), _by_sign(after, sample)
    pair = Pair.of(before, after, values)
    statistic, p = chi2(before, after)
    mean, std = current.mean_and_std(column)
    moments = (column.moments.mean, column.moments.std) if column.moments else (None, None)
    mean_reference, std_reference = base.mean_and_std(column) if base else moments
    numeric = column.kind == "numeric"
    return Measures(
        n_reference=n_reference,
        n=n,
        distances=distances(pair, further),
        chi2=statistic,
        chi2_p=p,
        ks_p=ks_p(pair.exact[0], *values) if values and pair.exact else None,
        null_reference=int(past[-1]) / max(n_reference, 1),
        null_share=int(current.counts[-1]) / max(n, 1),
        null_p=proportion_rise(int(past[-1]), n_reference, int(current.counts[-1]), n),
        unseen=None if column.edges else column.unseen(current.counts) / max(n, 1),
        out_of_range=(current.below + current.above) / max(n, 1) if numeric else None,
        mean_reference=mean_reference,
        mean=mean,
        std_reference=std_reference,
        std=std,
        minimum=current.minimum,
        maximum=current.maximum,
    )


def _by_sign(counts: Counts, sample: SortedValues) -> Counts:
    """Counts of a numeric column with two bins of what is not finite: -inf and inf."""
    negative = sample.negative_infinities
    return np.concatenate([counts[:-2], [negative, counts[-2] - negative], counts[-1:]])


def comparable_counts(
    column: ColumnReference, reference: Counts, current: Counts, novelty: Counts
) -> tuple[Counts, Counts]:
    """Counts of both sides without the bias of having chosen the categories on one of them.

    Categories that got their own bin with a few lucky rows will have fewer in any other sample,
    and those that just missed the reference will have more.
    """
    if column.kind == "numeric":
        return reference, current
    is_own = reference is column.counts
    few = _near_the_cut(reference, current) if is_own else column.counts < _MIN_CATEGORY_ROWS
    few[-3:] = False
    before, after = (np.where(few, 0, rows) for rows in (reference, current))
    before[-3] += reference[few].sum()
    after[-3] += current[few].sum()
    if is_own:
        alike = round(column.unseen(current) / max(int(current.sum()), 1) * column.n)
        moved = min(column.singletons, alike, int(before[-3]))
        before[-3] -= moved
        before[-2] += moved
        # A category that is new in the window has so many rows of it, or a few more.
        rows_of_one = max(1.0, 2 * current.sum() / reference.sum())
        # A power of two, so that many categories fall into each bin and hardly differ in number.
        categories = max(int(novelty.sum() / rows_of_one) // _CATEGORIES_PER_BIN, 1)
        bins = min(1 << categories.bit_length() - 1, len(novelty))
        if bins > 1:
            expected = np.diff(np.arange(bins + 1) * int(before[-2]) // bins)
            found = novelty.reshape(bins, -1).sum(axis=1)
            before = np.concatenate([before[:-2], expected, before[-1:]])
            after = np.concatenate([after[:-2], found, after[-1:]])
    return before, after


def _near_the_cut(reference: Counts, current: Counts) -> NDArray[np.bool_]:
    """Categories of which chance may have decided whether they have a bin of their own.

    By the rows of both sides together: by those of one side, the other would seem to have changed.
    """
    n = reference.sum()
    cut = max(_MIN_CATEGORY_ROWS, RARE_SHARE * n)
    together = (reference + current) * (n / max(n + current.sum(), 1))
    near: NDArray[np.bool_] = together < cut + 4 * cut**0.5
    return near
