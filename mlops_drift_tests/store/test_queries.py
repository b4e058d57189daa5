from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest

from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.queries import QueryError, list_tables, records, run_sql
from mlops_drift.store.tables import DAY, Table

MONDAY = date(2024, 10, 7)
FEATURES = Table(
    "features.churn",
    pa.schema(
        [
            DAY,
            ("id", pa.int64()),
            ("at", pa.timestamp("us")),
            ("x", pa.float64()),
            ("flag", pa.bool_()),
            ("counts", pa.list_(pa.int64())),
        ]
    ),
)
ASIDE = Table(
    "landing.churn_quarantined",
    pa.schema([DAY, ("source", pa.string()), ("row", pa.string())]),
    ("day", "source"),
)
ROW = {
    "day": MONDAY,
    "id": 1,
    "at": datetime(2024, 10, 7, 12),
    "x": 0.5,
    "flag": True,
    "counts": [1, 2],
}


@pytest.fixture
def empty(tmp_path, database):
    return DeltaLake(tmp_path, database)


def filled(empty):
    features = pa.Table.from_pylist([ROW, {**ROW, "id": 2}], schema=FEATURES.schema)
    empty.replace_days(FEATURES, MONDAY, MONDAY, features)
    aside = pa.table({"day": [MONDAY], "source": ["events"], "row": ["{}"]})
    empty.replace_days(ASIDE, MONDAY, MONDAY, aside)
    return empty


@pytest.fixture(scope="module")
def lake(tmp_path_factory, database):
    """Two tables, which are only read."""
    return filled(DeltaLake(tmp_path_factory.mktemp("read"), database))


@pytest.fixture
def own(empty):
    """The two tables, to be written to."""
    return filled(empty)


def test_a_table_is_queried_by_its_name_with_its_declared_columns_and_types(lake):
    found = run_sql(lake, "SELECT * FROM features.churn WHERE id = 1")
    assert found.schema.names == FEATURES.schema.names
    assert found.to_pylist() == [ROW]


def test_columns_that_partition_are_columns(lake):
    found = run_sql(
        lake,
        "SELECT source, day + 1 AS next FROM landing.churn_quarantined WHERE day = '2024-10-07'",
    )
    assert found.to_pylist() == [{"source": "events", "next": date(2024, 10, 8)}]


def test_tables_of_several_schemas_join(lake):
    sql = "SELECT count(*) AS n FROM features.churn JOIN landing.churn_quarantined USING (day)"
    assert run_sql(lake, sql)["n"].to_pylist() == [2]


def test_an_emptied_table_has_its_columns_and_types(own):
    own.replace_days(FEATURES, MONDAY, MONDAY, FEATURES.schema.empty_table())
    found = run_sql(own, "SELECT * FROM features.churn")
    assert found.num_rows == 0
    assert found.schema.types == FEATURES.schema.types


def test_a_query_sees_what_was_written_since_the_last_one(own):
    sql = "SELECT count(*) AS n FROM features.churn"
    assert run_sql(own, sql)["n"].to_pylist() == [2]
    own.replace_days(FEATURES, MONDAY, MONDAY, pa.Table.from_pylist([ROW], schema=FEATURES.schema))
    assert run_sql(own, sql)["n"].to_pylist() == [1]


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT * FROM features.chrun", "SELECT y FROM t"])
def test_a_wrong_query_says_why_and_names_the_tables(lake, sql):
    with pytest.raises(
        QueryError, match=r"Error: [\s\S]*features\.churn, landing\.churn_quarantined"
    ):
        run_sql(lake, sql)


def test_a_wrong_query_in_an_empty_lake_says_that_there_are_no_tables(empty):
    with pytest.raises(QueryError, match="The tables are: none yet"):
        run_sql(empty, "SELECT * FROM features.churn")


