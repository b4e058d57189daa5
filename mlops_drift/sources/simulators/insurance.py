"""Car insurance: drivers, cars and what makes them a risk change slowly over three years."""

from calendar import monthrange
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from mlops_drift.sources.simulators.base import Floats, Integers, Simulator, event_times

REFERENCE_MONTH = date(2019, 12, 1)
DRIFTING_MONTHS = 36
POLICIES_A_MONTH = 1_500
KEYS_A_MONTH = 10_000
LABEL_DELAY = timedelta(days=30)
HIGH_ABOVE, LOW_BELOW = 3.0, 1.0

_FEATURE_STREAM, _RISK_STREAM = 0, 1


class Insurance(Simulator):
    """1,500 policies a month: the reference month 2019-12, then 36 months to 2022-12.

    With p = month / 36 from 0 (reference) to 1, every month adds a small step of

    - covariate drift: `emergency_braking` becomes common, `miles` fall, drivers grow older;
      `training`, `braking_distance` and `power` never drift;
    - concept drift: the effects of `training` and of `age` on the risk fade to a tenth, and the
      part of the risk that no column explains shrinks;
    - label drift, which follows: high risks all but vanish.

    `risk_group` is high when the risk is above 3, low when it is below 1, else medium. It arrives
    on the day of the event in the reference month and 30 days after it from then on. A stationary
    world stays as it was in the reference month and never ends.

    >>> world = Insurance(seed=1)
    >>> world.events(date(2020, 1, 31)).num_rows
    49
    >>> world.labels(date(2020, 1, 30)).num_rows, world.labels(date(2020, 1, 31)).num_rows
    (0, 48)
    """

    def events(self, day: date) -> pa.Table:
        keys = self._keys(day)
        times = event_times(day, len(keys))
        return pa.table({"policy_id": keys, "event_time": times, **self._features(day)})

    def labels(self, day: date) -> pa.Table:
        event_day = day if _month(day) == 0 else day - LABEL_DELAY
        risk = self._risk(event_day)
        groups = np.select([risk > HIGH_ABOVE, risk < LOW_BELOW], ["high", "low"], "medium")
        labels = pa.table({"policy_id": self._keys(event_day), "risk_group": groups})
        came_already = event_day != day and _month(event_day) == 0
        return labels.slice(0, 0) if came_already else labels

    def _keys(self, day: date) -> Integers:
        """The month's policies are dealt out evenly over its days, the same way in every world."""
        month = _month(day)
        if month < 0 or (month > DRIFTING_MONTHS and not self.stationary):
            return np.arange(0)
        days = monthrange(day.year, day.month)[1]
        first, end = (POLICIES_A_MONTH * passed // days for passed in (day.day - 1, day.day))
        return month * KEYS_A_MONTH + np.arange(first, end)

    def _progress(self, day: date) -> float:
        """How far the drift is on a day: 0 in the reference month, 1 in the last."""
        month = min(max(_month(day), 0), DRIFTING_MONTHS)
        return 0.0 if self.stationary else month / DRIFTING_MONTHS

    def _features(self, day: date) -> dict[str, Floats | Integers]:
        # The constants are rounded fits to the published data set, each distribution to its own
        # column: the columns are independent of each other there.
        rng, n, p = self._rng(_FEATURE_STREAM, day), len(self._keys(day)), self._progress(day)
        return {
            "training": rng.binomial(1, 0.2, n),
            "age": 15.5 + 4 * p + 22 * rng.weibull(1.55, n),
            "emergency_braking": rng.binomial(1, 0.394 + 0.545 * p, n),
            "braking_distance": rng.normal(40, 5, n),
            "power": -20.5 + rng.gamma(20, 7.8, n),
            "miles": np.maximum(19 - 18 * p + rng.gamma(6, 10.3, n), 5),
        }

    def _risk(self, day: date) -> Floats:
        # Fitted to the published risk (R2 .97) and, for later months, to the risk groups. Age,
        # power and miles act through their distance from a safest value, so the best straight line
        # through miles flattens (.023 to .015) because miles fall, at an unchanged coefficient.
        x, p = self._features(day), self._progress(day)
        noise = self._rng(_RISK_STREAM, day).normal(0, 0.4 - 0.24 * p, len(x["age"]))
        fading = 1 - 0.9 * p
        risk: Floats = (
            -4.05 * fading * x["training"]
            + 0.181 * fading * np.abs(x["age"] - 35)
            - 1.0 * x["emergency_braking"]
            + 0.2 * (x["braking_distance"] - 40)
            + 0.02 * np.abs(x["power"] - 100)
            + 0.025 * np.abs(x["miles"] - 50)
            + noise
        )
        return risk


def _month(day: date) -> int:
    """Months from the reference month to that of `day`."""
    return (day.year - REFERENCE_MONTH.year) * 12 + day.month - REFERENCE_MONTH.month
