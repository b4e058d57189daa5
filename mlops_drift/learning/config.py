"""What a user may choose about training, and what predictions are worth."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mlops_drift.schema import ClassName, Distinct, Strict

FamilyName = Literal["lightgbm", "linear"]
MetricName = Literal[
    "accuracy",
    "balanced_accuracy",
    "f1",
    "precision",
    "recall",
    "f1_macro",
    "auc",
    "log_loss",
    "mae",
    "rmse",
    "r2",
]


class Training(Strict):
    """How a version is trained: which families are searched, for how long, and by which metric.

    >>> Training(metric="accuracy").families
    ['lightgbm', 'linear']
    """

    metric: MetricName = Field(
        description="The metric that the search optimises, the gates judge and production is "
        "measured by."
    )
    families: Annotated[list[FamilyName], Distinct] = Field(
        default=["lightgbm", "linear"],
        min_length=1,
        description="Model families to search. lightgbm: gradient-boosted trees. linear: logistic "
        "regression for classes, ridge for regression, each with or without squares and products.",
    )
    trials: int = Field(
        20, ge=1, description="Hyperparameter combinations to try, over all families together."
    )
    folds: int = Field(
        4, ge=2, description="Cross-validation folds of a trial, all inside the train part."
    )
    seed: int = Field(
        7, ge=0, lt=2**31, description="Seed of the folds, the search and the estimators."
    )
    test_share: float = Field(
        0.2, ge=0.05, le=0.5, description="Share of the labelled rows kept aside as the test part."
    )


class OutcomeValue(Strict):
    """What it is worth to have predicted one class when another one, or the same, was true."""

    truth: ClassName = Field(description="The class that turned out to be true.")
    prediction: ClassName = Field(description="The class that was predicted.")
    value: float = Field(description="Worth of one such prediction; a cost is negative.")


class BusinessValue(Strict):
    """What predictions are worth, on average over a window.

    >>> BusinessValue(unit="EUR", outcomes=[{"truth": "yes", "prediction": "no", "value": -40}])\
.outcomes[0].value
    -40.0
    """

    unit: str = Field("", description="Unit of the values, such as EUR.")
    outcomes: list[OutcomeValue] = Field(
        [], description="Worth of each outcome of a classification; what is not listed is worth 0."
    )
    per_error: float | None = Field(
        None,
        description="Worth of one unit of absolute error of a regression; a cost is negative.",
    )
    floor: float | None = Field(None, description="Mean worth of a prediction that a window needs.")
    drop: float | None = Field(
        None,
        gt=0,
        description="How much less than on the version's own test part fails, if not by chance.",
    )

    @model_validator(mode="after")
    def _each_outcome_has_one_value(self) -> Self:
        seen: set[tuple[str, str]] = set()
        for item in self.outcomes:
            outcome = (item.truth, item.prediction)
            if outcome in seen:
                raise ValueError(
                    f"outcomes gives truth {item.truth}, prediction {item.prediction} two values"
                )
            seen.add(outcome)
        return self
