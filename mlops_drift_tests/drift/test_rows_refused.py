"""What is refused as rows: values, columns and files that cannot be read."""

from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.compare.chunks import encoded, groups
from mlops_drift.drift.rows import ColumnError, Rows
from mlops_drift.files.error import TableError


def test_a_value_that_cannot_be_read_is_of_its_column_alone():
    late = pa.array([2**62], pa.timestamp("ms"))
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    rows = Rows(pa.table({"x": late, "y": [1], "z": union}))
    assert (rows.count, rows.kinds) == (1, {"x": "numeric", "y": "numeric"})
    assert rows.numbers("y").tolist() == [1.0]
    for read in (Rows.numbers, Rows.categories, encoded, groups):
        with pytest.raises(ColumnError, match="column 'x' of the table cannot be read: "):
            read(rows, "x")
        with pytest.raises(ColumnError, match="column 'z' of the table holds ARROW sparse_union"):
            read(rows, "z")


def test_text_in_place_of_numbers_is_refused_with_an_example(tmp_path):
    table = pa.table({"age": pa.array([None, "n/a, " + "x" * 99])})
    with pytest.raises(TableError, match=r"column 'age' of the table holds text such as 'n/a, x"):
        Rows(table).numbers("age")
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"'age' of .*t\.parquet holds text .* numbers, dates or"):
        Rows(tmp_path / "t.parquet").expression("age", "numeric")


NESTED = {
    "list": pa.array([[1]]),
    "list of decimals": pa.array([[Decimal("1.5")]]),
    "struct": pa.array([{"a": 1}]),
    "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
}


@pytest.mark.parametrize("values", NESTED.values(), ids=NESTED)
def test_nested_values_are_left_out_and_refused(values):
    rows = Rows(pa.table({"x": values, "y": [1]}))
    assert rows.kinds == {"y": "numeric"}
    for read in (Rows.numbers, Rows.categories, encoded, groups):
        with pytest.raises(TableError, match=r"column 'x' of the table holds .*needed"):
            read(rows, "x")


@pytest.mark.parametrize("read", [Rows.numbers, Rows.categories, encoded, groups])
def test_a_missing_column_is_named_beside_those_found(read):
    with pytest.raises(TableError, match=r"the table has no column 'age'; .*\['miles', 'Age'\]"):
        read(Rows(pa.table({"miles": [1], "Age": [2]})), "age")


@pytest.mark.parametrize("names", [["a", "b", "a"], ["a", "b", "A"]])
def test_columns_that_sql_cannot_tell_apart_are_refused(names, tmp_path):
    twins = pa.Table.from_arrays([pa.array([1])] * 3, names=names)
    pq.write_table(twins, tmp_path / "t.parquet")
    for source in (twins, tmp_path / "t.parquet"):
        with pytest.raises(TableError, match=f"more than one column .*'{names[2]}'"):
            Rows(source)
    with pytest.raises(TableError, match="more than one column"):
        Rows(duckdb.sql(f"SELECT 1 AS {names[0]}, 2 AS {names[2]}"))


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "none.parquet", tmp_path):
        with pytest.raises(TableError, match=f"{path}: no such file"):
            Rows(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    for name in ("rows.xlsx", "rows", "rows.gz"):
        (tmp_path / name).write_text("x")
        with pytest.raises(TableError, match=rf"end in one of \.parquet, \.csv, \.tsv.*'{name}'"):
            Rows(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.parquet", b""),
        ("rows.parquet", b"PAR1 and nothing more than that"),
        ("rows.csv.gz", b"a,b\n1,2\n"),
        ("rows.csv", b"a,b\n\xff\xfe,1\n"),
    ],
)
def test_a_damaged_file_is_named(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=f"{name}[:,] "):
        Rows(tmp_path / name)


def test_a_column_without_a_name_is_refused(tmp_path):
    pq.write_table(pa.table({"": [1], "b": [2]}), tmp_path / "rows.parquet")
    with pytest.raises(TableError, match=r"rows\.parquet: column 1 has no name"):
        Rows(tmp_path / "rows.parquet")
