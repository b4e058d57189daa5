"""Queries over tables as they were."""

import pytest

from mlops_drift.store.history import NotYetError
from mlops_drift.store.lake import LakeError
from mlops_drift.store.queries import QueryError, list_tables, run_sql
from mlops_drift_tests.store.samples import FIRST, NOTES, SECOND, THIRD
from mlops_drift_tests.store.travels import (
    HELD,
    NAME,
    clean_files,
    rewrite_in_one_file,
    set_times,
    write_past,
)

IDS = f"SELECT id FROM {NAME} ORDER BY id"


@pytest.fixture
def past(lake):
    """The shop was made on the first day; its last commit and another table are of today."""
    write_past(lake)
    lake.append_unless(NOTES, {"name": "a note", "by": 1}, name=["a note"])
    set_times(lake, (FIRST, 1), (FIRST, 23), (SECOND, 0), (SECOND, 1), (SECOND, 2))
    return lake


def ids(lake, as_of, query=IDS):
    return run_sql(lake, query, as_of=as_of)["id"].to_pylist()


def test_a_query_reads_a_commit(past):
    assert [ids(past, number) for number in range(6)] == HELD


def test_a_query_reads_the_end_of_a_day(past):
    assert ids(past, FIRST) == HELD[1]
    assert ids(past, SECOND) == ids(past, THIRD) == HELD[4]


def test_a_rewritten_and_cleaned_table_is_read_as_of_what_was_kept(past):
    rewrite_in_one_file(past)
    clean_files(past, 4)
    assert ids(past, 4) == ids(past, SECOND) == HELD[4]
    assert ids(past, 6) == HELD[5]
    with pytest.raises(LakeError, match="the last of 2024-10-01, can no longer be read"):
        ids(past, FIRST)


@pytest.mark.parametrize(
    "query",
    [
        'SELECT id FROM "features"."shop" ORDER BY id',
        "SELECT id FROM FEATURES . Shop ORDER BY id",
        "WITH t AS (FROM features.shop) SELECT id FROM t ORDER BY id",
        "SELECT id FROM features.shop -- training.notes\nORDER BY id",
        "SELECT id FROM features.shop WHERE 'training.notes' <> 'é' ORDER BY id",
    ],
)
def test_the_table_of_a_query_is_the_one_that_it_names(past, query):
    assert ids(past, 2, query) == HELD[2]


def test_a_query_of_two_tables_reads_a_day_but_no_commit(past):
    query = "SELECT count(*) AS n FROM features.shop, training.notes"
    with pytest.raises(QueryError, match=r"reads features\.shop, training\.notes, .* give a day"):
        run_sql(past, query, as_of=1)
    with pytest.raises(NotYetError, match=r"training\.notes was not there yet on 2024-10-02"):
        run_sql(past, query, as_of=SECOND)


def test_a_wrong_query_is_answered_as_ever(past):
    for query in ("SELECT * FROM features.shpo", "SELECT y FROM features.shop", "SELECT '"):
        with pytest.raises(QueryError, match=r"tables are: features\.shop, training\.notes"):
            run_sql(past, query, as_of=1)


def test_a_query_of_no_table_runs(past):
    assert ids(past, 1, "SELECT 5 AS id") == [5]


def test_the_tables_of_a_day_are_those_that_were_there(past):
    assert list_tables(past, as_of=SECOND).to_pylist() == [
        {"table": NAME, "rows": len(HELD[4]), "commits": 4, "columns": "day, id, x"}
    ]
    assert list_tables(past).num_rows == 2
