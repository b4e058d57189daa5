"""How the columns of a model are watched for drift."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, model_validator

from mlops_drift.drift.metrics.registry import DEFAULT, SHIPPED, bin_metrics, drift_metric
from mlops_drift.schema.fields import Distinct, Name, Strict, Windows


def _known(name: str) -> str:
    drift_metric(name)
    return name


# A shipped metric, an import path, or an entry point.
MetricName = Annotated[str, AfterValidator(_known)]

_NAMES = ", ".join(f"{name} ({drift_metric(name).title})" for name in SHIPPED)
_THRESHOLDS = ", ".join(f"{name} {drift_metric(name).threshold:g}" for name in SHIPPED)


class ColumnMonitor(Strict):
    """What decides about one column, where it differs from the rest."""

    metric: MetricName | None = Field(None, description="Effect size, in place of the common one.")
    threshold: PositiveFloat | None = Field(
        None, description="Threshold, in place of the common one or of the metric's default."
    )
    null_increase: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Rise of the share of nulls, in place of the common one."
    )


class Season(Strict):
    """A reference that moves with the seasons: the same period of the past."""

    period_days: PositiveInt = Field(
        description="Length of the season: 7 compares a Monday with Mondays, 364 or 365 a week "
        "with the same week of last year."
    )
    periods: PositiveInt = Field(
        1,
        description="How many periods back are taken together; those that overlap the window "
        "itself are left out.",
    )


class DriftMonitor(Strict):
    """Windows, bins, effect size and evidence that decide whether a column has drifted."""

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
    metric: MetricName = Field(
        DEFAULT,
        description=f"Effect size: {_NAMES}, Wasserstein in units of the reference's interquartile "
        "range. Or your own, by import path `package.module:Name` or entry point.",
    )
    threshold: PositiveFloat | None = Field(
        None,
        description="Effect size from which a significant difference fails. Without it the "
        f"metric's own, about a quarter of a standard deviation: {_THRESHOLDS}.",
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
        description="Compares features with the same period of the past, in the frozen bins, as "
        "soon as that has enough rows; with the frozen reference until then.",
    )
    segments: Annotated[list[Name], Distinct] = Field(
        [],
        description="Columns by whose values a shift is divided, so that a failed check names "
        "where it happened.",
    )

    @model_validator(mode="after")
    def _season_has_counts_only(self) -> Self:
        exact = [name for name in self.metrics if drift_metric(name).needs_values]
        if self.season is not None and exact:
            raise ValueError(
                f"season compares counts in bins, {' and '.join(sorted(exact))} needs values; use "
                f"{bin_metrics()} with a season"
            )
        return self

    @property
    def metrics(self) -> list[str]:
        """The metrics that decide about any column."""
        own = [column.metric for column in self.columns.values() if column.metric]
        return list(dict.fromkeys([self.metric, *own]))

    def effect(self, column: str, *, ordered: bool = True) -> tuple[str, float]:
        """The metric that decides about a column, and its threshold.

        Where the values have no order, js stands in for a metric that needs values.
        """
        own = self.columns.get(column, ColumnMonitor())
        metric = own.metric or self.metric
        if drift_metric(metric).needs_values and not ordered:
            return DEFAULT, drift_metric(DEFAULT).threshold
        common = self.threshold if metric == self.metric else None
        return metric, own.threshold or common or drift_metric(metric).threshold

    def null_limit(self, column: str) -> float:
        """From which rise of its share of nulls a column fails."""
        return self.columns.get(column, ColumnMonitor()).null_increase or self.null_increase
