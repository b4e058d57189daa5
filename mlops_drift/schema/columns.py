"""What a model's data looks like: columns with their constraints, and the target."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mlops_drift.schema.fields import Distinct, Name, Strict, Trimmed

ColumnType = Literal["number", "integer", "boolean", "category"]
TargetKind = Literal["binary", "multiclass", "regression"]

# The largest label of a regression, of either sign: some families learn in single precision, and
# the squares of errors are added up.
LARGEST_LABEL = 1e30


class Column(Strict):
    """A feature column and the constraints of its values; a row that breaks one is quarantined."""

    type: ColumnType = Field(description="number (float), integer, boolean or category (text).")
    nullable: bool = Field(True, description="Whether a missing value is acceptable.")
    min: float | None = Field(None, description="Smallest acceptable value, inclusive.")
    max: float | None = Field(None, description="Largest acceptable value, inclusive.")
    allowed: Annotated[list[Name], Distinct, Trimmed] | None = Field(
        None,
        min_length=1,
        description="The acceptable categories; a category outside them is quarantined.",
    )
    derived: bool = Field(
        False, description="Whether features.sql makes the column; else the source has it."
    )
    description: str = Field("", description="What the column means, with its unit.")

    @property
    def is_numeric(self) -> bool:
        """Whether the column has an order and a scale."""
        return self.type in ("number", "integer")

    @model_validator(mode="after")
    def _constraints_fit_type(self) -> Self:
        constraints = (self.min, self.max, self.allowed, self.nullable)
        if self.derived and constraints != (None, None, None, True):
            raise ValueError(
                "a derived column has no constraints (nullable, min, max, allowed): rows are "
                "screened as they arrive; let features.sql give null instead"
            )
        if not self.is_numeric and (self.min is not None or self.max is not None):
            raise ValueError(
                f"min {self.min} and max {self.max} need type number or integer, not {self.type}"
            )
        if self.type != "category" and self.allowed is not None:
            raise ValueError(f"allowed {self.allowed} needs type category, not {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


def source_columns(
    columns: Mapping[str, Column], inputs: Mapping[str, Column]
) -> dict[str, Column]:
    """The columns of an event: what the model sees without what is derived, and the inputs."""
    return {name: column for name, column in columns.items() if not column.derived} | dict(inputs)


class Target(Strict):
    """What the model predicts."""

    column: Name = Field(description="Name of the label column.")
    kind: TargetKind = Field(description="binary, multiclass or regression.")
    classes: Annotated[list[Name], Distinct, Trimmed] | None = Field(
        None,
        description="All classes; a label outside them is quarantined. Needed unless regression.",
    )
    positive: Name | None = Field(
        None, description="The class whose probability is the score. Needed for binary."
    )
    min: float | None = Field(
        None, description="Smallest acceptable label of a regression; a smaller one is quarantined."
    )
    max: float | None = Field(
        None, description="Largest acceptable label of a regression; a larger one is quarantined."
    )
    label_delay_days: int = Field(
        0, ge=0, description="Days from an event to its label: until then its label is not due."
    )

    @property
    def is_classification(self) -> bool:
        """Whether the target has classes."""
        return self.kind != "regression"

    @property
    def usual_delay(self) -> timedelta:
        """How old an event is at most that a label is about, unless it came very late.

        >>> Target(column="price", kind="regression", label_delay_days=30).usual_delay.days
        88
        """
        return timedelta(days=2 * self.label_delay_days + 28)

    @property
    def labels(self) -> Column:
        """What a label must be like; one of a regression is never beyond ``LARGEST_LABEL``.

        >>> Target(column="price", kind="regression", min=0).labels.max
        1e+30
        """
        if self.is_classification:
            return Column(type="category", nullable=False, allowed=self.classes)
        least = -LARGEST_LABEL if self.min is None else self.min
        most = LARGEST_LABEL if self.max is None else self.max
        return Column(type="number", nullable=False, min=least, max=most)

    @model_validator(mode="after")
    def _classes_fit_kind(self) -> Self:
        if self.kind == "regression":
            if self.classes is not None or self.positive is not None:
                raise ValueError(
                    "a regression target has neither classes nor positive, found "
                    f"{self.classes} and {self.positive!r}"
                )
            for name, limit in (("min", self.min), ("max", self.max)):
                if limit is not None and abs(limit) > LARGEST_LABEL:
                    raise ValueError(
                        f"{name} {limit:g} is beyond the largest label that can be learned from, "
                        f"{LARGEST_LABEL:g}; declare the label in larger units"
                    )
            if self.min is not None and self.max is not None and self.min >= self.max:
                raise ValueError(f"min {self.min:g} must be below max {self.max:g}")
            return self
        if self.min is not None or self.max is not None:
            raise ValueError(
                f"min {self.min} and max {self.max} need a regression target, found a {self.kind} "
                "one; use classes"
            )
        needed, classes = "exactly 2" if self.kind == "binary" else "at least 3", self.classes or []
        if len(classes) != 2 if self.kind == "binary" else len(classes) < 3:
            raise ValueError(f"a {self.kind} target needs {needed} classes, found {classes}")
        if self.kind == "binary" and self.positive not in classes:
            raise ValueError(f"positive must be one of {classes}, found {self.positive!r}")
        if self.kind == "multiclass" and self.positive is not None:
            raise ValueError(
                f"positive {self.positive!r} belongs to a binary target, not to a multiclass one"
            )
        return self
