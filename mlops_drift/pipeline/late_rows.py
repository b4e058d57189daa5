"""New rows of days that have run: they land on their day, late; what has landed stays as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.other_days import NewRows
from mlops_drift.pipeline.quarantine import OTHER_VALUES, day_faults, quarantined_rows
from mlops_drift.pipeline.screening import screen_late
from mlops_drift.schema.day_columns import within
from mlops_drift.schema.days import ranges
from mlops_drift.sources.base import SourceError
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan


def put_late(to: Destination, new: NewRows, day: date) -> tuple[list[date], pa.Table]:
    """Adds new rows to the days that they are of, with the landing of a later day.

    A row whose key has landed on its day with other values is quarantined, and so is one of a day
    of which the retention has removed rows, and one that its day would have quarantined.

    Returns:
        The day of each row that landed, and the other rows as they are quarantined.
    """
    lands = _may_land(to, new)
    landing = [number for number, may_land in enumerate(lands) if may_land]
    try:
        screened = screen_late(to, new.part.select(landing)) if landing else None
    except SourceError:
        # No other day waits for columns that these rows lack.
        screened = None
    left = [number for number, may_land in enumerate(lands) if not (may_land and screened)]
    others = new.part.select(left)
    pairs = zip(day_faults(to, others), [new.is_changed[number] for number in left], strict=True)
    faults = [fault + (OTHER_VALUES if changed else "") for fault, changed in pairs]
    quarantined = quarantined_rows(to, others, day, faults)
    if screened is None:
        return [], quarantined
    _add(to, screened.accepted)
    days = pa.array([day] * screened.quarantined.num_rows, pa.date32())
    faulty = screened.quarantined.set_column(0, "day", days).cast(quarantined.schema)
    return screened.accepted["day"].to_pylist(), pa.concat_tables([quarantined, faulty])


def _may_land(to: Destination, new: NewRows) -> list[bool]:
    own_days = new.part.days if new.part.own_days is None else new.part.own_days
    return [
        day == own_day and day is not None and day >= to.start_date and not (changed or removed)
        for day, own_day, changed, removed in zip(
            new.part.days.to_pylist(),
            own_days.to_pylist(),
            new.is_changed,
            new.is_removed,
            strict=True,
        )
    ]


def _add(to: Destination, rows: pa.Table) -> None:
    """Adds rows to their days, unless these have their keys."""
    key = identifier(to.key)

    def build(existing: pa.Table) -> pa.Table | None:
        new = to.lake.query(
            f"SELECT * FROM fresh ANTI JOIN existing USING (day, {key})",
            fresh=fresh,
            existing=existing,
        )
        return pa.concat_tables([existing, new.cast(existing.schema)]) if new.num_rows else None

    for first, last in ranges(rows["day"].to_pylist()):
        fresh = rows.filter(within(rows["day"], first, last))
        to.lake.rewrite(Scan(to.table, first, last), build)


@dataclass(frozen=True)
class Changes:
    """How a day that lands again differs from what had landed of it, in rows."""

    new: int
    changed: int
    gone: int


def changes(to: Destination, first: date, last: date, accepted: pa.Table) -> Mapping[date, Changes]:
    """How days that are about to land again differ from what they hold, by day."""
    landed = Scan(to.table, first, last)
    if not to.lake.holds(landed):
        return {}
    key = identifier(to.key)
    names = [name for name in to.table.schema.names if name not in ("day", to.key)]
    differ = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in map(identifier, names))
    found = to.lake.rows(
        f"""
        SELECT day, count(*) FILTER (o.is_there IS NULL) AS new,
            count(*) FILTER (n.is_there IS NULL) AS gone,
            count(*) FILTER (o.is_there AND n.is_there AND ({differ})) AS changed
        FROM (SELECT *, true AS is_there FROM old) o
        FULL JOIN (SELECT *, true AS is_there FROM accepted) n USING (day, {key})
        GROUP BY day HAVING new + gone + changed > 0 ORDER BY day
        """,
        old=landed,
        accepted=accepted,
    )
    return {row.pop("day"): Changes(**row) for row in found}
