"""One event gets the derived columns that its day gives it, of nothing but itself and its past."""

import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time

import pyarrow as pa
import pytest

from mlops_drift.config.loading import find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.online import export_window, online_query
from mlops_drift.pipeline.online_proof import derive_stored, same_bits
from mlops_drift.serving.online import OnlineDerivation
from mlops_drift.store.sealed import FeatureError
from mlops_drift_tests.pipeline.orders import HISTORY_SQL, fill, orders, put
from mlops_drift_tests.tiny import SPEC, day, merged

DAY = date(2024, 3, 1)
TEXTS = [None, "", "it's", 'say "x"', "$1 ? :a", "Zoë 日本 \U0001f600", "a\nb\tc\\", "x\x00y", "7"]
NUMBERS = [
    *(None, 0.0, 1.0, -1.0, 0.1, 1 / 3, 1e308, -1e308, 5e-324, 2.0**53 + 2, 9.007199254740993e15),
    *(1e16, 12345.678901234567, -0.30000000000000004),
]
WHOLE = [None, 0, 1, -1, 2**31, -(2**31) - 1, 2**53 + 1, 2**62, -(2**63), 2**63 - 1]


def spec_of(sql, columns, **changes):
    derived = {name: {"type": kind, "derived": True} for name, kind in columns.items()}
    inputs = {"i": {"type": "integer"}, "t": {"type": "category"}, "flag": {"type": "boolean"}}
    described = {"columns": {"b": ..., "c": ..., **derived}, "inputs": inputs, "features_sql": sql}
    return ModelSpec(**merged(SPEC, merged(described, changes)))


def ugly_rows(key=lambda place: place):
    """Every number with every whole number and some text."""
    rows, place = [], 0
    for number in NUMBERS:
        for whole in WHOLE:
            moment = datetime.combine(DAY, time(place % 24, 59, 59, 999999))
            rows.append(
                {
                    "day": DAY,
                    "id": key(place),
                    "event_time": moment if place % 5 else None,
                    "a": number,
                    "i": whole,
                    "t": TEXTS[place % len(TEXTS)],
                    "flag": [None, True, False][place % 3],
                }
            )
            place += 1
    return rows


def require_same(spec, rows):
    """Requires the same of each row alone as of all rows as one day."""
    events = pa.Table.from_pylist(rows, schema=spec.tables.events.schema)
    labels = spec.tables.labels.schema.empty_table()
    [(_, made)] = spec.derivation.derive(events, labels, rows[0]["day"], rows[0]["day"])
    whole = {row.pop(spec.key): row for row in made.to_pylist()}
    query = online_query(spec)
    with closing(OnlineDerivation(query)) as online:
        for row in rows:
            alone = derive_stored(online, query, row)
            assert list(alone) == list(spec.derived_columns)
            for name, value in alone.items():
                assert same_bits(value, whole[row[spec.key]][name]), (row, name)


ROW_LOCAL = """
SELECT id, a / i AS ratio, a * 0.1 + sqrt(abs(a)) / 3 - exp(least(a, 700)) AS much,
       i % 7 AS rest, try_cast(a AS BIGINT) AS near, try_cast(t AS INTEGER) AS told,
       t || '-' || lower(t) AS texts, flag AND a > i AS larger,
       list_sum([a, i, 0.1]) AS total, length(t) AS size,
       date_diff('second', day, event_time) AS since, day = DATE '2024-03-01' AS is_first,
       CASE WHEN a > 0 THEN ln(a) ELSE 1 / a END AS log, coalesce(t, 'none') AS filled,
       sin(a) AS wave, round(a, 2) AS cents, 'nan'::DOUBLE AS nothing,
       regexp_replace(t, '[^a-z]', '#', 'g') AS shape
FROM events
"""
ROW_LOCAL_COLUMNS = {
    **dict.fromkeys(("ratio", "much", "total", "log", "wave", "cents", "nothing"), "number"),
    **dict.fromkeys(("rest", "near", "told", "size", "since"), "integer"),
    **dict.fromkeys(("texts", "filled", "shape"), "category"),
    **dict.fromkeys(("larger", "is_first"), "boolean"),
}


@pytest.mark.parametrize(
    ("key_type", "key"), [("integer", lambda n: n * 2**53), ("text", "k'\"é{}".format)]
)
def test_ugly_rows_get_what_their_day_gives_them(key_type, key):
    spec = spec_of(ROW_LOCAL, ROW_LOCAL_COLUMNS, key_type=key_type)
    require_same(spec, ugly_rows(key)[:: 1 if key_type == "text" else 4])


def test_ugly_customers_get_what_their_day_gives_them():
    spec = find_model("churn").spec
    kinds = {"number": NUMBERS, "integer": WHOLE, "category": TEXTS}
    rows = []
    for place in range(120):
        row = {"day": DAY, "customerID": f"c{place}", "event_time": datetime(2024, 3, 1)}
        for at, (name, column) in enumerate(spec.source_columns.items()):
            values = kinds[column.type]
            row[name] = values[(place * (at + 1)) % len(values)]
        rows.append(row | {"tenure": max(row["tenure"] or 0, 0)})
    rows.append({**dict.fromkeys(rows[0]), "day": DAY, "customerID": "nothing is known"})
    require_same(spec, rows)


