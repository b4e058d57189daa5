"""What the picture of a gate shows, as plain data: drawing is done where it is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan


@dataclass(frozen=True)
class Limit:
    """A number against its limit, with its 95 % interval where it has one.

    Attributes:
        title: what the number is, with its unit.
        at_least: whether the limit is a lower one.
    """

    title: str
    value: float
    limit: float
    at_least: bool
    lower: float = nan
    upper: float = nan


@dataclass(frozen=True)
class Curve:
    """What scores promised and what came true, by bin."""

    title = "what scores promised and what came true, by bin"

    promised: Sequence[float]
    found: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True)
class Shares:
    """Distributions over the same classes or bins, side by side.

    Attributes:
        names: the classes or bins.
        series: the share of each, by name of the distribution.
    """

    title: str
    names: Sequence[str]
    series: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Bars:
    """A number for each class, slice or column, against a common limit; worst first."""

    title: str
    names: Sequence[str]
    values: Sequence[float]
    limit: float


@dataclass(frozen=True)
class Differences:
    """Resampled differences of two models, the one that was observed, and the limit."""

    title: str
    differences: Sequence[float]
    observed: float
    limit: float


@dataclass(frozen=True)
class Confusion:
    """How often each class, in the rows, was predicted as each class, in the columns."""

    title = "test rows: truth in rows, prediction in columns"

    classes: Sequence[str]
    counts: Sequence[Sequence[int]]


Picture = Limit | Curve | Shares | Bars | Differences | Confusion
