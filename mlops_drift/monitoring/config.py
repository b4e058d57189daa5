"""What is watched in production and what is done about it, as written in YAML."""

from typing import Literal

from pydantic import Field

from mlops_drift.schema import Strict, Windows

# Bad data is no reason to learn from it: data_quality alerts, and is none of these.
CheckName = Literal["feature_drift", "prediction_drift", "null_spike", "performance_drop"]


class QualityMonitor(Strict):
    """When a day's data is too bad to trust."""

    max_rejected_share: float = Field(
        0.01, ge=0, le=1, description="Share of rejected rows above which data_quality fails."
    )


class PerformanceMonitor(Strict):
    """When a version performs worse than it may.

    A window fails when its value is beyond the floor, or when it is worse than the version's own
    test value by more than `drop` and chance is excluded at `alpha`.
    """

    windows: Windows = Field(
        [1, 7, 28], min_length=1, description="Trailing windows in production days, ascending."
    )
    floor: float | None = Field(
        None,
        description="The value that every window must reach (for error metrics: stay under), "
        "whatever the test value was: the edge of a KPI band.",
    )
    drop: float | None = Field(
        0.05, gt=0, description="How much worse than the version's own test value fails."
    )
    alpha: float = Field(
        0.01, gt=0, lt=0.5, description="One-sided chance of such a drop without a real one."
    )
    min_rows: int = Field(100, ge=2, description="Fewest labelled predictions; under it: unknown.")


class RetrainingPolicy(Strict):
    """Which failed checks retrain the model, and on what."""

    retrain_on: list[CheckName] = Field(
        ["feature_drift", "prediction_drift", "performance_drop"],
        description="The checks whose failure requests a retraining; the others only alert. "
        "null_spike may be added: by default missing values are for the pipeline to repair.",
    )
    first_training_rows: int = Field(
        500, ge=20, description="Labelled rows from which the first version is trained."
    )
    window_days: int | None = Field(
        None,
        ge=1,
        description="How many labelled production days a training set reaches back; "
        "all of them where missing.",
    )
    rows_since_change: int = Field(
        150,
        ge=20,
        description="Labelled rows since the first failing production day from which a retraining "
        "after a performance drop uses only those.",
    )
    min_new_labels: int = Field(
        50,
        ge=1,
        description="New labelled rows before a retraining is tried again after a refused "
        "challenger.",
    )
