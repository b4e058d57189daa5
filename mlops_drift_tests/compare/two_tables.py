"""Tables of which it is known what drifted, for the tests of reports."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from mlops_drift.compare.compare import Comparison, compare, compare_chunks
from mlops_drift.drift.config import DriftMonitor

MONITOR = DriftMonitor()
DAYS = 6


def table(seed, shift=0.0, nulls=0.0, n=1_000):
    """`moved` shifts, `lost` gets nulls, `plan` and `steady` stay."""
    rng = np.random.default_rng(seed)
    lost = np.where(rng.random(n) < nulls, np.nan, rng.normal(size=n))
    return pa.table(
        {
            "moved": rng.normal(shift, 1, n),
            "lost": pa.array(lost, from_pandas=True),
            "plan": rng.choice(["free", "pro"], n),
            "steady": rng.normal(100, 15, n),
        }
    )


def with_column(rows, name, values):
    return rows.append_column(name, pa.array(values))


def daily():
    """Six days: `moved` shifts from the fifth on, the third day has few rows."""
    days = []
    for number in range(DAYS):
        rows = table(10 + number, shift=1.0 if number >= 4 else 0.0, n=20 if number == 2 else 500)
        day = date(2024, 1, 1) + timedelta(number)
        days.append(with_column(rows, "day", [day] * rows.num_rows))
    return pa.concat_tables(days)


def drifted() -> Comparison:
    """Fails in `moved` (far) and `lost` (by its nulls), cannot judge `extra`, passes the rest."""
    current = table(2, shift=1.0, nulls=0.15)
    return compare(table(1), with_column(current, "extra", range(current.num_rows)))


def by_day() -> list[Comparison]:
    return compare_chunks(table(1), daily(), by="day")
