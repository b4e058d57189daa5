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
        seed: Chooses the world; the same seed gives the same rows for ever. Not negative.
        stationary: Switch the world's changes off, and let it go on without an end.

    Raises:
        ValueError: If `seed` is negative.
    """

    def __init__(self, seed: int, stationary: bool = False) -> None:
        if seed < 0:
            raise ValueError(f"seed must be 0 or more, found {seed}")
        self.seed = seed
        self.stationary = stationary

    @abstractmethod
    def events(self, day: date) -> pa.Table:
        """The events of `day`.

        Returns:
            The key, `event_time` (timestamp[us], UTC without a zone) and the feature columns;
            zero rows of the same schema outside the simulated period.
        """

    @abstractmethod
    def labels(self, day: date) -> pa.Table:
        """The labels that arrive on `day`, of whichever day their events are.

        Returns:
            The key and the label column; zero rows of the same schema when none arrives.
        """

    def _rng(self, stream: int, day: date) -> np.random.Generator:
        """The random numbers of one purpose on one day, the same whenever they are asked for."""
        return np.random.default_rng([self.seed, stream, day.toordinal()])


def event_times(day: date, count: int, every: timedelta) -> npt.NDArray[np.datetime64]:
    """The times of `count` events from midnight of `day`, one `every` so often.

    >>> event_times(date(2019, 7, 1), 3, timedelta(hours=1)).astype("datetime64[h]").tolist()[-1]
    datetime.datetime(2019, 7, 1, 2, 0)
    """
    return np.datetime64(day, "us") + np.arange(count) * np.timedelta64(every, "us")