PLACES = {
    "SELECT * FRM x": 'line 1, column 14: Parser Error: syntax error at or near "x". The',
    "SELECT 'ü',\n  y FROM features.churn": 'line 2, column 3: Binder Error: Referenced column "y"',
    "-- ü\nSELECT foo(1)": "line 2, column 8: Catalog Error: Scalar Function with name foo does",
    "SELECT 1,\n 'x'::INT": "line 2, column 5: Conversion Error: Could not convert string 'x'",
    "SELECT 'a' || x FROM (SELECT sum('a') AS x)": "line 1, column 30: Binder Error: Could not",
    "SELECT (SELECT i FROM range(3) t(i))": "Invalid Input Error: More than one row returned by",
    "SELECT * FROM lake": "line 1, column 15: Catalog Error: Table with name lake does not exist",
}


@pytest.mark.parametrize(
    ("sql", "form"),
    [
        *((sql, "text") for sql in PLACES),
        *((next(iter(PLACES)), "values"), (list(PLACES)[3], "json")),
    ],
)
def test_a_wrong_query_is_told_in_a_line_with_its_place(lake, sql, form):
    with pytest.raises(QueryError) as caught:
        run_sql(lake, sql, form)
    told = str(caught.value)
    assert told.startswith(PLACES[sql])
    assert told.endswith("The tables are: features.churn, landing.churn_quarantined")
    assert "\n" not in told


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT 1; DROP VIEW features.churn; --"])
def test_one_statement_runs_at_a_time(lake, sql):
    with pytest.raises(QueryError, match=r"^the query holds 2 statements; sql runs one"):
        run_sql(lake, sql)


@pytest.mark.parametrize(
    "sql", ["SELECT ';' AS a;", "SELECT ';' AS a; ; -- ;", "SELECT ';' AS a --;"]
)
def test_what_stands_behind_a_statement_does_no_harm(empty, sql):
    for form in ("values", "text"):
        assert run_sql(empty, sql, form).to_pylist() == [{"a": ";"}]


WRITING = ["DROP VIEW features.churn", "INSERT INTO features.churn VALUES (1)", "ATTACH '{file}'"]
WRITING += ["COPY (SELECT 1) TO '{file}'", "SET threads = 1", "PRAGMA threads = 1", "CHECKPOINT"]
WRITING += [
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
    "EXPORT DATABASE '{file}'",
    "LOAD httpfs",
]
WRITING += ["CREATE TABLE t AS SELECT 1", "WITH t AS (SELECT 1) INSERT INTO x SELECT * FROM t"]


@pytest.mark.parametrize("sql", WRITING)
def test_a_statement_that_does_not_read_is_refused_and_does_nothing(lake, tmp_path, sql):
    file = tmp_path / "written"
    with pytest.raises(QueryError, match=r"^sql only reads; write SELECT, .* found [A-Z]+$"):
        run_sql(lake, sql.format(file=file))
    assert not file.exists()


@pytest.mark.parametrize(
    "sql",
    [
        *("FROM features.churn", "VALUES (1)", "DESCRIBE features.churn", "SHOW TABLES"),
        *("SUMMARIZE features.churn", "PIVOT features.churn ON flag USING sum(x)", "(SELECT 1)"),
        *("TABLE features.churn", "WITH a AS (SELECT 1) SELECT * FROM a", "/* a */ SELECT 1"),
    ],
)
def test_every_way_to_read_is_open(lake, sql):
    assert run_sql(lake, sql, "text").num_columns


@pytest.mark.parametrize("sql", ["", "-- nothing"])
def test_a_query_without_a_statement_is_refused(lake, sql):
    with pytest.raises(QueryError, match="no statement that returns rows"):
        run_sql(lake, sql)


def test_a_list_of_the_tables_has_rows_columns_and_commits(lake, tmp_path):
    assert list_tables(lake).to_pylist() == [
        {
            "table": "features.churn",
            "rows": 2,
            "commits": 1,
            "columns": "day, id, at, x, flag, counts",
        },
        {
            "table": "landing.churn_quarantined",
            "rows": 1,
            "commits": 1,
            "columns": "day, source, row",
        },
    ]
    assert list_tables(DeltaLake(tmp_path / "other", duckdb.connect())).num_rows == 0


