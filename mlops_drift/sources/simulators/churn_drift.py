"""A drift to inject into customers: charges rise, tenures shrink, contracts become monthly."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DRIFT_DAYS = 14
DEARER, SHORTER, MONTHLY = 0.6, 0.5, 0.6
CONTRACTS_MOVE_ABOVE = 0.3
MONTH_TO_MONTH = "Month-to-month"


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
    drifted = {"MonthlyCharges": charges, "tenure": tenure, "Contract": contract}
    for name, column in drifted.items():
        events = events.set_column(events.schema.get_field_index(name), name, column)
    return events
