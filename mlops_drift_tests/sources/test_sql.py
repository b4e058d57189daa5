"""Tables and queries of PostgreSQL, by each way that reads them."""

import json
import os
import re
import signal
import threading
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from mlops_drift.sources.base import SourceError
from mlops_drift.sources.database import adbc, faults, reading
from mlops_drift.sources.database.address import Address
from mlops_drift.sources.sql import SqlSource
from mlops_drift_tests.postgres import OWNER, PASSWORD
from mlops_drift_tests.sources.sql_rows import FIRST, SECOND, TABLE, THIRD, ids, rows_of, source

# A URL that names its driver is read by that, and any other of PostgreSQL through Arrow.
WAYS = {"arrow": "postgresql", "sqlalchemy": "postgresql+psycopg"}

SCHEMA = """
    CREATE TABLE orders (id int, day date, x float8);
    INSERT INTO orders VALUES (1, '2024-03-01', 0.5), (2, '2024-03-02', NULL),
        (3, '2024-03-03', 2.5), (4, NULL, 1), (5, '2024-03-01', 'inf');
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE SCHEMA "Old Sales";
    CREATE TABLE "Old Sales"."Or%der:first" AS SELECT 7 AS id, DATE '2024-03-01' AS "The :day";
    CREATE TABLE kinds (
        day date, small smallint, huge bigint, money numeric(12, 2), exact numeric, single real,
        double float8, truth bool, at timestamp, moment timestamptz, name text, code char(4),
        clock time, feeling mood, id uuid, nothing int, tags int[], document jsonb, bytes bytea,
        address inet);
    INSERT INTO kinds VALUES
        ('2024-03-01', 1, 9223372036854775807, 4.50, 12345678901234567890.123, 0.1, 0.1, true,
         '2024-03-01 10:00', '2024-03-01 10:00+02', E'ü\\n\\u202e "it''s"', 'ab', '10:00', 'good',
         '6f0e0a2e-0000-4000-8000-000000000001', NULL, '{1,2}', '{"a": 1}', '\\x01', '::1'),
        ('2024-03-01', NULL, -1, 10, 'NaN', 16777216, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, NULL);
    CREATE TABLE times (id int, moment timestamptz, local timestamp, text varchar);
    INSERT INTO times VALUES
        (1, '2024-02-29 22:59:59+00', '2024-02-29 23:59:59', '2024-02-29T23:59:59'),
        (2, '2024-02-29 23:00+00', '2024-03-01', '2024-03-01'),
        (3, '2024-03-01 22:59:59+00', '2024-03-01 23:59:59', '2024-03-02T03:59-05:00'),
        (4, '2024-03-01 23:00+00', '2024-03-02', '2024/3/1');
    CREATE ROLE guest LOGIN PASSWORD 'guest';
"""


@pytest.fixture(scope="module")
def shop(postgres):
    """A database with tables; its name."""
    postgres.make_database("shop")
    postgres.execute(SCHEMA, "shop")
    return "shop"


@pytest.fixture(params=WAYS)
def way(request, shop, postgres, monkeypatch):
    """A way to read the shop: `use` sets the address to something else."""
    scheme = WAYS[request.param]

    def use(url, name="SHOP_DB"):
        monkeypatch.setenv(name, url.replace("postgresql:", f"{scheme}:"))

    use(postgres.url(shop))
    return use


def error_of(*arguments, **options):
    """The sentence that a read ends with; nothing hangs on the error that could say more."""
    with pytest.raises(SourceError) as caught:
        source(*arguments, **options).events(FIRST, FIRST)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


def test_rows_of_the_days_are_read_with_their_days(way):
    found = source().events(FIRST, SECOND)
    assert rows_of(found) == [
        {"id": 1, "day": FIRST, "x": 0.5},
        {"id": 2, "day": SECOND, "x": None},
        {"id": 5, "day": FIRST, "x": float("inf")},
    ]
    assert found.parts[0].days.to_pylist() == [FIRST, SECOND, FIRST]
    assert ids(source().labels(THIRD, date(2024, 3, 9))) == [3]
    assert rows_of(source().events(date(2030, 1, 1), date(2030, 1, 2))) == []