def test_a_query_knows_no_table_of_another_lake(lake, tmp_path):
    run_sql(lake, "FROM features.churn")
    with lake.cursor() as cursor, pytest.raises(QueryError, match="none yet"):
        run_sql(DeltaLake(tmp_path / "other", cursor), "FROM features.churn")


# Value, as text, as JSON.
EXACT = [
    ("9007199254740993", "9007199254740993", 9007199254740993),
    ("NULL::BIGINT", None, None),
    ("170141183460469231731687303715884105727::HUGEINT", str(2**127 - 1), 2**127 - 1),
    ("18446744073709551615::UBIGINT", str(2**64 - 1), 2**64 - 1),
    ("1.10::DECIMAL(5, 2)", "1.10", 1.1),
    ("1234567890123456.10::DECIMAL(38, 2)", "1234567890123456.10", "1234567890123456.10"),
    ("7::DECIMAL(38, 0)", "7", 7),
    ("0.1::DOUBLE", "0.1", 0.1),
    ("1e16::DOUBLE", "1e+16", 1e16),
    ("5e-324::DOUBLE", "5e-324", 5e-324),
    ("true", "true", True),
    ("'a,\"b'", 'a,"b', 'a,"b'),
    ("''", "", ""),
    ("'null'", "null", "null"),
    ("'[1.10]'::JSON", "[1.10]", "[1.10]"),
    ("'\\xAA'::BLOB", "\\xAA", "\\xAA"),
    ("DATE '2024-01-02'", "2024-01-02", "2024-01-02"),
    ("'infinity'::DATE", "infinity", "infinity"),
    ("DATE '9999-12-31' + 1", "10000-01-01", "10000-01-01"),
    ("'0044-03-15 (BC)'::DATE", "0044-03-15 (BC)", "0044-03-15 (BC)"),
    ("TIMESTAMP '2024-01-02 03:04:05'", "2024-01-02 03:04:05", "2024-01-02T03:04:05"),
    ("TIMESTAMPTZ '2024-01-02 00:00:00+02'", "2024-01-01 22:00:00+00", "2024-01-01T22:00:00+00"),
    (
        "TIMESTAMP_NS '2024-01-02 00:00:00.123456789'",
        "2024-01-02 00:00:00.123456789",
        "2024-01-02T00:00:00.123456789",
    ),
    ("INTERVAL 1 MONTH", "1 month", "1 month"),
    ("[1, NULL]", "[1, NULL]", [1, None]),
    ("[0.12345678901234567890]", "[0.12345678901234567890]", ["0.12345678901234567890"]),
    ("{'a': 2.5::DOUBLE}", "{'a': 2.5}", {"a": 2.5}),
    ("MAP {1: 'x'}", "{1=x}", {"1": "x"}),
]


def test_every_value_is_written_exactly(empty):
    query = "SELECT " + ", ".join(f"{sql} AS c{number}" for number, (sql, *_) in enumerate(EXACT))
    texts = run_sql(empty, query, "text")
    assert [column[0].as_py() for column in texts.columns] == [text for _, text, _ in EXACT]
    [row] = records(run_sql(empty, query, "json"))
    assert list(row.values()) == [value for *_, value in EXACT]


def test_columns_of_one_name_are_all_kept_but_in_json(empty):
    query = "SELECT 1 AS a, 2 AS a, 3 AS A"
    found = run_sql(empty, query, "text")
    assert found.column_names == ["a", "a", "A"]
    assert [column[0].as_py() for column in found.columns] == ["1", "2", "3"]
    with pytest.raises(QueryError, match="more than one column is called 'a'"):
        records(run_sql(empty, query, "json"))


@pytest.mark.parametrize("form", ["values", "text", "json"])
def test_a_value_that_cannot_be_computed_is_a_wrong_query(empty, form):
    with pytest.raises(QueryError, match="Conversion Error"):
        run_sql(empty, "SELECT CAST('x' || range AS BIGINT) FROM range(3)", form)
