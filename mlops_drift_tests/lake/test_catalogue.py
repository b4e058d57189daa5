from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest

from mlops_drift.lake.catalogue import QueryError, list_tables, run_sql
from mlops_drift.lake.delta import DeltaLake
from mlops_drift.lake.table import DAY, Table

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
    "landing.churn_rejected",
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
def empty(tmp_path):
    return DeltaLake(tmp_path, duckdb.connect())


@pytest.fixture
def lake(empty):
    features = pa.Table.from_pylist([ROW, {**ROW, "id": 2}], schema=FEATURES.schema)
    empty.replace_days(FEATURES, MONDAY, MONDAY, features)
    aside = pa.table({"day": [MONDAY], "source": ["events"], "row": ["{}"]})
    empty.replace_days(ASIDE, MONDAY, MONDAY, aside)
    return empty


def test_a_table_is_queried_by_its_name_with_its_declared_columns_and_types(lake):
    found = run_sql(lake, "SELECT * FROM features.churn WHERE id = 1")
    assert found.schema.names == FEATURES.schema.names
    assert found.to_pylist() == [ROW]


def test_columns_that_partition_are_columns(lake):
    found = run_sql(
        lake, "SELECT source, day + 1 AS next FROM landing.churn_rejected WHERE day = '2024-10-07'"
    )
    assert found.to_pylist() == [{"source": "events", "next": date(2024, 10, 8)}]


def test_tables_of_several_schemas_join(lake):
    sql = "SELECT count(*) AS n FROM features.churn JOIN landing.churn_rejected USING (day)"
    assert run_sql(lake, sql)["n"].to_pylist() == [2]


def test_an_emptied_table_has_its_columns_and_types(lake):
    lake.replace_days(FEATURES, MONDAY, MONDAY, FEATURES.schema.empty_table())
    found = run_sql(lake, "SELECT * FROM features.churn")
    assert found.num_rows == 0
    assert found.schema.types == FEATURES.schema.types


def test_a_query_sees_what_was_written_since_the_last_one(lake):
    sql = "SELECT count(*) AS n FROM features.churn"
    assert run_sql(lake, sql)["n"].to_pylist() == [2]
    lake.replace_days(FEATURES, MONDAY, MONDAY, pa.Table.from_pylist([ROW], schema=FEATURES.schema))
    assert run_sql(lake, sql)["n"].to_pylist() == [1]


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT * FROM features.chrun", "SELECT y FROM t"])
def test_a_wrong_query_says_why_and_names_the_tables(lake, sql):
    with pytest.raises(QueryError, match=r"Error: [\s\S]*features\.churn, landing\.churn_rejected"):
        run_sql(lake, sql)


def test_a_wrong_query_in_an_empty_lake_says_that_there_are_no_tables(empty):
    with pytest.raises(QueryError, match="The tables are: none yet"):
        run_sql(empty, "SELECT * FROM features.churn")


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
        {"table": "landing.churn_rejected", "rows": 1, "commits": 1, "columns": "day, source, row"},
    ]
    assert list_tables(DeltaLake(tmp_path / "other", duckdb.connect())).num_rows == 0
