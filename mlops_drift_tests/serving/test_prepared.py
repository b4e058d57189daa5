"""A query that is planned once gives what Python's interface gives, value by value."""

from contextlib import closing

import duckdb
import pytest

from mlops_drift.serving.prepared import PreparedQuery, parameter
from mlops_drift_tests.serving.test_online import NUMBERS, TEXTS, WHOLE

VALUES = {
    "BIGINT": WHOLE,
    "DOUBLE": NUMBERS,
    "BOOLEAN": [None, True, False],
    "VARCHAR": [*TEXTS, "twelve bytes", "thirteen byte", "é" * 6, "é" * 7, "long " * 5000],
}


def query(sql, parameters=("BIGINT",), results=("BIGINT",), file=None):
    return closing(PreparedQuery(sql, parameters, results, file))


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_comes_back_as_it_went(kind):
    with query(f"SELECT {parameter(0, kind)}", [kind], [kind]) as prepared:
        for value in VALUES[kind]:
            [(found,)] = prepared.run([value])
            assert repr(found) == repr(value if kind != "DOUBLE" or value is None else float(value))


def test_a_whole_number_may_be_given_for_a_number():
    with query(f"SELECT {parameter(0, 'DOUBLE')}", ["DOUBLE"], ["DOUBLE"]) as prepared:
        assert prepared.run([3]) == [(3.0,)]


def test_rows_come_in_their_order_however_many():
    with query(
        f"SELECT range, 'n' || range FROM range({parameter(0, 'BIGINT')})",
        results=["BIGINT", "VARCHAR"],
    ) as prepared:
        assert prepared.run([5000]) == [(n, f"n{n}") for n in range(5000)]
        assert prepared.run([0]) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("BIGINT", 2**63),
        ("BIGINT", 1.5),
        ("BIGINT", "1"),
        ("DOUBLE", "1"),
        pytest.param("DOUBLE", 10**400, id="beyond a double"),
        ("BOOLEAN", 1),
        ("VARCHAR", 1),
        ("VARCHAR", "\ud800"),
    ],
)
def test_a_value_of_another_type_is_not_converted(kind, value):
    with query(f"SELECT {parameter(0, kind)}", [kind], [kind]) as prepared:
        with pytest.raises((TypeError, ValueError)):
            prepared.run([value])
        assert prepared.run([None]) == [(None,)]


def test_a_query_that_fails_is_said_why_and_the_next_one_runs():
    sql = f"SELECT CAST({parameter(0, 'VARCHAR')} AS BIGINT)"
    with query(sql, ["VARCHAR"]) as prepared:
        with pytest.raises(duckdb.Error, match="Could not convert string 'x'"):
            prepared.run(["x"])
        assert prepared.run(["12"]) == [(12,)]


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT nothing", "nothing"),
        ("SELEC 1", "syntax error"),
        ("FROM read_csv('/etc/passwd')", "disabled by configuration"),
    ],
)
def test_a_query_that_cannot_be_planned_is_refused(sql, complaint):
    with pytest.raises(duckdb.Error, match=complaint):
        PreparedQuery(sql, [], ["BIGINT"])


def test_a_file_is_only_read(tmp_path):
    file = tmp_path / "x.duckdb"
    with pytest.raises(duckdb.Error, match="does not exist"):
        PreparedQuery("SELECT 1", [], ["BIGINT"], file)
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS x")
    with query("SELECT x::BIGINT FROM t", [], file=file) as prepared:
        assert prepared.run([]) == [(7,)]
    with pytest.raises(duckdb.Error, match="read-only"):
        PreparedQuery("DELETE FROM t", [], ["BIGINT"], file).run([])


def test_nothing_runs_after_it_is_closed():
    prepared = PreparedQuery("SELECT 1::BIGINT", [], ["BIGINT"])
    prepared.close()
    prepared.close()
    with pytest.raises(duckdb.Error, match="closed"):
        prepared.run([])