def test_a_query_gets_its_days_and_nothing_else_in_it_is_a_parameter(way):
    query = """
        SELECT id, day::date, ':first' AS a, E'\\':last' AS b, $$ :first $$ AS ":c", '10 %' AS d
        FROM orders  -- :of /*
        WHERE day >= :first AND day < :last::date + 1 /* :first */
    """
    found = source(events={"query": query, "day_column": "day"}).events(FIRST, SECOND)
    assert ids(found) == [1, 2, 5]
    assert rows_of(found)[0] | {"id": 0} == {
        "id": 0, "day": FIRST, "a": ":first", "b": "':last", ":c": " :first ", "d": "10 %"
    }  # fmt: skip


def test_names_are_taken_as_they_are(way):
    table = {"table": "Old Sales.Or%der:first", "day_column": "The :day"}
    assert ids(source(events=table).events(FIRST, FIRST)) == [7]


def test_types_are_plain_and_the_same_by_every_way(shop, postgres, monkeypatch):
    found = {}
    for name, scheme in WAYS.items():
        monkeypatch.setenv("SHOP_DB", postgres.url(shop).replace("postgresql:", f"{scheme}:"))
        table = {"table": "kinds", "day_column": "day"}
        found[name] = source(events=table).events(FIRST, FIRST)
    one, other = (batch.parts[0] for batch in found.values())
    assert one.rows.schema.equals(other.rows.schema)
    assert str(one.rows.to_pylist()) == str(other.rows.to_pylist())
    assert one.unusable == other.unusable == ("tags", "document", "bytes", "address")
    assert found["arrow"].origins == found["sqlalchemy"].origins
    row = one.rows.to_pylist()[0]
    assert row["huge"] == 2**63 - 1
    assert row["money"] == Decimal("4.50")
    assert row["exact"] == "12345678901234567890.123"
    assert row["single"] == 0.1
    assert row["moment"].isoformat() == "2024-03-01T08:00:00+00:00"
    assert row["name"] == 'ü\n\u202e "it\'s"'
    assert row["id"] == "6f0e0a2e-0000-4000-8000-000000000001"
    assert one.rows.schema.field("nothing").type == pa.null()


def test_both_ways_are_the_ones_they_are_called(way, tmp_path, request):
    is_arrow = request.node.callspec.params["way"] == "arrow"
    assert adbc.reads(Address("${SHOP_DB}", tmp_path)) == is_arrow


@pytest.mark.parametrize("column", ["moment", "local", "text"])
def test_days_are_those_of_the_time_zone_whatever_the_column_holds(way, column):
    table = {"table": "times", "day_column": column}
    found = source(events=table, timezone="Europe/Berlin").events(FIRST, FIRST)
    numbers = (row["id"] for row in rows_of(found))
    times = dict(zip(numbers, found.parts[0].times.to_pylist(), strict=True))
    assert times[2] == datetime(2024, 2, 29, 23)
    expected = {"moment": {2, 3}, "local": {2, 3}, "text": {2, 4}}
    assert set(times) == expected[column]


@pytest.mark.parametrize("timezone", ["America/New_York", "Europe/Berlin"])
def test_a_query_compares_moments_with_days_of_the_time_zone(way, timezone):
    hours = "generate_series(timestamptz '2024-02-29', '2024-03-03', interval '1 hour') AS at"
    query = f"SELECT at FROM {hours} WHERE at >= :first AND at < :last + 1"
    events = {"query": query, "day_column": "at"}
    found = source(events=events, timezone=timezone, reread_days=0).events(FIRST, FIRST)
    assert found.parts[0].rows.num_rows == 24


