"""A glassware line: the quality rule changes twice, the sensors never do."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from mlops_drift.sources.simulators.base import Floats, Integers, Simulator, event_times

FIRST_DAY = date(2019, 7, 1)
EVERY = timedelta(seconds=450)
PRODUCTS_A_DAY = timedelta(days=1) // EVERY
LAST_PRODUCT = 7_999
BEFORE_FIRST_PID = 100_000
LABEL_DELAY = timedelta(days=2)
SENSOR_NOISE_SD = 0.2

_RAW_STREAM, _SENSOR_STREAM = 0, 1


# What makes a product good, from one product on; bounds are inclusive.
FIRST_RULE = {"temp": (351, 359), "pressure": (8, 15), "duration": (28, 32)}
RULES = {
    1: FIRST_RULE,
    3_401: FIRST_RULE | {"temp": (354, 359)},
    6_501: FIRST_RULE | {"temp": (354, 359), "pressure": (12, 15)},
}


class Glassware(Simulator):
    """One product every 450 s from 2019-07-01, 192 a day and 7,999 in all.

    Raw temp ~ U(350, 360), pressure ~ N(12, 2), duration ~ U(28.5, 32.5); the sensors show each
    with + 0.2 N(0, 1). `quality` is 1 when the raw values keep the rule that holds for the
    product's number, else 0, and arrives two days after the product. The rule changes at products
    3,401 (2019-07-18 17:00) and 6,501 (2019-08-03 20:30): concept drift without a trace in the
    sensors. A stationary line keeps the first rule and never ends.

    >>> line = Glassware(seed=1)
    >>> line.events(date(2019, 7, 1)).column_names
    ['pid', 'event_time', 'temp', 'pressure', 'duration']
    >>> line.labels(date(2019, 7, 2)).num_rows, line.labels(date(2019, 7, 3)).num_rows
    (0, 192)
    """

    def events(self, day: date) -> pa.Table:
        products = self._products(day)
        rng, times = self._rng(_SENSOR_STREAM, day), event_times(day, len(products), EVERY)
        observed = {
            name: raw + SENSOR_NOISE_SD * rng.standard_normal(len(raw))
            for name, raw in self._raw(day).items()
        }
        return pa.table({"pid": products + BEFORE_FIRST_PID, "event_time": times, **observed})

    def labels(self, day: date) -> pa.Table:
        """The quality, checked on a day, of the products made two days earlier."""
        made = day - LABEL_DELAY
        products, raw = self._products(made), self._raw(made)
        good = np.zeros(len(products), dtype=bool)
        for first, rule in {1: FIRST_RULE}.items() if self.stationary else RULES.items():
            inside = [
                (raw[name] >= low) & (raw[name] <= high) for name, (low, high) in rule.items()
            ]
            good = np.where(products >= first, np.all(inside, axis=0), good)
        return pa.table({"pid": products + BEFORE_FIRST_PID, "quality": good.astype(np.int64)})

    def _products(self, day: date) -> Integers:
        """The numbers of the products made on a day, counted from 1."""
        before = (day - FIRST_DAY).days * PRODUCTS_A_DAY
        numbers = np.arange(before + 1, before + PRODUCTS_A_DAY + 1)
        made = (numbers >= 1) & (self.stationary | (numbers <= LAST_PRODUCT))
        return numbers[made]

    def _raw(self, day: date) -> dict[str, Floats]:
        """The true values that the sensors blur and the quality rule judges."""
        count = len(self._products(day))
        rng = self._rng(_RAW_STREAM, day)
        return {
            "temp": rng.uniform(350, 360, count),
            "pressure": rng.normal(12, 2, count),
            "duration": rng.uniform(28.5, 32.5, count),
        }
