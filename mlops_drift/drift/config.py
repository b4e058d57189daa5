"""How the columns of a model are watched for drift."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from mlops_drift.schema.fields import Distinct, Name, Strict, Windows

DriftMetric = Literal["js", "psi", "hellinger", "tvd", "linf", "ks", "wasserstein"]

# Each about what a shift of a normal column by a quarter of its standard deviation gives.
DEFAULT_THRESHOLDS: dict[DriftMetric, float] = {
    "js": 0.1,
    "psi": 0.06,
    "hellinger": 0.085,
    "tvd": 0.1,
    "linf": 0.05,
    "ks": 0.1,
    "wasserstein": 0.19,
}

# The metrics that need the values themselves, not only counts in bins.
EXACT_METRICS: tuple[DriftMetric, ...] = ("ks", "wasserstein")


class ColumnMonitor(Strict):
    """What decides about one column, where it differs from the rest.

    >>> ColumnMonitor(metric="psi", threshold=0.25).threshold
    0.25
    """

    metric: DriftMetric | None = Field(None, description="Effect size, in place of the common one.")
    threshold: PositiveFloat | None = Field(
        None, description="Threshold, in place of the common one or of the metric's default."
    )
    null_increase: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Rise of the share of nulls, in place of the common one."
    )


class Season(Strict):
    """A reference that moves with the seasons: the same period of the past.

    >>> Season(period_days=7, periods=4).period_days
    7
    """

    period_days: PositiveInt = Field(
        description="Length of the season: 7 holds a Monday against Mondays, 364 or 365 a week "
        "against the same week of last year."
    )
    periods: PositiveInt = Field(
        1,
        description="How many periods back are taken together; those that overlap the window "
        "itself are left out.",
    )


class DriftMonitor(Strict):
    """Windows, bins, effect size and evidence that decide whether a column has drifted.

    >>> monitor = DriftMonitor(columns={"age": {"metric": "psi", "threshold": 0.25}})
    >>> monitor.effect("age"), monitor.effect("miles")
    (('psi', 0.25), ('js', 0.1))
    """

    windows: Windows = Field(
        [1, 7, 28],
        min_length=1,
        description="Lengths in days of the windows that end on the judged day, ascending.",
    )
    bins: int = Field(
        10,
        ge=2,
        le=100,
        description="Quantile bins of a numeric column; a small reference gets fewer.",
    )
    metric: DriftMetric = Field(
        "js",
        description="Effect size: js (Jensen-Shannon distance), psi, hellinger, tvd (total "
        "variation), linf (largest change of one bin's share), ks or wasserstein (in units of the "
        "reference's interquartile range).",
    )
    threshold: PositiveFloat | None = Field(
        None,
        description="Effect size from which a significant difference fails. Without it about a "
        "quarter of a standard deviation: js .1, psi .06, hellinger .085, tvd .1, linf .05, "
        "ks .1, wasserstein .19.",
    )
    columns: dict[Name, ColumnMonitor] = Field(
        {}, description="Metric and threshold of single columns, in place of the common ones."
    )
    alpha: float = Field(
        0.001,
        gt=0,
        lt=1,
        description="Share of days with any false alarm that is accepted without drift; also the "
        "false discovery rate over all columns, rules and windows judged on one day.",
    )
    min_rows: PositiveInt = Field(
        100, description="Rows that a window needs; with fewer the verdict is unknown."
    )
    null_increase: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05,
        description="A share of nulls this much above the reference's fails if significant: "
        "0.05 is five points.",
    )
    season: Season | None = Field(
        None,
        description="Holds features against the same period of the past, in the frozen bins, as "
        "soon as that has enough rows; against the frozen reference until then.",
    )
    segments: Annotated[list[Name], Distinct] = Field(
        [],
        description="Columns by whose values a shift is divided, so that a failed check names "
        "where it happened.",
    )

    @model_validator(mode="after")
    def _season_has_counts_only(self) -> Self:
        chosen = {self.metric, *(column.metric for column in self.columns.values())}
        exact = chosen & set(EXACT_METRICS)
        if self.season is not None and exact:
            raise ValueError(
                f"season compares counts in bins, {' and '.join(sorted(map(str, exact)))} needs "
                "values; use js, psi, hellinger, tvd or linf with a season"
            )
        return self

    def effect(self, column: str, *, ordered: bool = True) -> tuple[DriftMetric, float]:
        """The metric that decides about a column, and its threshold.

        Args:
            column: name of the column.
            ordered: whether its values have an order; without one, js stands in for ks and
                wasserstein.
        """
        own = self.columns.get(column, ColumnMonitor())
        metric = own.metric or self.metric
        if metric in EXACT_METRICS and not ordered:
            return "js", DEFAULT_THRESHOLDS["js"]
        common = self.threshold if metric == self.metric else None
        return metric, own.threshold or common or DEFAULT_THRESHOLDS[metric]

    def null_limit(self, column: str) -> float:
        """From which rise of its share of nulls a column fails."""
        return self.columns.get(column, ColumnMonitor()).null_increase or self.null_increase