def test_money_is_no_number(shop, postgres, monkeypatch):
    monkeypatch.setenv("SHOP_DB", postgres.url(shop))
    query = "SELECT :first AS day, :last AS last, '4.50'::money AS paid"
    [part] = source(events={"query": query, "day_column": "day"}).events(FIRST, FIRST).parts
    assert part.unusable == ("paid",)


def test_an_origin_is_the_variable_and_the_table_with_a_digest_of_the_rows(way, postgres):
    before = source().events(FIRST, SECOND).origins
    assert {origin.place for origin in before.values()} == {"sql orders (SHOP_DB)"}
    assert re.fullmatch("[0-9a-f]{64}", before[FIRST].digest)
    postgres.execute("UPDATE orders SET x = 0.6 WHERE id = 1", "shop")
    after = source().events(FIRST, SECOND).origins
    postgres.execute("UPDATE orders SET x = 0.5 WHERE id = 1", "shop")
    assert after[FIRST] != before[FIRST]
    assert after[SECOND] == before[SECOND]
    assert source().events(FIRST, SECOND).origins == before


def test_a_mistake_in_the_address_is_one_sentence_without_it(way, postgres, monkeypatch):
    right = postgres.url("shop")
    wrong = {
        postgres.url("shop", password="sesame"): "does not accept the user or the password",
        postgres.url("shop", user="nobody"): "does not accept the user or the password",
        postgres.url("shops"): "has no such database",
        right.replace(str(postgres.port), "1"): "nothing answers",
        right.replace("127.0.0.1", "no.such.host.invalid"): "the host of the database is unknown",
        right.replace("p%40ss", "p@ss"): "the host of the database is unknown",
        right.replace("//", "/"): "SHOP_DB in the environment is no URL of a database",
        right.replace(str(postgres.port), "port"): "is no URL of a database",
        f"{right}?sslmode=verify-full": "do not agree on encryption",
        "mongodb://owner:sesame@host/shop": "SQLAlchemy knows no database 'mongodb'",
    }
    for url, sentence in wrong.items():
        way(url)
        found = error_of()
        assert sentence in found
        for secret in (PASSWORD, "sesame", "p%40ss", "9f3a", OWNER, "127.0.0.1", url):
            assert secret not in found
    monkeypatch.delenv("SHOP_DB")
    assert error_of().startswith("`url` of the source: SHOP_DB not set in the environment; ")


def test_what_the_database_rejects_is_one_sentence(way):
    query = "SELECT {} FROM orders WHERE day BETWEEN :first AND :last"
    for events, sentence in [
        (TABLE | {"table": "order"}, "sql order (SHOP_DB): there is no such table"),
        (TABLE | {"table": "Orders"}, "its name is case-sensitive"),
        (TABLE | {"day_column": "Day"}, "it lacks the day column"),
        (TABLE | {"day_column": "id"}, "the day column holds neither dates nor texts"),
        ({"query": query.format("y")}, 'rejects it: column "y" does not exist; correct `query`'),
        ({"query": query.format("")[7:]}, "syntax error"),
        ({"query": query.format("id")}, "the day column 'day' is missing; found 'id'"),
        ({"query": query.format("*, x AS day")}, "several columns are called 'day'"),
        ({"query": query.format("day, id, x AS \"ID\"")}, "several columns are called 'id'"),
        ({"query": query.format(f"day, '{PASSWORD}'::int")}, 'integer: "…"'),
        ({"query": "INSERT INTO orders SELECT 6, :first, 1 WHERE :first <= :last RETURNING *"},
         "it writes, and a source only reads"),
    ]:  # fmt: skip
        assert sentence in error_of(events={"day_column": "day", **events})
    assert ids(source().events(FIRST, THIRD)) == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("FATAL: remaining connection slots are reserved", "the server has no connection left"),
        ('too many connections for role "guest"', "the server has no connection left"),
        ('FATAL: permission denied for database "shop"', "the user may not connect"),
        ('FATAL: role "guest" is not permitted to log in', "the user may not connect"),
        ('invalid connection option "nonsense"', "cannot read an option in `url`"),
        ('invalid sslmode value: "sesame"', "cannot read an option in `url`"),
        ("Is the server running locally and accepting connections", "nothing answers"),
    ],
)
def test_what_keeps_a_user_out_has_a_sentence_of_its_own(said, sentence):
    assert sentence in faults.of_connection(faults.Said(said)).problem


