"""What a user may choose about training, and what predictions are worth."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from mlops_drift.learning.families.registry import SHIPPED, FamilyName
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import SHIPPED as METRICS
from mlops_drift.learning.metrics.registry import MetricName, threshold_metric
from mlops_drift.learning.search.space import Space
from mlops_drift.plugins import own_paths
from mlops_drift.schema.columns import Target
from mlops_drift.schema.fields import Distinct, Name, Strict

ClassWeight = Literal["none", "balanced"]
Share = Annotated[float, Field(ge=0, le=1)]


class Training(Strict):
    """How a version is trained: which families are searched, for how long, and by which metric."""

    metric: MetricName = Field(
        description="The metric that the search optimises, the gates judge and production is "
        "measured by: a shipped name, or package.module:name of your own, a function or a class."
    )
    families: Annotated[list[FamilyName], Distinct] = Field(
        default=["lightgbm", "linear"],
        min_length=1,
        description="Model families to search. lightgbm: gradient-boosted trees. linear: logistic "
        "regression for classes, ridge for regression, each with or without squares and products. "
        "random_forest: random forests. hist_gradient_boosting: scikit-learn's gradient-boosted "
        "trees. package.module:name: a family of your own, or a function of your own that returns "
        "an estimator of scikit-learn's kind.",
    )
    search_space: dict[str, Space] = Field(
        {},
        description="What is searched for functions of your own, by their name in families and the "
        "name of the parameter: {low: 0.01, high: 0.3, log: true} is a range, of whole numbers if "
        "both ends are; a list is a choice. The middle of a range and the first of a list are "
        "tried first. A function without it has one trial.",
    )
    trials: int = Field(
        20, ge=1, description="Hyperparameter combinations to try, over all families together."
    )
    max_rows: int | None = Field(
        None,
        ge=100,
        description="The most labelled rows of a training, which bounds its memory. Of more, it "
        "takes a sample by a hash of the key and the seed, in which each class and each day has "
        "its share. Without it, all rows.",
    )
    folds: int = Field(
        4, ge=2, description="Cross-validation folds of a trial, all inside the train split."
    )
    seed: int = Field(
        7, ge=0, lt=2**31, description="Seed of the folds, the search and the estimators."
    )
    test_share: float = Field(
        0.2, ge=0.05, le=0.5, description="Share of the labelled rows kept aside as the test split."
    )
    split: Literal["latest", "random"] = Field(
        "latest",
        description="Which rows are the test split. latest: the last ones by time, which tell best "
        "how a version will do tomorrow. random: drawn by a hash of the key, for rows whose order "
        "means nothing; a row stays in its part in later sets.",
    )
    validation: Literal["stratified", "time_ordered"] = Field(
        "stratified",
        description="How a trial is cross-validated. stratified: on shuffled folds with the same "
        "share of each class. time_ordered: each fold is predicted from earlier rows only.",
    )
    time_budget_seconds: float | None = Field(
        None,
        gt=0,
        description="No new trial begins after so many seconds, but the defaults of each family "
        "are always tried. What is found then depends on how fast the machine is.",
    )
    class_weights: Annotated[list[ClassWeight], Distinct] = Field(
        default=["none"],
        min_length=1,
        description="Ways of weighting the classes to choose from, for a target with classes. "
        "balanced: each class weighs the same in all. Probabilities stay those of the "
        "unweighted rows.",
    )
    decision_threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["search"] = Field(
        0.5,
        description="Score from which the positive class of a binary target is predicted. search: "
        "the best one for the metric, which must be f1, accuracy, balanced_accuracy or f1_macro.",
    )
    threshold_floors: dict[Literal["precision", "recall"], Share] = Field(
        {},
        description="With decision_threshold search: precision and recall that the threshold must "
        "reach on rows that a fold has not seen. Where none reaches both, the nearest is taken.",
    )

    @model_validator(mode="after")
    def _threshold_fits_metric(self) -> Self:
        if self.decision_threshold == "search":
            threshold_metric(self.metric)
        if self.threshold_floors and self.decision_threshold != "search":
            raise ValueError(
                f"threshold_floors {self.threshold_floors} needs decision_threshold search, found "
                f"{self.decision_threshold}"
            )
        return self

    @model_validator(mode="after")
    def _spaces_fit_families(self) -> Self:
        for name, space in self.search_space.items():
            if name in SHIPPED or name not in self.families:
                own = [one for one in self.families if one not in SHIPPED]
                raise ValueError(
                    f"search_space names {name}; the families of your own are "
                    f"{', '.join(own) or 'none'}"
                )
            if empty := [parameter for parameter, values in space.items() if values == []]:
                raise ValueError(f"search_space of {name} gives {empty[0]} nothing to choose from")
        return self

    @property
    def fit_threshold(self) -> float:
        """The threshold that a fit is given; one that is searched is found only after it."""
        return 0.5 if self.decision_threshold == "search" else self.decision_threshold

    @property
    def own_paths(self) -> tuple[str, ...]:
        """The import paths of the families and the metric that are not shipped."""
        families = own_paths("families", self.families, SHIPPED)
        return families + own_paths("metrics", [self.metric], METRICS)

    def require_fit(self, target: Target) -> None:
        """Requires classes for weights and for a threshold, and rows of each class in each fold."""
        least = self.folds * len(target.classes or [])
        if self.max_rows is not None and self.max_rows < least:
            raise ValueError(
                f"training.max_rows {self.max_rows} is less than a row of each class in each of "
                f"training.folds {self.folds}; use at least {least}"
            )
        if not target.is_classification and self.class_weights != ["none"]:
            raise ValueError(
                f"training.class_weights {self.class_weights} needs a target with classes, "
                "found a regression"
            )
        if target.kind != "binary" and self.decision_threshold != 0.5:
            raise ValueError(
                f"training.decision_threshold {self.decision_threshold} needs a binary target, "
                f"found a {target.kind} one"
            )


class OutcomeValue(Strict):
    """What it is worth to have predicted one class when another one, or the same, was true."""

    truth: Name = Field(description="The class that turned out to be true.")
    prediction: Name = Field(description="The class that was predicted.")
    value: float = Field(description="Worth of one such prediction; a cost is negative.")


class BusinessValue(Strict):
    """What predictions are worth, on average over a window."""

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
        description="How much less than on the version's own test split fails, if not by chance.",
    )

    @model_validator(mode="after")
    def _each_outcome_has_one_value(self) -> Self:
        outcomes = [(one.truth, one.prediction) for one in self.outcomes]
        for truth, prediction in outcomes:
            if outcomes.count((truth, prediction)) > 1:
                raise ValueError(
                    f"outcomes gives truth {truth}, prediction {prediction} two values"
                )
        return self

    def values(self, target: Target, truth: Array, prediction: Array) -> Array:
        """What each prediction was worth; shape (n,), float.

        >>> target = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
        >>> saved = BusinessValue(outcomes=[{"truth": "yes", "prediction": "yes", "value": 80}])
        >>> saved.values(target, np.array(["yes", "no"]), np.array(["yes", "yes"]))
        array([80.,  0.])
        """
        if not target.is_classification:
            errors: Array = np.abs(truth.astype(float) - prediction.astype(float))
            return errors * (self.per_error or 0.0)
        values = np.zeros(len(truth))
        for outcome in self.outcomes:
            values[(truth == outcome.truth) & (prediction == outcome.prediction)] = outcome.value
        return values
