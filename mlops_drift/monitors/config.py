"""What is watched in production, as written in YAML: the sections that several checks share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.metrics.allowance import Allowance, allowance
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.monitors.streaming import StreamingMonitor
from mlops_drift.schema.fields import DEFAULT, Distinct, Limit, Name, Strict, Windows


class QualityMonitor(Strict):
    """When a day's data is too bad to trust."""

    max_rejected_share: float = Field(
        0.01, ge=0, le=1, description="Share of unusable rows above which data_quality fails."
    )


class AgeMonitor(Strict):
    """When the training data are too old, however well the version does."""

    max_days: int | None = Field(
        30,
        ge=1,
        description="Age at which model_age fails: days since the as-of day of the training data, "
        "or of those of a challenger that was rejected in its place. null switches it off.",
    )


class PerformanceMonitor(Strict):
    """When a version performs worse than it may.

    A window fails when its value is beyond the limit `floor`, or worse than the version's own test
    value by more than `drop` and significantly so.
    """

    windows: Windows = Field(
        [1, 7, 28], min_length=1, description="Trailing windows in production days, ascending."
    )
    floor: float | None = Field(
        None,
        description="The value that every window must reach (for error metrics: stay under), "
        "whatever the test value was: the edge of a KPI band.",
    )
    drop: Limit | None = Field(
        DEFAULT,
        description="How much worse than the version's own test value fails. In points, default "
        "0.05; for mae, rmse and log_loss as a share of the test value, default 10 %. null "
        "switches it off.",
    )
    alpha: float = Field(
        0.004,
        gt=0,
        lt=0.5,
        description="Share of days on which chance alone may look like a drop, over all windows "
        "(and slices) judged on a day together.",
    )
    min_rows: int = Field(100, ge=2, description="Fewest labelled predictions; under it: unknown.")
    max_rows: int = Field(
        300_000,
        ge=100,
        description="About how many rows of a window of several days are measured, at least half "
        "of them, labels (label_drift) too: of more, every 2nd, 4th, 8th ... event counts, by a "
        "hash of its key. So a day costs what its own rows cost.",
    )
    slices: Annotated[list[Name], Distinct] = Field(
        [],
        description="Columns by whose values performance is judged apart (slice_performance): "
        "category, boolean or integer.",
    )
    business: BusinessValue | None = Field(
        None, description="The value of an outcome; judged by the check business_value."
    )
    streaming: StreamingMonitor | None = Field(
        None,
        description="A detector over the sequence of errors (error_drift); needs the extra "
        "`streaming`.",
    )

    def allowance(self, metric: MetricName) -> Allowance | None:
        """How much worse than the test value the metric may be; None where that is not judged."""
        return None if self.drop is None else allowance(metric, self.drop, points=0.05)


class ExtraCheck(BaseModel):
    """A check that is not shipped, with its own settings beside its place."""

    model_config = ConfigDict(extra="allow", frozen=True)

    check: str = Field(
        description="Import path `package.module:Name`, or the name of an entry point of the group "
        "mlops_drift.checks."
    )

    @property
    def settings(self) -> dict[str, object]:
        """What is written beside it."""
        return dict(self.model_extra or {})


class MonitorSections(Strict):
    """The daily checks and their thresholds."""

    quality: QualityMonitor = Field(default_factory=QualityMonitor)
    drift: DriftMonitor = Field(default_factory=DriftMonitor)
    performance: PerformanceMonitor = Field(default_factory=PerformanceMonitor)
    age: AgeMonitor = Field(default_factory=AgeMonitor)
    extra: list[ExtraCheck] = Field([], description="Checks of other packages.")
