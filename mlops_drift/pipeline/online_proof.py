"""The proof that features.sql gives the same of a single event as of its whole day."""

import math
import struct
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.features import derived
from mlops_drift.pipeline.online import export_window, online_query
from mlops_drift.serving.online import OnlineDerivation, OnlineQuery
from mlops_drift.serving.window import EVENT_HISTORY, LABEL_HISTORY, Window
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Scan
from mlops_drift.store.sealed import FeatureError

# Two sums of the same numbers in another order differ by less.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class OnlineProof:
    """What was computed both ways, and was the same to the last bit.

    Attributes:
        first: the first day of the events.
        last: the last one.
        events: how many.
        with_past: how many of them have an earlier event of their entity in their window; 0 where
            features.sql does not look back.
    """

    first: date
    last: date
    events: int
    with_past: int


@dataclass(frozen=True)
class Difference:
    """A derived column of an event, made in three ways, if they do not give the same.

    Attributes:
        whole: with the whole day.
        alone: of the event alone.
        backwards: of the event alone, with its past in the opposite order.
    """

    column: str
    event: Mapping[str, Any]
    whole: Any
    alone: Any
    backwards: Any

    @property
    def is_one(self) -> bool:
        """Whether the three are not the same to the last bit."""
        return not (same_bits(self.whole, self.alone) and same_bits(self.alone, self.backwards))

    @property
    def is_of_order(self) -> bool:
        """Whether the order of the past explains it."""
        return _is_near(self.whole, self.alone) or not _is_near(self.alone, self.backwards)

    @property
    def values_alone(self) -> str:
        """What the event alone gives, in words."""
        if same_bits(self.alone, self.backwards):
            return f"{self.alone!r} alone"
        return f"{self.alone!r} alone, or {self.backwards!r} with its past read backwards"


def prove_online(model: ModelContext, days: Sequence[date], most: int = 1000) -> OnlineProof | None:
    """Proves that single events get the derived columns that whole days of events give them.

    Events of stored days are drawn, as many of each; half of them share their entity with another
    one of their day, where such are. Each goes the way of a served one, with a window that is
    exported as for serving, and with the same window read backwards: how many rows there are
    decides in which order DuckDB meets them.

    Returns:
        What was proven; None for a model without derived columns.

    Raises:
        FeatureError: if an event gets another value, or the days have nothing to show it by.
    """
    query = online_query(model.spec)
    if query is None:
        return None
    shown: list[date] = []
    n_events = n_with_past = 0
    for day in sorted(days):
        events = _drawn(model, query, day, math.ceil(most / len(days)))
        if events:
            shown.append(day)
            n_events += len(events)
            n_with_past += _prove_day(model, query, day, events)
    if not shown:
        raise FeatureError(
            f"{model.spec.name}: no stored day of {len(days)} has events, so nothing shows that "
            "features.sql gives single events the same; land days first, or name others"
        )
    if query.needs_window and not n_with_past:
        raise FeatureError(
            f"{model.spec.name}: none of {n_events} events has an earlier one of its "
            f"{query.entity} in the {query.history_days} days before, so nothing shows that the "
            "past of single events is the same; name later days"
        )
    return OnlineProof(shown[0], shown[-1], n_events, n_with_past)


def _drawn(model: ModelContext, query: OnlineQuery, day: date, most: int) -> list[dict[str, Any]]:
    """Events of a day, by chance that depends on their keys alone."""
    key = identifier(query.key)
    shares = "false"
    if query.entity is not None:
        shares = f"count(*) OVER (PARTITION BY {identifier(query.entity)}) > 1"
    return model.store.lake.rows(
        f"""
        SELECT e.* FROM events e JOIN (
            SELECT k, row_number() OVER (PARTITION BY shares ORDER BY chance) AS place FROM (
                SELECT {key} AS k, md5(CAST({key} AS VARCHAR)) AS chance,
                       {shares} AS shares
                FROM events
            )
        ) drawn ON e.{key} = drawn.k
        ORDER BY drawn.place, e.{key} LIMIT {most}
        """,
        events=Scan(model.store.tables.events, day, day),
    )


def _prove_day(
    model: ModelContext, query: OnlineQuery, day: date, events: list[dict[str, Any]]
) -> int:
    """Requires the same of some events of a day; returns how many of them have a past."""
    made = derived(model, day, day)
    assert made is not None
    drawn = pa.array([event[query.key] for event in events], made.schema.field(query.key).type)
    rows = made.filter(pc.is_in(made[query.key], value_set=drawn)).to_pylist()
    whole = {row[query.key]: row for row in rows}
    with tempfile.TemporaryDirectory() as folder:
        window = export_window(model, day, Path(folder)) if query.needs_window else None
        alone = _derived_alone(query, window, events)
        backwards = alone
        if window is not None:
            turned = _turned_around(window, Path(folder, "backwards"))
            backwards = _derived_alone(query, turned, events)
    differences = [
        Difference(name, event, whole[event[query.key]][name], value, other[name])
        for event, single, other in zip(events, alone, backwards, strict=True)
        for name, value in single.items()
    ]
    if found := [one for one in differences if one.is_one]:
        raise FeatureError(_refusal(query, day, len(events), found))
    return _with_past(model, query, day, drawn)


