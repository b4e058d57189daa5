"""Derived features: one row an event, nothing later than its day, and nothing from elsewhere."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from mlops_drift.schema.columns import Column
from mlops_drift.store.derivation import Derivation
from mlops_drift.store.sealed import FeatureError

D1, D2, D3 = (date(2024, 10, n) for n in (1, 2, 3))
EVENTS = pa.schema(
    [("day", pa.date32()), ("id", pa.int64()), ("event_time", pa.timestamp("us")), ("x", "double")]
)
LABELS = pa.schema([("day", pa.date32()), ("id", pa.int64()), ("y", pa.string())])
NUMBER = {"made": Column(type="number", derived=True)}


def events(*rows):
    given = [
        {"day": day, "id": key, "event_time": datetime(day.year, day.month, day.day), "x": x}
        for day, key, x in rows
    ]
    return pa.Table.from_pylist(given, schema=EVENTS)


def labels(*rows):
    return pa.Table.from_pylist(
        [{"day": day, "id": key, "y": label} for day, key, label in rows], schema=LABELS
    )


ROWS = events((D1, 1, 1.0), (D1, 2, 3.0), (D2, 3, 5.0), (D3, 4, None))


def derive(sql, *, columns=NUMBER, history=0, rows=ROWS, known=None, first=D1, last=D3):
    derivation = Derivation(sql, "id", columns, history)
    days = derivation.derive(rows, known or labels(), first, last)
    return {day: {row["id"]: row["made"] for row in table.to_pylist()} for day, table in days}


def test_a_row_gets_what_the_query_makes_of_it():
    made = derive("SELECT id, 2 * x AS made FROM events; ")
    assert made == {D1: {1: 2.0, 2: 6.0}, D2: {3: 10.0}, D3: {4: None}}


@pytest.mark.parametrize(
    "sql",
    [
        "{}\n-- twice; x",
        "{} -- twice; x",
        "{}; -- twice; x",
        "{}\n-- twice\n;\n-- x\n",
        "{};;\n/* twice; */",
        "{} /* a /* b; */ c */ ; -- x",
        "-- twice; x\n{}",
        "/* ü; */ {} ;",
        "\ufeff{}",
        "-- twice\r\n{}\r\n-- x\r\n",
        "with t as ({}) select * from t -- x",
        "WITH RECURSIVE t AS ({}) SELECT * FROM t; -- x",
        "-- x\nwith t as ({}\n-- y\n) from t",
        "({}) -- x",
        "FROM ({}) -- x",
    ],
)
def test_comments_and_semicolons_change_nothing(sql):
    made = derive(sql.format("SELECT id, 2 * x AS made FROM events WHERE ';' <> 'ü--'"))
    assert made == {D1: {1: 2.0, 2: 6.0}, D2: {3: 10.0}, D3: {4: None}}


def test_a_query_over_all_events_sees_those_of_the_day_alone():
    made = derive("SELECT id, max(x) OVER () AS made FROM events")
    assert made[D1] == {1: 3.0, 2: 3.0}


PAST = "SELECT e.id, (SELECT sum(x) FROM past_events) AS made FROM events e"


@pytest.mark.parametrize(("history", "seen"), [(0, None), (1, 5.0), (2, 9.0)])
def test_past_events_are_those_of_the_history_days_before(history, seen):
    assert derive(PAST, history=history)[D3] == {4: seen}


def test_days_made_alone_and_together_are_the_same():
    together = derive(PAST, history=1)
    alone = {}
    for day in (D1, D2, D3):
        alone |= derive(PAST, history=1, first=day, last=day)
    assert together == alone


def test_no_label_of_the_day_itself_is_seen():
    known = labels((D1, 1, "yes"), (D2, 2, "yes"), (D3, 3, "yes"), (D3, 4, "yes"))
    made = derive(
        "SELECT id, (SELECT count(*) FROM past_labels) AS made FROM events",
        history=2,
        known=known,
    )
    assert made == {D1: {1: 0.0, 2: 0.0}, D2: {3: 1.0}, D3: {4: 2.0}}


def test_the_order_of_the_rows_makes_no_difference():
    rows = events(*((D1, n, 0.1 * n) for n in range(50)), (D2, 99, 1.0))
    shuffled = rows.take([*range(50, -1, -1)])
    assert derive(PAST, history=1, rows=rows) == derive(PAST, history=1, rows=shuffled)


def test_days_without_events_give_nothing():
    assert derive("SELECT id, x AS made FROM events", rows=events((D2, 3, 1.0))) == {D2: {3: 1.0}}
    assert derive("SELECT id, x AS made FROM events", rows=events()) == {}


def test_nan_and_infinity_are_null():
    rows = events((D1, 1, 0.0), (D1, 2, -1.0), (D1, 3, 4.0))
    sql = "SELECT id, CASE WHEN x < 0 THEN 'nan'::DOUBLE ELSE 1 / x END AS made FROM events"
    assert derive(sql, rows=rows)[D1] == {1: None, 2: None, 3: 0.25}


@pytest.mark.parametrize(
    ("kind", "sql", "value"),
    [
        ("integer", "x::BIGINT", 1),
        ("boolean", "x > 2", False),
        ("category", "CASE WHEN x > 2 THEN 'large' ELSE 'small' END", "small"),
        ("category", "x::INTEGER", "1"),
    ],
)
def test_values_come_in_the_declared_type(kind, sql, value):
    columns = {"made": Column(type=kind, derived=True)}
    made = derive(f"SELECT id, {sql} AS made FROM events", columns=columns)
    assert made[D1][1] == value
    assert type(made[D1][1]) is type(value)


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT id, x AS other FROM events", "gives id, other; it lacks made"),
        ("SELECT id, x AS made, 2 * x AS made FROM events", "gives made more than once"),
        ("SELECT id, x AS made, 2 * x AS Made FROM events", "gives made more than once"),
        ("SELECT id, x AS made FROM labels", "name labels does not exist"),
        ("SELECT id, x AS made FROM read_parquet('/tmp/*.parquet')", "disabled by configuration"),
        ("SELECT id, x AS made FROM ROWS", "ROWS"),
        ("SELECT id, x AS made FROM events WHERE x > 1", "1 rows for 2 events, none for id 1"),
        (
            "SELECT id, x AS made FROM events UNION ALL SELECT id, x FROM events",
            "4 rows for 2 events; it must give one row for each",
        ),
        ("SELECT id + 1 AS id, x AS made FROM events", "none for id 1"),
        ("SELECT id, 'much' AS made FROM events", "Could not convert string 'much'"),
    ],
)
def test_a_query_that_cannot_be_used_is_said_why(sql, complaint):
    with pytest.raises(FeatureError, match=complaint):
        derive(sql)


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        ("date_diff('day', day, current_date)", "current_date"),
        ("epoch(now() - event_time)", "now"),
        ("epoch(LOCALTIMESTAMP - event_time)", "localtimestamp"),
        ("(SELECT epoch(ago(INTERVAL 1 DAY)))", "ago"),
        ("epoch(age(event_time))", "current_date"),
        ("x + random()", "random"),
        ("(SELECT avg(x) FROM past_events USING SAMPLE 10 ROWS)", "random"),
    ],
)
def test_what_depends_on_the_moment_or_on_chance_is_refused(made, asked):
    with pytest.raises(FeatureError, match=f"calls {asked}, which depends on when it runs"):
        Derivation(f"SELECT id, {made} AS made FROM events", "id", NUMBER, 0)


def test_a_column_of_such_a_name_can_be_read():
    rows = ROWS.rename_columns(["day", "id", "event_time", "localtime"])
    made = derive("SELECT id, events.localtime AS made FROM events", rows=rows)
    assert made[D1] == {1: 1.0, 2: 3.0}


def test_moments_of_the_events_can_be_compared():
    sql = "SELECT id, date_diff('hour', day, event_time) AS made FROM events"
    assert derive(sql)[D1] == {1: 0.0, 2: 0.0}


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("", "one SELECT, found no statement"),
        ("-- SELECT 1", "one SELECT, found no statement"),
        ("SELECT 1; SELECT 2", "found SELECT, SELECT"),
        ("SELECT 1 /* x", "unterminated"),
        ("CREATE TABLE t AS SELECT 1", "one SELECT, found CREATE"),
        ("COPY (SELECT 1) TO '/tmp/x.csv'", "one SELECT, found COPY"),
        ("SELEC id FROM events", "Parser Error"),
    ],
)
def test_only_one_query_is_taken(sql, complaint):
    with pytest.raises(FeatureError, match=complaint):
        Derivation(sql, "id", NUMBER, 0)
