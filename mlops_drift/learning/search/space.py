"""What the search may choose for a parameter of a function that makes estimators."""

from math import exp, log
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from mlops_drift.schema.fields import Strict

if TYPE_CHECKING:
    from optuna import Trial

Choice = bool | int | float | str | None


class Between(Strict):
    """A range of numbers, with both ends; whole numbers if both ends are."""

    low: int | float = Field(description="Smallest value.")
    high: int | float = Field(description="Largest value.")
    log: bool = Field(False, description="Whether small values are drawn as densely as large ones.")

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"log: true needs a low above 0, found {self.low}")
        return self

    @property
    def _is_whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def middle(self) -> float:
        """What is tried first.

        >>> Between(low=0.01, high=1, log=True).middle, Between(low=7, high=64).middle
        (0.1, 36)
        """
        if self.log:
            value = round(exp((log(self.low) + log(self.high)) / 2), 12)
        else:
            value = (self.low + self.high) / 2
        return round(value) if self._is_whole else min(max(value, self.low), self.high)

    def suggest(self, trial: "Trial", name: str) -> float:
        """A value drawn from a trial."""
        if self._is_whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)


# What a function is given, by name: a range, or a list to choose from, of which the first is tried
# first.
Space = dict[str, Between | list[Choice]]


def first_of(space: Space) -> dict[str, Any]:
    """The parameters that the search tries first."""
    return {name: one.middle if isinstance(one, Between) else one[0] for name, one in space.items()}


def drawn_from(space: Space, trial: "Trial", prefix: str) -> dict[str, Any]:
    """Parameters drawn from a trial, where their names begin with a prefix."""
    return {
        name: one.suggest(trial, f"{prefix}{name}")
        if isinstance(one, Between)
        else trial.suggest_categorical(f"{prefix}{name}", one)
        for name, one in space.items()
    }