def test_a_column_that_is_left_out_is_missing_and_another_is_ignored():
    spec = spec_of("SELECT id, coalesce(a, -1) AS made FROM events", {"made": "number"})
    with closing(OnlineDerivation(online_query(spec))) as online:
        assert online.derive({}, 1, None, DAY) == {"made": -1.0}
        assert online.derive({"a": 2, "other": "x"}, 1, None, DAY) == {"made": 2.0}


@pytest.fixture
def shop(lake):
    return fill(orders(lake))


def test_an_unseen_customer_has_no_past(shop, tmp_path):
    query = online_query(shop.spec)
    with closing(OnlineDerivation(query, export_window(shop, day(5), tmp_path))) as online:
        made = online.derive({"customer": "new", "amount": 1.0}, 1, 0, day(5))
    assert made == {"n": 0, "mean": None, "days_since": None, "share": None}


def test_a_later_window_knows_what_landed_meanwhile(shop, tmp_path):
    query, row = online_query(shop.spec), {"customer": "new"}
    before = export_window(shop, day(5), tmp_path / "a")
    put(shop, "events", 4, [{"id": 999, "customer": "new", "amount": 8.0, "a": 0.0}])
    put(shop, "labels", 4, [{"id": 999, "y": "yes"}])
    after = export_window(shop, day(5), tmp_path / "b")
    with closing(OnlineDerivation(query, before)) as old:
        assert old.derive(row, 1, 0, day(5))["n"] == 0
        with closing(OnlineDerivation(query, after)) as new:
            made = new.derive(row, 1, 0, day(5))
            assert made == {"n": 1, "mean": 8.0, "days_since": 1, "share": 1.0}
        assert old.derive(row, 1, 0, day(5))["n"] == 0


def test_an_event_before_the_window_is_refused_and_one_after_it_sees_that_window(shop, tmp_path):
    window = export_window(shop, day(5), tmp_path)
    with closing(OnlineDerivation(online_query(shop.spec), window)) as online:
        told = "id 7 is of 2024-03-05, but the past that is loaded is that of 2024-03-06; export"
        with pytest.raises(FeatureError, match=told):
            online.derive({}, 7, 0, day(4))
        # Until the day before has landed, nothing newer is known.
        row = {"customer": "4"}
        on_its_day, after = (online.derive(row, 7, 0, day(number)) for number in (5, 6))
        assert after["n"] == on_its_day["n"] > 0


def test_a_window_of_another_entity_or_length_is_refused(shop, tmp_path):
    window, query = export_window(shop, day(5), tmp_path), online_query(shop.spec)
    with pytest.raises(FeatureError, match="load a window of the 3 days before a day by customer"):
        OnlineDerivation(query)
    for other in (replace(window, entity="shop"), replace(window, history_days=2)):
        with pytest.raises(FeatureError, match="needs the 3 days before a day by customer: export"):
            OnlineDerivation(query, other)


def test_a_window_that_lacks_a_column_is_refused_when_it_is_loaded(shop, tmp_path):
    sql = HISTORY_SQL.replace("p.amount ORDER BY", "p.price ORDER BY")
    query = replace(online_query(shop.spec), sql=sql)
    with pytest.raises(FeatureError, match=r'single event: .* column named "price"'):
        OnlineDerivation(query, export_window(shop, day(5), tmp_path))


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT id, a AS made FROM events WHERE a > 1", "id 3, 2024-03-01: the query gives 0"),
        ("SELECT id, a AS made FROM events, range(2)", "gives 2 rows for it; it must give one"),
        ("SELECT id + 1 AS id, a AS made FROM events", "the query gives a row for 4; it must"),
    ],
)
def test_a_query_that_gives_no_single_row_is_said_why(sql, complaint):
    online = OnlineDerivation(online_query(spec_of(sql, {"made": "number"})))
    with closing(online), pytest.raises(FeatureError, match=complaint):
        online.derive({"a": 0.5}, 3, 0, DAY)


def test_a_query_that_fails_for_an_event_is_said_why_and_the_next_one_is_derived():
    spec = spec_of("SELECT id, t::INTEGER AS made FROM events", {"made": "number"})
    with closing(OnlineDerivation(online_query(spec))) as online:
        with pytest.raises(FeatureError, match=r"id 3, 2024-03-01: .*convert string 'x'"):
            online.derive({"t": "x"}, 3, 0, DAY)
        assert online.derive({"t": "5"}, 4, 0, DAY) == {"made": 5.0}


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("read_text('/etc/hostname')", "disabled by configuration"),
        ("'/etc/hostname'", "does not exist|disabled by configuration"),
        ("TEXTS", "TEXTS does not exist"),
        ("event_history", "event_history does not exist"),
    ],
)
def test_nothing_but_the_event_can_be_read(what, told):
    spec = spec_of(f"SELECT id, a AS made FROM events, {what}", {"made": "number"})
    with pytest.raises(FeatureError, match=told):
        OnlineDerivation(online_query(spec))


def test_a_value_beyond_its_type_is_said_and_not_cut():
    spec = spec_of("SELECT id, i AS made FROM events", {"made": "integer"})
    online = OnlineDerivation(online_query(spec))
    with closing(online), pytest.raises(FeatureError, match=r"id 3, 2024-03-01: .*out of range"):
        online.derive({"i": 2**63}, 3, 0, DAY)


def test_it_takes_no_library_of_the_batch():
    heavy = {"pandas", "numpy", "pyarrow", "sklearn", "scipy", "mlflow", "deltalake", "dagster"}
    script = f"import sys, mlops_drift.serving.online; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
