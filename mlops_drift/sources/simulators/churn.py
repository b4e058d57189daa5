"""A telephone company's customers: their data drift in February, whether they leave does not."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.sources.simulators.base import Integers, Simulator, event_times
from mlops_drift.sources.simulators.churn_columns import columns_of, customer_ids
from mlops_drift.sources.simulators.churn_customers import Traits, draw_leavers, draw_traits

FIRST_DAY, LAST_DAY = date(2024, 10, 1), date(2025, 6, 30)
CUSTOMERS_A_DAY = 50
LAST_PROMPT_DAY = FIRST_DAY + timedelta(days=99)
LABEL_DELAY = timedelta(days=90)
DRIFT_FROM = date(2025, 2, 1)
DRIFT_DAYS = 14
DEARER, SHORTER, MONTHLY = 0.6, 0.5, 0.6
CONTRACTS_MOVE_ABOVE = 0.3
MONTH_TO_MONTH = "Month-to-month"

_TRAIT_STREAM, _CHARGE_STREAM, _CHURN_STREAM, _DRIFT_STREAM = 0, 1, 2, 3


class Churn(Simulator):
    """50 customers a day from 2024-10-01 to 2025-06-30, of whom 26.5 % leave.

    Who the customers are, what they pay and who leaves follows the customers that IBM published;
    see `churn_customers` and `churn_columns`. `TotalCharges` is text, as there. From `DRIFT_FROM`
    on the events go through `inject_drift` with the factor of `drift_factor`. `Churn` does not
    notice: it is drawn from the customers as they were before the drift.

    The labels of the first 100 days arrive on the day of the event, those of later days 90 days
    after it. A stationary world has no drift and never ends.

    >>> world = Churn(seed=1)
    >>> world.events(date(2024, 10, 1)).num_rows, world.labels(date(2024, 10, 1)).num_rows
    (50, 50)
    >>> world.labels(date(2025, 4, 8)).num_rows, world.labels(date(2025, 4, 9)).num_rows
    (0, 50)
    """

    def events(self, day: date) -> pa.Table:
        numbers = self._numbers(day)
        columns = {
            "customerID": customer_ids(numbers),
            "event_time": event_times(day, len(numbers)),
            **columns_of(self._rng(_CHARGE_STREAM, day), self._traits(day)),
        }
        f = 0.0 if self.stationary else drift_factor(day, DRIFT_FROM)
        return inject_drift(pa.table(columns), f, self._rng(_DRIFT_STREAM, day))

    def labels(self, day: date) -> pa.Table:
        event_day = day if day <= LAST_PROMPT_DAY else day - LABEL_DELAY
        leaves = draw_leavers(self._rng(_CHURN_STREAM, event_day), self._traits(event_day))
        ids = customer_ids(self._numbers(event_day))
        labels = pa.table({"customerID": ids, "Churn": np.where(leaves, "Yes", "No")})
        came_already = event_day != day and event_day <= LAST_PROMPT_DAY
        return labels.slice(0, 0) if came_already else labels

    def _numbers(self, day: date) -> Integers:
        """The running numbers of the customers of a day, the same in every world."""
        if day < FIRST_DAY or (day > LAST_DAY and not self.stationary):
            return np.arange(0)
        before = (day - FIRST_DAY).days * CUSTOMERS_A_DAY
        return np.arange(before, before + CUSTOMERS_A_DAY)

    def _traits(self, day: date) -> Traits:
        return draw_traits(self._rng(_TRAIT_STREAM, day), len(self._numbers(day)))


def drift_factor(day: date, first: date) -> float:
    """How far the drift that starts on `first` is on `day`.

    0 up to and on `first`, then 1/14 more every day, and 13/14 from the fourteenth day on.

    >>> drift_factor(date(2025, 2, 3), first=date(2025, 2, 1)) == 2 / 14
    True
    """
    passed = (day - first).days
    return min(max(passed, 0), DRIFT_DAYS - 1) / DRIFT_DAYS


def inject_drift(events: pa.Table, f: float, rng: np.random.Generator) -> pa.Table:
    """`events` after a drift of strength `f`, computed in double precision.

    - `MonthlyCharges` x (1 + .6 f), as a double, not rounded;
    - `tenure` x (1 - .5 f), truncated towards 0, of the same type;
    - `Contract`, if f > .3: with probability .6 f, each row for itself and whatever it held
      (null included), 'Month-to-month'; as text.

    Nothing else moves: `TotalCharges` is what was paid, so it no longer follows from the other
    two, and is no longer blank exactly where tenure is 0. Nulls of the numbers stay. Rows that
    became monthly at one `f` are monthly at every higher one, if `rng` starts the same.

    Args:
        events: customers with these three columns; what else there is stays.
        f: from 0 to 1.
        rng: chooses the rows whose contract changes; drawn from only if f > .3, once a row.

    >>> customers = pa.table({"tenure": [7], "Contract": ["Two year"], "MonthlyCharges": [50.0]})
    >>> inject_drift(customers, 0.2, np.random.default_rng(1)).to_pylist()
    [{'tenure': 6, 'Contract': 'Two year', 'MonthlyCharges': 56.00000000000001}]
    """
    charges = pc.multiply(events["MonthlyCharges"].cast(pa.float64()), 1 + DEARER * f)
    tenure = pc.trunc(pc.multiply(events["tenure"].cast(pa.float64()), 1 - SHORTER * f))
    tenure = tenure.cast(events["tenure"].type)
    contract = events["Contract"].cast(pa.string())
    if f > CONTRACTS_MOVE_ABOVE:
        moves = pa.array(rng.random(events.num_rows) < MONTHLY * f)
        contract = pc.if_else(moves, MONTH_TO_MONTH, contract)
    columns = {"MonthlyCharges": charges, "tenure": tenure, "Contract": contract}
    for name, column in columns.items():
        events = events.set_column(events.schema.get_field_index(name), name, column)
    return events
