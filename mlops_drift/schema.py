"""What a model's data looks like: columns with their constraints, and the target."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    model_validator,
)

ColumnType = Literal["number", "integer", "boolean", "category"]
TargetKind = Literal["binary", "multiclass", "regression"]
Verdict = Literal["pass", "fail", "unknown"]


# The largest label of a regression, of either sign: some families learn in single precision, and
# the squares of errors are added up.
LARGEST_LABEL = 1e30


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict over several: any fail fails, any pass passes the rest.

    >>> overall(["unknown", "pass"]), overall(["pass", "fail"]), overall([])
    ('pass', 'fail', 'unknown')
    """
    if "fail" in verdicts:
        return "fail"
    return "pass" if "pass" in verdicts else "unknown"


class Strict(BaseModel):
    """Base of everything read from YAML: frozen, with finite numbers; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def as_name(value: object) -> object:
    """A class or a column is named by a text; YAML's ``1`` and ``true`` name ``1`` and ``true``.

    >>> as_name(1), as_name(True), as_name("high")
    ('1', 'true', 'high')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return value


def _ascending(windows: list[int]) -> list[int]:
    if windows != sorted(set(windows)):
        raise ValueError(f"windows must be ascending without duplicates, found {windows}")
    return windows


def _distinct(values: list[Any]) -> list[Any]:
    twice = list(dict.fromkeys(str(value) for value in values if values.count(value) > 1))
    if twice:
        raise ValueError(f"each may be named once, found {', '.join(twice)} more often")
    return values


def _trimmed(values: list[str]) -> list[str]:
    odd = [value for value in values if not value or value != value.strip()]
    if odd:
        raise ValueError(
            f"values are read without the space around them; write {odd[0].strip()!r}, found "
            f"{odd[0]!r}"
            if odd[0].strip()
            else f"an empty value is a missing one; leave {odd[0]!r} out"
        )
    return values


# For lists that name each thing once.
Distinct = AfterValidator(_distinct)
# For values of a category: what is read is trimmed, and null where nothing remains.
Trimmed = AfterValidator(_trimmed)

# Lengths in days of the windows that a monitor judges.
Windows = Annotated[list[PositiveInt], AfterValidator(_ascending)]

# What a class or a column is called.
Name = Annotated[str, BeforeValidator(as_name)]

# The limit that suits the kind of metric.
DEFAULT: Literal["default"] = "default"

_NUMBER = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*(%?)")


def as_limit(value: object, *, zero: bool = False) -> object:
    """A limit on how much worse a metric may be, written as a number or in percent.

    Raises:
        ValueError: if it is neither, or not in (0, 1].

    >>> as_limit(0.05), as_limit("5 %"), as_limit("default")
    (0.05, 0.05, 'default')
    """
    if value == DEFAULT:
        return value
    number = value
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value.strip())):
        number = float(Decimal(found[1]) / (100 if found[2] else 1))
    if (
        isinstance(number, int | float)
        and not isinstance(number, bool)
        and (0 < number <= 1 or (zero and number == 0))
    ):
        return number
    least = "greater than or equal to 0" if zero else "greater than 0"
    raise ValueError(
        f"must be a finite number {least} and up to 1, or a percentage up to 100 %, such as 0.05 "
        f"or 5 %, found {value!r}"
    )


# How much worse a metric may be.
Limit = Annotated[float | Literal["default"], BeforeValidator(as_limit)]
LimitOrZero = Annotated[
    float | Literal["default"], BeforeValidator(lambda value: as_limit(value, zero=True))
]


class Column(Strict):
    """A feature column and the constraints that its values must meet.

    A row that breaks one is kept aside in the rejected table with the reason.
    """

    type: ColumnType = Field(description="number (float), integer, boolean or category (text).")
    nullable: bool = Field(True, description="Whether a missing value is acceptable.")
    min: float | None = Field(None, description="Smallest acceptable value, inclusive.")
    max: float | None = Field(None, description="Largest acceptable value, inclusive.")
    allowed: Annotated[list[Name], Distinct, Trimmed] | None = Field(
        None,
        min_length=1,
        description="The acceptable categories; a category outside them is rejected.",
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
        if self.derived and (self.min, self.max, self.allowed, self.nullable) != (
            *(None, None, None),
            True,
        ):
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
    """The columns of an event: what the model sees without what is derived, and the inputs.

    >>> made = {"age": Column(type="number", derived=True)}
    >>> list(source_columns({**made, "city": Column(type="category")}, {}))
    ['city']
    """
    own = {name: column for name, column in columns.items() if not column.derived}
    return {**own, **inputs}


class Target(Strict):
    """What the model predicts."""

    column: Name = Field(description="Name of the label column.")
    kind: TargetKind = Field(description="binary, multiclass or regression.")
    classes: Annotated[list[Name], Distinct, Trimmed] | None = Field(
        None, description="All classes; a label outside them is rejected. Needed unless regression."
    )
    positive: Name | None = Field(
        None, description="The class whose probability is the score. Needed for binary."
    )
    min: float | None = Field(
        None,
        description="Smallest acceptable label of a regression; a smaller one is rejected.",
    )
    max: float | None = Field(
        None,
        description="Largest acceptable label of a regression; a larger one is rejected.",
    )
    label_delay_days: int = Field(
        0, ge=0, description="Days from an event to its label: until then its label is not due."
    )

    @property
    def is_classification(self) -> bool:
        """Whether the target has classes."""
        return self.kind != "regression"

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
        expected = 2 if self.kind == "binary" else 3
        classes = self.classes or []
        if len(classes) < expected or (self.kind == "binary" and len(classes) != 2):
            raise ValueError(
                f"a {self.kind} target needs {'exactly' if expected == 2 else 'at least'} "
                f"{expected} classes, found {classes}"
            )
        if self.kind == "binary" and self.positive not in classes:
            raise ValueError(f"positive must be one of {classes}, found {self.positive!r}")
        if self.kind == "multiclass" and self.positive is not None:
            raise ValueError(
                f"positive {self.positive!r} belongs to a binary target, not to a multiclass one"
            )
        return self
