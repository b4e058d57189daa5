"""What is watched in production and what is done about it, as written in YAML."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mlops_drift.learning.config import BusinessValue, MetricName
from mlops_drift.learning.metrics import Allowance, allowance
from mlops_drift.monitoring.checks import (
    BUSINESS_VALUE,
    ERROR_DRIFT,
    SLICE_PERFORMANCE,
    CheckName,
)
from mlops_drift.monitoring.streaming import StreamingMonitor
from mlops_drift.schema import DEFAULT, Distinct, Limit, Name, Strict, Windows

Mode = Literal["alert", "retrain"]
Approval = Literal["automatic", "manual"]
TrainingWindow = Literal["recent", "since_change", "everything"]

# The default of `drop` for metrics that are limited in points.
_DROP_POINTS = 0.05


class QualityMonitor(Strict):
    """When a day's data is too bad to trust."""

    max_rejected_share: float = Field(
        0.01, ge=0, le=1, description="Share of rejected rows above which data_quality fails."
    )


class AgeMonitor(Strict):
    """When a retraining is too long ago, however well the version does."""

    max_days: int | None = Field(
        30,
        ge=1,
        description="Days without a retraining after which model_age fails; one whose challenger "
        "was refused counts. null switches it off.",
    )


class PerformanceMonitor(Strict):
    """When a version performs worse than it may.

    A window fails when its value is beyond the floor, or when it is worse than the version's own
    test value by more than `drop` and chance is excluded.
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
    slices: Annotated[list[Name], Distinct] = Field(
        [],
        description="Columns by whose values performance is judged apart (slice_performance): "
        "category, boolean or integer.",
    )
    business: BusinessValue | None = Field(
        None, description="What an outcome is worth; judged by the check business_value."
    )
    streaming: StreamingMonitor | None = Field(
        None,
        description="A detector over the sequence of errors (error_drift); needs the extra "
        "`streaming`.",
    )

    def allowance(self, metric: MetricName) -> Allowance | None:
        """How much worse than the test value the metric may be; None where that is not judged.

        >>> print(PerformanceMonitor().allowance("f1"), PerformanceMonitor().allowance("rmse"))
        5 points 10 %
        """
        return None if self.drop is None else allowance(metric, self.drop, _DROP_POINTS)

    @property
    def unwatched(self) -> dict[CheckName, str]:
        """The checks that a model does not have, each with the field that would give it one.

        >>> PerformanceMonitor(slices=["country"]).unwatched
        {'business_value': 'business', 'error_drift': 'streaming'}
        """
        needs: list[tuple[CheckName, str, object]] = [
            (SLICE_PERFORMANCE, "slices", self.slices),
            (BUSINESS_VALUE, "business", self.business),
            (ERROR_DRIFT, "streaming", self.streaming),
        ]
        return {check: field for check, field, given in needs if not given}


class Budget(Strict):
    """How many retrainings a period may see.

    >>> Budget(retrainings=4, days=30).retrainings
    4
    """

    retrainings: int = Field(ge=1, description="Most retrainings in the period, refused ones too.")
    days: int = Field(30, ge=1, description="Length of the period.")


class RetrainingPolicy(Strict):
    """Which failed checks retrain the model, when not, on what, and who promotes."""

    mode: Mode = Field(
        "retrain",
        description="alert: decisions are recorded and sent, nothing is trained. retrain: a "
        "challenger is trained and gated.",
    )
    approval: Approval = Field(
        "automatic",
        description="automatic: a challenger that passes its gates serves from the next day on. "
        "manual: it waits until a person approves or rejects it, with name and reason.",
    )
    retrain_on: Annotated[list[CheckName], Distinct] = Field(
        ["feature_drift", "prediction_drift", "performance_drop", "model_age"],
        description="The checks whose failure requests a retraining; the others only alert. "
        "null_spike and data_quality may be added: by default broken data is for the pipeline to "
        "repair.",
    )
    first_training_rows: int = Field(
        500,
        ge=20,
        description="Labelled rows from which the first version is trained; times "
        "`training.test_share` they must give the test rows of `gates.min_rows`.",
    )
    window_days: int | None = Field(
        None,
        ge=1,
        description="How many labelled production days the training window `recent` reaches back; "
        "without it there is no such window.",
    )
    training_windows: Annotated[list[TrainingWindow], Distinct] = Field(
        ["recent", "since_change", "everything"],
        min_length=1,
        description="The candidates of a retraining: the last `window_days`, all since the first "
        "production day that failed, or everything. The one that predicts the most recent "
        "labelled rows best is taken.",
    )
    rows_since_change: int = Field(
        150,
        ge=20,
        description="Labelled rows since the first failing production day from which "
        "`since_change` is a candidate.",
    )
    min_new_labels: int = Field(
        50, ge=1, description="New labelled rows since the last training before another one."
    )
    confirm_days: int = Field(
        2,
        ge=1,
        description="On how many days of the last 28 a check of drift must have failed before it "
        "retrains: single days look like drift by chance. What labels, age and quality say needs "
        "one.",
    )
    cooldown_days: int = Field(
        7,
        ge=0,
        description="Days after a promotion, or a refused challenger, on which failed checks only "
        "alert: what still fails afterwards retrains.",
    )
    budget: Budget | None = Field(None, description="Most retrainings in a period.")
    give_up_after: int = Field(
        5,
        ge=1,
        description="Refused challengers of one champion, because of the same check, after which "
        "the policy gives up and calls for a person.",
    )

    @model_validator(mode="after")
    def _recent_has_a_length(self) -> Self:
        if self.training_windows == ["recent"] and self.window_days is None:
            raise ValueError(
                "training_windows has only recent, which needs window_days, the days that it "
                "reaches back"
            )
        return self
