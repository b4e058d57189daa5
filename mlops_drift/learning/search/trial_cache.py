"""What a search remembers of its trials, so that one that was cut short can be finished."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


class TrialCache(Protocol):
    """The finished trials of one search."""

    def recall(self, number: int, params: Mapping[str, Any]) -> "FrozenTrial | None":
        """The trial of that place in the search, from 0, if it was kept with these parameters."""

    def keep(self, trial: "FrozenTrial") -> None:
        """Keeps a finished trial as a whole, or nothing of it."""
