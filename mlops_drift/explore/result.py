"""What an exploration of a table found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from mlops_drift.scaffold.summary import Kind

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

Measure = Literal["pearson", "spearman", "cramers_v", "eta"]


@dataclass(frozen=True)
class Finding:
    """One sentence about the table or a column; of one severity the heaviest weight comes first."""

    severity: Severity
    weight: float
    sentence: str
    column: str | None = None


@dataclass(frozen=True)
class Bar:
    """Rows of one bin or value, in all and in each group of the target."""

    label: str
    rows: int
    by_group: tuple[int, ...] = ()


@dataclass(frozen=True)
class Spread:
    """The finite numbers of a column; of moments in days since 1970-01-01."""

    mean: float
    std: float
    minimum: float
    q01: float
    q25: float
    median: float
    q75: float
    q99: float
    maximum: float
    zeros: int
    negative: int
    is_whole: bool


@dataclass(frozen=True)
class Outliers:
    """Finite values beyond the outer fences of Tukey (1977): 3 interquartile ranges off a quartile.

    Of positive values the upper fence may be that of their logarithms, if it is wider.

    Attributes:
        lowest: the smallest values below, ascending.
        highest: the largest values above, descending.
        reach: how far the farthest lies from its quartile, in distances of the fence from it.
    """

    low: float
    high: float
    below: int
    above: int
    lowest: tuple[float, ...] = ()
    highest: tuple[float, ...] = ()
    reach: float = 0.0

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.below + self.above


@dataclass(frozen=True)
class Stand:
    """A value that may stand for a missing one, and its rows."""

    value: str
    rows: int


@dataclass(frozen=True)
class Change:
    """How a mean or a share differs between groups of days.

    Attributes:
        size: from the lowest to the highest group, in standard deviations of the rows; of shares
            in points, in [0, 1].
        p: p-value.
        highest: the group with the highest value.
        lowest: the group with the lowest value.
    """

    size: float
    p: float
    highest: str
    lowest: str


@dataclass(frozen=True)
class Series:
    """A mean or a share by day.

    Attributes:
        what: what is shown, such as `mean` or `share missing`.
        values: by day from the first on; None where there is nothing.
        icc: share of the variance of the rows that lies between days, without what chance makes.
        p: p-value of that.
        trend: from the first third of the days to the last.
    """

    column: str
    what: str
    values: tuple[float | None, ...]
    icc: float
    p: float
    is_share: bool
    trend: Change | None = None
    weekday: Change | None = None
    month: Change | None = None


@dataclass(frozen=True)
class Column:
    """One column over all rows.

    Attributes:
        type: the type in the file, or that a text file is read as.
        kind: what `init` would take it for.
        problem: why that would be of no use as it is; empty where nothing is known.
        missing: rows without a value: null, NaN, and blank text.
        distinct: different values.
        bars: the distribution: bins of numbers, or the most frequent values.
        has_values: whether the bars are single values.
        rest: rows of all values that have no bar.
        words: words for a missing value among numbers, days or truths.
        variants: categories that are another but for case and space, and two of them.
        series: what changes most from day to day.
    """

    name: str
    type: str
    kind: Kind
    problem: str
    rows: int
    missing: int
    blank: int
    infinite: int
    distinct: int
    bars: tuple[Bar, ...] = ()
    has_values: bool = True
    rest: int = 0
    spread: Spread | None = None
    outliers: Outliers | None = None
    stands: tuple[Stand, ...] = ()
    words: tuple[Stand, ...] = ()
    variants: int = 0
    variant: tuple[str, str] | None = None
    filled_by_group: tuple[int, ...] = ()
    mean_by_group: tuple[float | None, ...] = ()
    top: Mapping[str, int] = field(default_factory=dict)
    series: Series | None = None

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def span(self) -> str:
        """The smallest and the largest of numbers."""
        return f"{self.spread.minimum:g} to {self.spread.maximum:g}" if self.spread else ""

    def counts(self, most: int) -> dict[str, int]:
        """The most frequent values with their rows, at most 51, most frequent first."""
        return dict(list(self.top.items())[:most])


@dataclass(frozen=True)
class Pair:
    """How strongly two columns go together.

    Attributes:
        measure: what `value` is; of two numbers the stronger of Pearson's and Spearman's.
        rows: rows of the sample that have both.
    """

    first: str
    second: str
    measure: Measure
    value: float
    rows: int
    pearson: float | None = None
    spearman: float | None = None

    @property
    def strength(self) -> float:
        """From 0, nothing in common, to 1."""
        return abs(self.value)


@dataclass(frozen=True)
class Alone:
    """How well a column alone predicts the target on rows that it has not seen.

    Attributes:
        measure: `auc` of two classes, `lambda` of more, `r2` of numbers.
        chance: what a column of noise hardly reaches in so few rows.
        leak: why it is suspected to leak the target; empty where it is not.
    """

    column: str
    measure: Literal["auc", "lambda", "r2"]
    value: float
    chance: float
    leak: str = ""


@dataclass(frozen=True)
class Groups:
    """The classes of the target, or its quarters, with their rows."""

    column: str
    kind: Literal["classes", "quarters"]
    labels: tuple[str, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Timeline:
    """The table by day.

    Attributes:
        rows: rows by day from `first` on.
        left_out: rows without a day, or with one too far from the others.
        gaps: days without rows between the first and the last.
        volume: rows by day as a series.
    """

    column: str
    first: date
    rows: tuple[int, ...]
    left_out: int
    gaps: tuple[date, ...]
    volume: Series


@dataclass(frozen=True)
class Duplicates:
    """Rows that repeat another.

    Attributes:
        whole: in all columns.
        but_key: in all columns but the key.
        keys: columns, or pairs of columns, that identify a row.
    """

    whole: int
    but_key: int | None
    keys: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Exploration:
    """A table, what is in it, and what to look at first.

    Attributes:
        sampled: rows that pairs and predictions of the target are measured on.
        numbers: columns of the correlations, in their order.
        pearson: their correlations; None where there is none.
        defs: part of a defs.yaml.
    """

    name: str
    rows: int
    sampled: int
    key: str | None
    day: str | None
    target: str | None
    findings: tuple[Finding, ...]
    columns: tuple[Column, ...]
    duplicates: Duplicates
    groups: Groups | None
    timeline: Timeline | None
    pairs: tuple[Pair, ...]
    numbers: tuple[str, ...]
    pearson: tuple[tuple[float | None, ...], ...]
    spearman: tuple[tuple[float | None, ...], ...]
    alone: tuple[Alone, ...]
    defs: str
