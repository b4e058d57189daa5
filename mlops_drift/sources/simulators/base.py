"""What every simulated world offers: the events and the labels of one day."""

from abc import ABC, abstractmethod
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


class Simulator(ABC):
    """A seeded world: any single day can be produced without the days before it.

    Args:
        seed: chooses the world; the same seed gives the same rows for ever. Not negative.
        stationary: switches the world's changes off, and lets it go on without an end.
    """

    def __init__(self, seed: int, stationary: bool = False) -> None:
        self.seed, self.stationary = seed, stationary

    @abstractmethod
    def events(self, day: date) -> pa.Table:
        """The events of a day; no rows, with the same columns, outside the simulated period.

        Returns:
            The key, `event_time` (timestamp[us], UTC without a zone) and the feature columns.
        """

    @abstractmethod
    def labels(self, day: date) -> pa.Table:
        """The key and the label of each label that arrives on a day, whenever its event was."""

    def _rng(self, stream: int, day: date) -> np.random.Generator:
        """The random numbers of one purpose on one day, the same whenever they are asked for."""
        return np.random.default_rng([self.seed, stream, day.toordinal()])


def event_times(
    day: date, count: int, every: timedelta | None = None
) -> npt.NDArray[np.datetime64]:
    """The times of events from midnight of a day, one `every` so often, or evenly over the day.

    >>> event_times(date(2019, 7, 1), 3).astype("datetime64[h]").tolist()[-1]
    datetime.datetime(2019, 7, 1, 16, 0)
    """
    step = np.timedelta64(every or timedelta(days=1) / max(count, 1), "us")
    return np.datetime64(day, "us") + np.arange(count) * step