def test_a_table_without_rights_names_what_to_grant(way, postgres):
    way(postgres.url("shop", "guest", "guest"))
    assert error_of() == (
        "sql orders (SHOP_DB): the user of `url` may not read it: permission denied for table "
        "orders; grant SELECT, on the schema too"
    )


def test_a_read_ends_in_time(way):
    slow = "SELECT day, pg_sleep(60) FROM orders WHERE day BETWEEN :first AND :last"
    found = error_of(events={"query": slow, "day_column": "day"}, timeout_seconds=0.2)
    assert "reading took longer than 0.2 seconds" in found


def test_a_read_that_a_person_stops_is_no_fault_of_the_database(way, postgres):
    def stop():
        postgres.wait_for_read()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=stop)
    thread.start()
    slow = "SELECT day, pg_sleep(60) FROM orders WHERE day BETWEEN :first AND :last"
    with pytest.raises(KeyboardInterrupt):
        source(events={"query": slow, "day_column": "day"}).events(FIRST, FIRST)
    thread.join()


def test_a_lost_connection_is_tried_again_without_double_rows(way, postgres, monkeypatch):
    monkeypatch.setattr(reading, "PAUSE_SECONDS", 0.01)
    # Only the first read waits.
    slow = (
        "SELECT orders.* FROM orders, (SELECT CASE WHEN now() < (SELECT until FROM slow) "
        "THEN pg_sleep(60) END AS s) AS w WHERE day BETWEEN :first AND :last"
    )
    postgres.execute("CREATE TABLE slow AS SELECT now() + interval '1 hour' AS until", "shop")

    def cut():
        pid = postgres.wait_for_read()
        postgres.execute("UPDATE slow SET until = now()", "shop")
        postgres.execute(f"SELECT pg_terminate_backend({pid})")

    thread = threading.Thread(target=cut)
    thread.start()
    found = source(events={"query": slow, "day_column": "day"}).events(FIRST, THIRD)
    thread.join()
    postgres.execute("DROP TABLE slow", "shop")
    assert ids(found) == [1, 2, 3, 5]


def test_a_database_that_stays_away_is_one_sentence(way, postgres, monkeypatch):
    monkeypatch.setattr(reading, "PAUSE_SECONDS", 0.01)
    thread = threading.Thread(target=lambda: (postgres.wait_for_read(), postgres.kill()))
    thread.start()
    slow = "SELECT orders.*, pg_sleep(60) FROM orders WHERE day BETWEEN :first AND :last"
    found = error_of(events={"query": slow, "day_column": "day"})
    thread.join()
    postgres.start()
    assert "nothing answers where the database should be, in 4 tries; start it" in found
    assert ids(source().events(FIRST, THIRD)) == [1, 2, 3, 5]


def test_parts_of_an_address_come_from_the_environment_as_they_are(shop, postgres, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    url = f"postgresql://{OWNER}:${{SHOP_PASSWORD}}@127.0.0.1:{postgres.port}/shop"
    found = source(url=url).events(FIRST, FIRST)
    assert ids(found) == [1, 5]
    assert found.origins[FIRST].place == "sql orders (SHOP_PASSWORD)"
    config = SqlSource(kind="sql", url=url, events=TABLE, labels=TABLE)
    assert PASSWORD not in json.dumps(config.model_dump(mode="json"))
    monkeypatch.setenv("SHOP_PASSWORD", "sesame")
    assert "sesame" not in error_of(url=url)
