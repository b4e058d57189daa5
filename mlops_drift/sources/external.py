"""The section `model`: whether versions are trained here, or predictions are made elsewhere."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.columns import Column, Target
from mlops_drift.schema.fields import Name, Strict
from mlops_drift.sources.base import SourceConfig

# The columns of a prediction, whatever the source calls them.
PREDICTION, SCORE, VERSION = "prediction", "score", "version"
# The version of predictions that name none.
UNNAMED = "unnamed"


class TrainedModel(Strict):
    """Versions are trained, gated and promoted here."""

    kind: Literal["trained"] = Field(description="trained")


class ReferencePeriod(Strict):
    """Days of the model itself that production is compared with."""

    first: date = Field(description="First day of the reference.")
    last: date = Field(
        description="Last day. The reference is complete when the labels of that day are due."
    )

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}")
        return self


class ReferenceTable(Strict):
    """A file that production is compared with."""

    path: str = Field(
        min_length=1,
        description="A CSV, Parquet or JSON file with the feature columns, the prediction, its "
        "scores and, where it is known, the label, under the names of the source. Relative to the "
        "folder of the YAML file.",
    )


def _form_of(section: Any) -> str:
    fields = section if isinstance(section, Mapping) else vars(section)
    return "table" if "path" in fields else "period"


Reference = Annotated[
    Annotated[ReferencePeriod, Tag("period")] | Annotated[ReferenceTable, Tag("table")],
    Discriminator(_form_of),
]


class ExternalModel(Strict):
    """Predictions are made elsewhere, and monitored here; nothing is trained."""

    kind: Literal["external"] = Field(description="external")
    metric: MetricName = Field(
        description="The metric that production is measured by: a shipped name, or "
        "package.module:Name of your own."
    )
    predictions: dict[str, Any] | str | None = Field(
        None,
        description="Where predictions arrive, written as `labels` of the source is: one row a "
        "prediction, with the key of its event. Left out, they are columns of the events.",
    )
    prediction: Name = Field(description="The column that holds the predicted class or number.")
    score: Name | None = Field(
        None,
        description="The column that holds the probability of the positive class, or of several "
        "classes that of the predicted one. Left out, predictions count as certain.",
    )
    scores: dict[Name, Name] = Field(
        {}, description="Of several classes: the columns that hold the probability of each."
    )
    version: Name | None = Field(
        None,
        description="The column that names the version which made a prediction, as a text or a "
        "number. Left out, all are of one version.",
    )
    reference: Reference = Field(
        description="What the days in production are compared with: a period, as `first` and "
        "`last`, or a file, as `path`."
    )

    def require_fit(self, target: Target, source: SourceConfig, start_date: date) -> None:
        """Raises a ValueError if predictions cannot be those of the target, or not come so."""
        named, classes = [*filter(None, [self.score, *self.scores.values()])], target.classes or []
        if named and not target.is_classification:
            raise ValueError(
                f"model.score and model.scores need a target with classes, found {named[0]!r} and "
                "a regression; leave them out"
            )
        if self.scores and target.kind != "multiclass":
            raise ValueError("model.scores is for three or more classes; name model.score")
        if self.scores and (self.score or set(self.scores) != set(classes)):
            raise ValueError(
                "model.scores names the column of every class and replaces model.score, found "
                f"{', '.join(self.scores)}; the classes are {', '.join(classes)}"
            )
        columns = [self.prediction, *named, *filter(None, [self.version])]
        if twice := [name for name in columns if columns.count(name) > 1]:
            raise ValueError(f"model names the column {twice[0]!r} more than once")
        if isinstance(self.reference, ReferencePeriod) and self.reference.first < start_date:
            raise ValueError(
                f"model.reference.first {self.reference.first} is before start_date {start_date}"
            )
        self.table_of(source)

    def table_of(self, source: SourceConfig) -> SourceConfig | None:
        """The source whose labels are the predictions; None where they are columns of events."""
        fields = source.model_dump()
        if fields["kind"] == "service":
            raise ValueError(
                "model.kind external needs a source whose events no service of this project has "
                "answered, found service"
            )
        if self.predictions is None:
            return None
        if "labels" not in fields:
            raise ValueError(
                f"model.predictions needs a source with tables, found {fields['kind']}; leave it "
                "out if predictions are columns of the events"
            )
        try:
            return type(source).model_validate({**fields, "labels": self.predictions})
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])).replace("labels", "model.predictions", 1)
            message = first["msg"].removeprefix("Value error, ")
            raise ValueError(f"{field}: {message}") from error

    @cached_property
    def raw_names(self) -> dict[str, str | None]:
        """By column of a prediction, what the source calls it; None where it has none."""
        probabilities = {score_of(name): column for name, column in self.scores.items()}
        return {
            PREDICTION: self.prediction,
            SCORE: self.score,
            VERSION: self.version,
            **probabilities,
        }

    def checked(self, target: Target) -> dict[str, Column]:
        """The columns of a prediction, with what their values must be like."""

        def share(column: str | None) -> Column:
            return Column(type="number", nullable=column is None, min=0, max=1)

        return {
            PREDICTION: target.labels,
            SCORE: share(self.score),
            VERSION: Column(type="category", nullable=False),
            **{score_of(name): share(self.scores.get(name)) for name in scored_classes(target)},
        }


def score_of(name: str) -> str:
    """The column of the probability of a class."""
    return f"score of {name}"


def scored_classes(target: Target) -> list[str]:
    """The classes whose probabilities are kept one by one."""
    return list(target.classes or []) if target.kind == "multiclass" else []


ModelKind = Annotated[TrainedModel | ExternalModel, Field(discriminator="kind")]
