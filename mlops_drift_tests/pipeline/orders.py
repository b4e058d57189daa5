"""A shop whose features look at earlier orders of the same customer."""

import random
from datetime import datetime, time, timedelta

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift_tests.tiny import SPEC, day, merged

# What many look at: how many, how much, how long ago, and how it went.
HISTORY_SQL = """
WITH answered AS (
    SELECT p.customer, avg((l.y = 'yes')::INT) AS share
    FROM past_labels l JOIN past_events p USING (id) GROUP BY p.customer
)
SELECT e.id, count(p.id) AS n, avg(p.amount ORDER BY p.day, p.id) AS mean,
       date_diff('day', max(p.day), e.day) AS days_since, any_value(a.share) AS share
FROM events e
LEFT JOIN past_events p ON p.customer = e.customer
LEFT JOIN answered a ON a.customer = e.customer
GROUP BY e.id, e.day  -- one row an event
"""
COLUMNS = {"n": "integer", "mean": "number", "days_since": "integer", "share": "number"}
# Texts that SQL might take for something else.
CUSTOMERS = [None, "O'Hara", 'say "x"', "Zoë; --", "日本", "%_\\", "", *map(str, range(8))]


def orders(lake, sql=HISTORY_SQL, columns=None, **changes):
    """The model, in a lake."""
    derived = {name: {"type": kind, "derived": True} for name, kind in (columns or COLUMNS).items()}
    base = merged(SPEC, {"columns": {"b": ..., "c": ...}})
    described = {
        "columns": derived,
        "inputs": {"customer": {"type": "category"}, "amount": {"type": "number"}},
        "features_sql": sql,
        "history_days": 3,
        "online": {"entity": "customer"},
    }
    return ModelContext.of(lake, ModelSpec(**merged(base, merged(described, changes))))


def fill(model, days=6, rows=40):
    """Lands orders of some days; an answer comes a day later."""
    chance, as_key = random.Random(5), int if model.spec.key_type == "integer" else "k'{}".format
    for number in range(days):
        placed = [
            {
                "day": day(number),
                "id": as_key(number * rows + place),
                "event_time": datetime.combine(day(number), time()) + timedelta(minutes=place),
                "a": chance.gauss(0, 1),
                "customer": chance.choice(CUSTOMERS),
                "amount": chance.choice([None, *(chance.lognormvariate(3, 2) for _ in range(5))]),
            }
            for place in range(rows)
        ]
        put(model, "events", number, placed)
        answers = [{"id": row["id"], "y": chance.choice(["no", "yes"])} for row in placed]
        put(model, "labels", number + 1, answers)
    return model


def put(model, name, number, rows):
    """Replaces the rows of a day."""
    table, dated = getattr(model.store.tables, name), [{**row, "day": day(number)} for row in rows]
    found = pa.Table.from_pylist(dated, schema=table.schema)
    model.store.lake.replace_days(table, day(number), day(number), found)
