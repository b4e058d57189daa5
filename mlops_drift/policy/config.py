"""What is done about failed checks, as written in YAML."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mlops_drift.schema.fields import Distinct, Name, Strict
from mlops_drift.schema.webhook import Endpoint

Mode = Literal["alert", "retrain"]
Approval = Literal["automatic", "manual"]
TrainingWindow = Literal["recent", "since_change", "everything"]


class Budget(Strict):
    """How many retrainings a period may see."""

    retrainings: int = Field(ge=1, description="Most retrainings in the period, rejected ones too.")
    days: int = Field(30, ge=1, description="Length of the period.")


class Action(Strict):
    """What a decision to retrain does where versions are trained elsewhere; one of the two."""

    webhook: Endpoint | None = Field(
        None, description="A system that gets the decision once, as a signed event."
    )
    job: Name | None = Field(
        None,
        description="A Dagster job of the project, which is launched once; the tags of its run say "
        "which model, day and decision it is about.",
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.webhook is None) == (self.job is None):
            found = "neither" if self.job is None else "both"
            raise ValueError(f"action needs either webhook or job, found {found}")
        return self


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
    action: Action | None = Field(
        None,
        description="What a decision calls if the model is external; without it decisions are "
        "recorded and sent, as with mode alert.",
    )
    retrain_on: Annotated[list[Name], Distinct] = Field(
        ["feature_drift", "prediction_drift", "performance_drop", "model_age"],
        description="The checks whose failure triggers a retraining; the others only alert. "
        "null_spike and data_quality may be added: by default the pipeline repairs broken data.",
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
        description="Labelled rows since the first failing day that `since_change` needs.",
    )
    min_new_labels: int = Field(
        50, ge=1, description="New labelled rows since the last training before another one."
    )
    confirm_days: int = Field(
        2,
        ge=1,
        description="On how many days of the last 28 a check of drift must have failed before it "
        "retrains: single days look like drift by chance. Performance, age and quality need one.",
    )
    cooldown_days: int = Field(
        7,
        ge=0,
        description="Days after a promotion, or a rejected challenger, on which failed checks "
        "only alert: what still fails afterwards retrains.",
    )
    budget: Budget | None = Field(None, description="Most retrainings in a period.")
    give_up_after: int = Field(
        5,
        ge=1,
        description="Rejected challengers of one champion for one check before a person is needed.",
    )

    @model_validator(mode="after")
    def _recent_has_a_length(self) -> Self:
        if self.training_windows == ["recent"] and self.window_days is None:
            raise ValueError(
                "training_windows has only recent, which needs window_days, the days that it "
                "reaches back"
            )
        return self