def _derived_alone(
    query: OnlineQuery, window: Window | None, events: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    with closing(OnlineDerivation(query, window)) as online:
        return [derive_stored(online, query, event) for event in events]


def _turned_around(window: Window, folder: Path) -> Window:
    """The same window with its rows in the opposite order.

    Whole days and single events meet the same rows in an order that depends on how many there are.
    """
    folder.mkdir()
    turned = replace(window, folder=folder)
    with duckdb.connect(turned.database) as connection:
        connection.execute(f"ATTACH {literal(str(window.database))} AS w (READ_ONLY)")
        for table in (EVENT_HISTORY, LABEL_HISTORY):
            connection.execute(f"CREATE TABLE {table} AS FROM w.{table} ORDER BY rowid DESC")
    return turned


def derive_stored(
    online: OnlineDerivation, query: OnlineQuery, event: Mapping[str, Any]
) -> dict[str, Any]:
    """The derived columns of an event as the table of events holds it, made of it alone."""
    time = event["event_time"]
    moment = None if time is None else _microseconds(time)
    return online.derive(event, event[query.key], moment, event["day"])


def _microseconds(time: datetime) -> int:
    since = time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


def same_bits(one: Any, other: Any) -> bool:
    """Whether two values are the same to the last bit; null is as null.

    >>> same_bits(0.1 + 0.2, 0.3), same_bits(0.0, -0.0), same_bits(None, None), same_bits(1, True)
    (False, False, True, False)
    """
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("<d", one) == struct.pack("<d", other)
    return type(one) is type(other) and bool(one == other)


def _is_near(one: Any, other: Any) -> bool:
    """Whether two values are the same but for rounding."""
    numbers = isinstance(one, float) and isinstance(other, float)
    return same_bits(one, other) or (numbers and math.isclose(one, other, rel_tol=_ROUNDING))


def _with_past(model: ModelContext, query: OnlineQuery, day: date, drawn: pa.Array) -> int:
    if query.entity is None:
        return 0
    events, entity = model.store.tables.events, identifier(query.entity)
    first = day - timedelta(days=query.history_days)
    last = day - timedelta(days=1)
    [found] = model.store.lake.rows(
        f"""
        SELECT count(*) AS n FROM events e SEMI JOIN drawn d ON e.{identifier(query.key)} = d.key
        WHERE EXISTS (FROM past p WHERE p.{entity} IS NOT DISTINCT FROM e.{entity})
        """,
        events=Scan(events, day, day),
        past=Scan(events, first, last),
        drawn=pa.table({"key": drawn}),
    )
    return int(found["n"])


def _refusal(query: OnlineQuery, day: date, n: int, found: list[Difference]) -> str:
    # One that reads rows of others may meet rounding too, and the first row where nothing is.
    of_order = [one for one in found if one.is_of_order]
    elsewhere = [one for one in found if not one.is_of_order]
    shown = max(elsewhere, of_order, key=len)[0]
    counts = Counter(one.column for one in found)
    differing = ", ".join(f"{name} of {count}" for name, count in counts.items())
    of_entity = f" (its {query.entity} is {shown.event[query.entity]!r})" if query.entity else ""
    return (
        f"features.sql gives a single event another value than its day: {shown.column} of "
        f"{query.key} {shown.event[query.key]!r} on {day}{of_entity} is {shown.whole!r} with the "
        f"whole day, and {shown.values_alone} (of {n} events that were compared, there differs "
        f"{differing}). {_what_would_be_right(query, shown)}"
    )


def _what_would_be_right(query: OnlineQuery, shown: Difference) -> str:
    if query.entity is None:
        return (
            "A single event sees no other event: read the row of the event alone, without an "
            "aggregate, a rank or a join over the events of the day"
        )
    if shown.is_of_order:
        return (
            "It depends on the order in which the past is read, as a sum does by rounding. Give "
            f"the aggregate an order, such as sum(x ORDER BY p.day, p.{query.key})"
        )
    return (
        f"A single event sees no other event of its day, and of the past that of its "
        f"{query.entity} alone: restrict past_events to p.{query.entity} = e.{query.entity}, join "
        f"past_labels to them by {query.key}, and read of events the row of the event alone"
    )
