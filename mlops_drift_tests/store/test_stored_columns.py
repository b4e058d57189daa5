"""Columns of the user that change: each is stored beside what it was, and read by its name."""

from dataclasses import replace

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from mlops_drift.schema.columns import Column
from mlops_drift.store.lake import LakeError, Scan
from mlops_drift.store.stored_columns import stored_names
from mlops_drift.store.tables import Table, UserColumn, model_tables
from mlops_drift_tests.pipeline.screening.samples import BINARY
from mlops_drift_tests.processes import meet
from mlops_drift_tests.store.samples import open_lake
from mlops_drift_tests.tiny import day

KINDS = {"number": pa.float64(), "integer": pa.int64(), "category": pa.string()}
VALUES = {"number": 1.5, "integer": 2, "category": "two"}


def table(kind, name="age", derivation=""):
    schema = pa.schema({"day": pa.date32(), "id": pa.int64(), name: KINDS[kind]})
    return Table("features.m", schema, columns={name: UserColumn(name, derivation)})


def put(lake, kind, number, name="age", derivation="", value=None):
    to = table(kind, name, derivation)
    row = {"day": day(number), "id": number, name: VALUES[kind] if value is None else value}
    lake.replace_days(to, day(number), day(number), pa.Table.from_pylist([row], to.schema))
    return to


@pytest.fixture(params=["lake", "memory_lake"])
def either(request):
    """A lake on disk, and one in memory."""
    return request.getfixturevalue(request.param)


def values(lake, of):
    name = of.schema.names[-1]
    return lake.read(of).sort_by("id")[name].to_pylist()


def test_each_type_of_a_column_has_its_own_values(either):
    tables = [put(either, kind, number) for number, kind in enumerate(KINDS)]
    assert [values(either, one) for one in tables] == [
        [1.5, None, None],
        [None, 2, None],
        [None, None, "two"],
    ]


def test_a_column_that_goes_and_comes_back_has_its_values_again(either):
    put(either, "integer", 0)
    put(either, "category", 1)
    back = put(either, "integer", 2)
    assert values(either, back) == [2, None, 2]


def test_rows_of_other_days_keep_what_a_table_does_not_know(either):
    known = put(either, "integer", 0)
    put(either, "category", 1)
    assert values(either, known)[0] == 2


def test_names_that_differ_by_case_are_two_columns(either):
    one, other = put(either, "number", 0, "Age"), put(either, "number", 1, "age")
    assert (values(either, one), values(either, other)) == ([1.5, None], [None, 1.5])


def test_what_another_sql_derives_is_another_column(either):
    one = put(either, "number", 0, derivation="sql 1", value=1.0)
    other = put(either, "number", 1, derivation="sql 2", value=2.0)
    assert (values(either, one), values(either, other)) == ([1.0, None], [None, 2.0])


def test_both_types_are_written_and_read_together(either):
    old, new = put(either, "integer", 0), table("category")
    both = new.with_columns({"age:integer": (UserColumn("age"), Column(type="integer"))})
    row = {"day": day(1), "id": 1, "age": "3+", "age:integer": None}
    either.replace_days(both, day(1), day(1), pa.Table.from_pylist([row], both.schema))
    found = either.read(Scan(both, day(0), day(1))).sort_by("id")
    assert found["age"].to_pylist() == [None, "3+"]
    assert found["age:integer"].to_pylist() == values(either, old) == [2, None]


def test_a_column_of_the_project_keeps_its_type(lake):
    put(lake, "integer", 0)
    with pytest.raises(LakeError, match="column 'age' is stored as int64"):
        lake.replace_days(
            replace(table("category"), columns={}),
            day(1),
            day(1),
            pa.Table.from_pylist([{"day": day(1), "id": 1, "age": "x"}], table("category").schema),
        )


def test_a_compaction_keeps_all_types_and_what_derives_them(lake):
    tables = [put(lake, kind, number, derivation=kind) for number, kind in enumerate(KINDS)]
    before = [values(lake, one) for one in tables]
    lake.rearrange(Scan(tables[0], day(0), day(2)))
    assert [values(lake, one) for one in tables] == before
    stored = pa.schema(DeltaTable(lake.uri(tables[0])).schema().to_arrow())
    assert stored_names(tables[2], stored)["age"] == "age:category"


def test_a_column_called_as_another_one_is_stored_is_still_another(lake):
    put(lake, "integer", 0)
    new, odd = put(lake, "category", 1), put(lake, "number", 2, "age:category")
    assert (values(lake, new), values(lake, odd)) == ([None, "two", None], [None, None, 1.5])


def test_processes_that_retype_a_column_at_once_lose_nothing(lake, processes):
    put(lake, "integer", 0)
    kinds = ["category", "number", "category", "number"]
    processes.run(_retype, *((lake.root, *one) for one in enumerate(kinds, start=1)))
    assert values(lake, table("category")) == [None, "two", None, "two", None]
    assert values(lake, table("number")) == [None, None, 1.5, None, 1.5]
    assert values(lake, table("integer")) == [2, None, None, None, None]


def _retype(root, number, kind):
    lake = open_lake(root)
    meet(4)
    put(lake, kind, number)


def test_only_columns_of_the_user_may_change():
    tables = model_tables("m", "id", "integer", {"x": Column(type="number")}, BINARY)
    assert set(tables.features.columns) == set(tables.events.columns) == {"x"}
    assert not tables.predictions.columns
