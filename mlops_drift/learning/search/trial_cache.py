"""What a search remembers of its trials, so that one that was cut short can be finished."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


class TrialCache(ABC):
    """The finished trials of one search."""

    @abstractmethod
    def recall(self, number: int, params: Mapping[str, Any]) -> "FrozenTrial | None":
        """The trial of that number with exactly these parameters, if it was kept.

        Args:
            number: place in the search, from 0.
            params: all that was suggested to it, by name.
        """

    @abstractmethod
    def keep(self, trial: "FrozenTrial") -> None:
        """Keeps a finished trial as a whole, or nothing of it."""
