"""The events of a service: the rows that it has answered, as they arrived.

A day holds the rows whose event is of it, those of its first request first; and, since they would
be nowhere else, those that were answered on it of events before the service.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.living import living_columns
from mlops_drift.schema.day_columns import count_days, days_in
from mlops_drift.schema.days import days_between, ranges
from mlops_drift.sources.base import Batch, Look, Origin, OtherDays, Part, Source, TableName
from mlops_drift.sources.service import Service, ServiceSource
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Scan

# A raw column: of which request a row is, its number there, and when that was answered, as a client
# may give two requests one id.
SERVED_ROW = "served_row"
SERVED_ROW_SQL = "request_id || '/' || row_number || '/' || epoch_us(time)"


def served_days(spec: ModelSpec, first: date, last: date) -> tuple[date, date] | None:
    """Those of some days whose events are of a service, the first and the last; None without."""
    since = spec.source.since if isinstance(spec.source, ServiceSource) else date.max
    return (max(first, since), last) if last >= since else None


def source_of(model: ModelContext, source: Source) -> Source:
    """A source as a model reads it: what a service has answered is in the lake."""
    return ServedEvents(model, source) if isinstance(source, Service) else source


@dataclass(frozen=True)
class _Day:
    """The rows of a day: its events, and those of days before the service."""

    events: Part
    too_old: Part

    @property
    def stamp(self) -> str:
        """What is another when rows have come."""
        return f"{self.events.rows.num_rows + self.too_old.rows.num_rows} rows"


class ServedEvents(Source):
    """Reads what a service has answered; older events, and all labels, are those of its source."""

    def __init__(self, model: ModelContext, service: Service) -> None:
        self._model, self._service = model, service
        self._spec, self._store = model.spec, model.store
        self._names = list(model.spec.source_columns)
        self._since = service.since

    def events(self, first: date, last: date) -> Batch:
        days = days_between(max(first, self._since), last)
        further = (one.called for one in living_columns(self._model, first, last).of_source)
        self._names = list(dict.fromkeys([*self._spec.source_columns, *further]))
        found = self._read(days)
        served = Batch(
            tuple(one.events for one in found.values()),
            {day: one.too_old for day, one in found.items() if one.too_old.rows.num_rows},
            dict.fromkeys(days, Origin(self._store.tables.served.name)),
            {day: one.stamp for day, one in found.items()},
            self._looks,
        )
        if first >= self._since:
            return served
        older = self._service.events(first, min(last, self._since - timedelta(days=1)))
        return Batch(
            (*older.parts, *served.parts),
            {**older.misplaced, **served.misplaced},
            {**older.origins, **served.origins},
            {**older.stamps, **served.stamps},
            self._with_looks_at(older.others) if older.others else self._looks,
            older.note,
        )

    def labels(self, first: date, last: date) -> Batch:
        return self._service.labels(first, last)

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        return self._service.missing_days(table, first, last)

    def _with_looks_at(self, older: OtherDays) -> OtherDays:
        """Looks at the other source's days before the service too."""
        since = self._since

        def looks(stamps: Mapping[date, str]) -> Iterator[Look]:
            for look in older({day: stamp for day, stamp in stamps.items() if day < since}):
                if look.day is not None:
                    yield look
                    continue
                is_older = pc.less(look.part.days, pa.scalar(since, pa.date32()))
                mine = look.part.filter(pc.fill_null(is_older, True))
                yield replace(look, part=mine, before=since)
            yield from self._looks(stamps)

        return looks

    def _looks(self, stamps: Mapping[date, str]) -> Iterator[Look]:
        """The rows of each day that has other rows than before, unless all were removed."""
        days = [day for day in stamps if day >= self._since]
        counts = self._counts(min(days), max(days)) if days else {}
        changed = [d for d in days if d in counts and f"{counts[d]} rows" != stamps[d]]
        for first, last in ranges(changed):
            for day, found in self._read(days_between(first, last)).items():
                whole = replace(
                    found.events,
                    rows=pa.concat_tables([found.events.rows, found.too_old.rows]),
                    days=pa.chunked_array([*found.events.days.chunks, *found.too_old.days.chunks]),
                    times=pa.chunked_array(
                        [*found.events.times.chunks, *found.too_old.times.chunks]
                    ),
                )
                yield Look(whole.of(day), day, found.stamp)

    def _counts(self, first: date, last: date) -> dict[date, int]:
        """How many rows days have; those without any are left out."""
        counted = self._store.lake.rows(
            "SELECT day, count(*) AS n FROM s GROUP BY day",
            s=Scan(self._store.tables.served, first, last),
        )
        too_old = count_days(self._too_old(first, last)["answered"])
        counts = {row["day"]: row["n"] for row in counted}
        return {day: counts.get(day, 0) + too_old[day] for day in {*counts, *too_old}}

    def _read(self, days: list[date]) -> dict[date, _Day]:
        """The rows of consecutive days."""
        if not days:
            return {}
        first, last = min(days), max(days)
        scan = Scan(self._store.tables.served, first, last)
        events = self._store.lake.query(f"SELECT {self._cells} FROM s {_ORDER}", s=scan)
        too_old = self._too_old(first, last)
        return {
            day: _Day(
                self._part(events.filter(pc.equal(events["day"], pa.scalar(day)))),
                self._part(too_old.filter(pc.equal(too_old["answered"], pa.scalar(day)))),
            )
            for day in days
        }

    def _too_old(self, first: date, last: date) -> pa.Table:
        """Rows of events before the service that were answered on some days, and on which."""
        # A day begins and ends within fifteen hours of that in UTC.
        margin = timedelta(hours=15)
        begin = datetime.combine(first, time.min) - margin
        end = datetime.combine(last, time.max) + margin
        found = self._store.lake.query(
            f"SELECT {self._cells}, time FROM s WHERE time BETWEEN '{begin}' AND '{end}' {_ORDER}",
            s=Scan(self._store.tables.served, until=self._since - timedelta(days=1)),
        )
        answered = days_in(self._spec.timezone, found["time"].cast(pa.timestamp("us")))
        found = found.append_column("answered", answered)
        bounds = (pa.scalar(day, pa.date32()) for day in (first, last))
        is_within = pc.and_(
            *(
                test(answered, bound)
                for test, bound in zip((pc.greater_equal, pc.less_equal), bounds, strict=True)
            )
        )
        return found.filter(is_within)

    @property
    def _cells(self) -> str:
        """SQL of the raw columns: what JSON says, as text."""
        names = self._names
        wanted = literal(json.dumps(dict.fromkeys(names, "VARCHAR")))
        parsed = f"json_transform(row, {wanted})"
        cells = ", ".join(
            f"struct_extract({parsed}, {literal(name)}) AS {identifier(name)}" for name in names
        )
        key = identifier(self._spec.key)
        return f"day, event_time, key AS {key}, {cells}, {SERVED_ROW_SQL} AS {SERVED_ROW}"

    def _part(self, found: pa.Table) -> Part:
        rows = found.select([self._spec.key, *self._names, SERVED_ROW])
        times = found["event_time"].cast(pa.timestamp("us"))
        place = self._store.tables.served.name
        return Part(rows, found["day"], times, place, "event_time")


_ORDER = "ORDER BY day, time, request_id, row_number"
