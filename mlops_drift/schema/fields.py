"""The fields of the YAML: what is common to everything that is read from it."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PositiveInt


class Strict(BaseModel):
    """Base of everything read from YAML: frozen, with finite numbers; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def as_name(value: object) -> object:
    """A class or a column is named by a text; YAML's ``1`` and ``true`` name ``1`` and ``true``.

    >>> as_name(1), as_name(True), as_name("high")
    ('1', 'true', 'high')
    """
    return str(value).lower() if isinstance(value, int) else value


def as_written(value: object) -> object:
    """A value of a column of any type is read as text, and typed where the column is known.

    >>> as_written(0.5), as_written(True), as_written("high")
    ('0.5', 'true', 'high')
    """
    return str(value) if isinstance(value, float) else as_name(value)


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
    for value in values:
        if not value.strip():
            raise ValueError(f"an empty value is a missing one; leave {value!r} out")
        if value != value.strip():
            write = f"write {value.strip()!r}, found {value!r}"
            raise ValueError(f"values are read without the space around them; {write}")
    return values


def _owner(value: str) -> str:
    if not _OWNER.fullmatch(value):
        raise ValueError(
            f"found {value!r}; use an e-mail address such as ann@example.org, or a team such as "
            "team:risk"
        )
    return value


# For lists that name each thing once.
Distinct = AfterValidator(_distinct)
# For values of a category: what is read is trimmed, and null where nothing remains.
Trimmed = AfterValidator(_trimmed)

# Lengths in days of the windows that a monitor judges.
Windows = Annotated[list[PositiveInt], AfterValidator(_ascending)]

# What a class or a column is called.
Name = Annotated[str, BeforeValidator(as_name)]

# A value of a column, or a prediction.
Written = Annotated[str, BeforeValidator(as_written)]

# As Dagster takes it.
_OWNER = re.compile(r"team:\S.*|\w[\w.%+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", re.ASCII)
Owner = Annotated[str, AfterValidator(_owner)]

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
