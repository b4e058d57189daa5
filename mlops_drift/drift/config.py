"""How the columns of a model are watched for drift."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from mlops_drift.schema import Strict, Windows

DriftMetric = Literal["js", "psi", "hellinger", "tvd", "linf"]


class DriftMonitor(Strict):
    """Windows, bins, effect size and evidence that decide whether a column has drifted.

    >>> DriftMonitor(column_thresholds={"age": 0.2}).threshold_for("age")
    0.2
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
        "variation) or linf (largest change of one bin's share).",
    )
    threshold: PositiveFloat = Field(
        0.1, description="Effect size from which a significant difference fails."
    )
    column_thresholds: dict[str, PositiveFloat] = Field(
        {}, description="Thresholds of single columns, in place of the common one."
    )
    alpha: float = Field(
        0.001,
        gt=0,
        lt=1,
        description="False discovery rate over all columns and windows judged on one day.",
    )
    min_rows: PositiveInt = Field(
        100, description="Rows that a window needs; with fewer the verdict is unknown."
    )
    null_increase: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05,
        description="A share of nulls this much above the reference's fails if significant: "
        "0.05 is five points.",
    )

    def threshold_for(self, column: str) -> float:
        """The threshold of one column: its own, or the common one."""
        return self.column_thresholds.get(column, self.threshold)
