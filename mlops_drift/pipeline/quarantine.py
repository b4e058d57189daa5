"""Rows that are kept aside because of their day: the reasons, and how they are stored."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from mlops_drift.pipeline.constraints import keys_of
from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.raw_rows import as_json
from mlops_drift.sources.base import Part

# No fault of the data: the model begins later.
BEFORE_START = "is before start_date"
TOO_LATE = "has run already"
OTHER_VALUES = " with other values for this key"


def quarantined_rows(
    to: Destination, part: Part, day: date, faults: Sequence[str] | None = None
) -> pa.Table:
    """The rows of a part as they are quarantined with a day; without faults, for that of each."""
    if faults is None:
        faults = day_faults(to, part)
    columns = {
        "day": [day] * len(faults),
        "source": [to.source] * len(faults),
        "key": keys_of(to, part),
        "reason": faults,
        "row": as_json(to.lake, part.rows),
        "row_day": part.days,
    }
    return pa.table(columns, schema=to.tables.quarantined.schema)


def day_faults(to: Destination, part: Part) -> list[str]:
    """Why the file of a day, or any day, does not hold each row of a part."""
    column = part.day_column or "day"
    texts = [None] * part.rows.num_rows
    if column in part.rows.column_names:
        cells = pa.table({"c": part.rows[column]})
        texts = to.lake.query("SELECT CAST(c AS VARCHAR) AS c FROM cells", cells=cells)[
            "c"
        ].to_pylist()
    own_days = part.days if part.own_days is None else part.own_days
    faults = []
    for day, own_day, text in zip(part.days.to_pylist(), own_days.to_pylist(), texts, strict=True):
        if own_day is None:
            fault = f"{text} is not a day such as 2024-10-01" if text else "missing"
        elif own_day != day:
            fault = f"the row is of {own_day}"
        elif day < to.start_date:
            fault = f"{day} {BEFORE_START} {to.start_date}"
        else:
            fault = f"{day} {TOO_LATE}"
        faults.append(f"{column}: {fault}")
    return faults
