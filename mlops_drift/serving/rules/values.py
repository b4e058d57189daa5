"""Which values of a column a rule is about: numbers within bounds, listed ones, or missing ones."""

from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from mlops_drift.learning.compiled.base import Value
from mlops_drift.schema.columns import Column
from mlops_drift.schema.fields import Distinct, Strict, Written
from mlops_drift.serving.rules.interval import Interval


class Bounds(Strict):
    """Numbers above, below or between bounds."""

    above: float | None = Field(None, description="Numbers larger than this.")
    at_least: float | None = Field(None, description="This number, and larger ones.")
    below: float | None = Field(None, description="Numbers smaller than this.")
    at_most: float | None = Field(None, description="This number, and smaller ones.")

    @property
    def bounds(self) -> dict[str, float]:
        """The bounds that are set, by name."""
        return self.model_dump(include=set(Bounds.model_fields), exclude_none=True)

    @model_validator(mode="after")
    def _bounds_leave_numbers(self) -> Self:
        for one, other in (("above", "at_least"), ("below", "at_most")):
            if one in self.bounds and other in self.bounds:
                raise ValueError(f"{one} and {other} are both given; keep one of them")
        if Interval.of(self.bounds).is_empty:
            raise ValueError(f"no number is {in_words(self.bounds)}; swap or widen the bounds")
        return self


class Values(Bounds):
    """Values of a column: exactly one of bounds, `outside`, `equals`, `one_of` and `missing`.

    A missing value is in none of them but `missing: true`.
    """

    outside: Bounds | None = Field(None, description="Numbers that are not within these bounds.")
    equals: Written | None = Field(None, description="This value.")
    one_of: Annotated[list[Written], Distinct] | None = Field(
        None, min_length=1, description="Each of these values."
    )
    missing: bool | None = Field(
        None, description="true: the value is missing. false: it is not, whatever it is."
    )

    @property
    def kind(self) -> str:
        """A word for what is asked of a value: the name of its field, or between, or present."""
        if self.missing is False:
            return "present"
        names = list(self.model_dump(exclude_none=True))
        return names[0] if len(names) == 1 else "between"

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        others = self.model_dump(exclude=set(Bounds.model_fields), exclude_none=True)
        if len(others) + bool(self.bounds) != 1:
            found = " and ".join([*self.bounds, *others]) or "none"
            raise ValueError(
                "exactly one is needed of bounds (above, at_least, below, at_most), outside, "
                f"equals, one_of and missing, found {found}"
            )
        if self.outside is not None and not self.outside.bounds:
            raise ValueError("outside needs bounds, such as {at_least: 10, below: 150}")
        return self

    def plain(self, column: Column) -> dict[str, Any]:
        """The same as plain data, with listed values in the type of the column.

        Raises:
            ValueError: if the column never has such a value.
        """
        if self.missing is not None:
            if not column.nullable:
                raise ValueError("missing needs a nullable column, found nullable: false")
            return {"missing": self.missing}
        listed = self.one_of if self.equals is None else [self.equals]
        if listed is not None:
            return {"one_of": [_value(text, column) for text in listed]}
        if not column.is_numeric:
            raise ValueError(
                f"{self.kind} needs type number or integer, found {column.type}; use equals, "
                "one_of or missing"
            )
        if self.outside is None:
            bounds, intervals = self.bounds, [Interval.of(self.bounds)]
        else:
            bounds = self.outside.bounds
            intervals = Interval.of(bounds).outside
        if not any(one.meets(column) for one in intervals):
            what = in_words(bounds) if self.outside is None else f"outside of {in_words(bounds)}"
            raise ValueError(f"the column has no value {what}: {_constraints(column)}")
        return bounds if self.outside is None else {"outside": bounds}


def as_number(text: str) -> Decimal:
    """A finite number that is written as text; a ValueError if it is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not isfinite(float(number)):
        raise ValueError(f"found {text!r}, which is not a number")
    return number


def in_words(bounds: dict[str, float]) -> str:
    """Bounds as words.

    >>> in_words({"at_least": 10, "below": 150})
    'at least 10 and below 150'
    """
    return " and ".join(f"{name.replace('_', ' ')} {bound:g}" for name, bound in bounds.items())


def _value(text: str, column: Column) -> Value:
    """A value in the type of its column."""
    if column.type == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"found {text!r}; a boolean column is true or false")
        return text == "true"
    if column.type == "category":
        if text != text.strip() or not text:
            raise ValueError(f"found {text!r}; values are read without the space around them")
        if column.allowed is not None and text not in column.allowed:
            raise ValueError(f"found {text!r}; the column allows {', '.join(column.allowed)}")
        return text
    number = as_number(text)
    if not Interval(float(number), float(number)).meets(column):
        raise ValueError(f"the column has no value {text}: {_constraints(column)}")
    return int(number) if column.type == "integer" else float(number)


def _constraints(column: Column) -> str:
    limits = {"min": column.min, "max": column.max}
    given = [f"{name} {limit:g}" for name, limit in limits.items() if limit is not None]
    return ", ".join([f"type {column.type}", *given])
