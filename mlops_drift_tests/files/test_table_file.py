"""A file is what it holds, whatever it is called."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.files.error import TableError
from mlops_drift.files.table_file import open_file

WRITERS = {
    "rows.csv": b"city,n\nhamburg,1\n",
    "rows.jsonl": b'{"city": "hamburg", "n": 1}\n',
    "rows.json": b'[{"city": "hamburg", "n": 1}]',
}


@pytest.mark.parametrize("folder", ["city=berlin", "day=2024-01-01", "a[1]*?b", "ü '\" %20"])
@pytest.mark.parametrize("name", [*WRITERS, "rows.parquet", "[ab]*.csv", "x.CSV.GZ"])
def test_names_of_folders_and_files_add_nothing(folder, name, tmp_path):
    place = tmp_path / folder
    place.mkdir()
    path = place / name
    if name == "rows.parquet":
        pq.write_table(pa.table({"city": ["hamburg"], "n": ["1"]}), path)
    elif name == "x.CSV.GZ":
        path.write_bytes(gzip.compress(WRITERS["rows.csv"]))
    else:
        path.write_bytes(WRITERS.get(name, WRITERS["rows.csv"]))
    assert open_file(path).read().to_pydict() == {"city": ["hamburg"], "n": ["1"]}


def test_views_of_parquet_are_read_as_texts_and_bytes(tmp_path):
    rows = pa.table(
        {
            "text": pa.array(["a", None, "a text of more than twelve bytes"], pa.string_view()),
            "bytes": pa.array([b"a", None, b"b"], pa.binary_view()),
        }
    )
    pq.write_table(rows, tmp_path / "rows.parquet")
    read = open_file(tmp_path / "rows.parquet").read()
    assert read.schema.types == [pa.large_string(), pa.large_binary()]
    assert read.take([2, 0]).to_pylist() == [rows.to_pylist()[2], rows.to_pylist()[0]]


def test_parquet_keeps_its_types(tmp_path):
    rows = pa.table(
        {
            "zoned": pa.array([datetime(2024, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            "nano": pa.array([1], pa.timestamp("ns")),
            "decimal": pa.array([Decimal("1.10")], pa.decimal128(38, 2)),
            "wide": pa.array([Decimal("1.10")], pa.decimal256(76, 2)),
            "half": pa.array([np.float16(1.5)], pa.float16()),
            "dictionary": pa.array(["x"]).dictionary_encode(),
            "unsigned": pa.array([2**64 - 1], pa.uint64()),
            "duration": pa.array([1], pa.duration("s")),
            "list": pa.array([[1, 2]]),
            "a.b": [1],
            "a": [2],
        }
    )
    pq.write_table(rows, tmp_path / "rows.parquet")
    file = open_file(tmp_path / "rows.parquet")
    assert file.schema == rows.schema
    assert (file.count, file.texts, file.delimiter) == (1, None, None)
    assert file.read() == rows
    assert file.read(["wide", "a"]) == rows.select(["wide", "a"])


@pytest.mark.parametrize("names", [["a", "a"], ["Day", "day"], ["", "a"], [" "]])
def test_columns_of_parquet_that_cannot_be_told_apart_are_refused(names, tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table([pa.array([1])] * len(names), names=names), path)
    with pytest.raises(
        TableError, match=r"rows\.parquet: (there is more than|column 1 has no name)"
    ):
        open_file(path)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("rows.parquet", lambda whole: b"", "the file is empty"),
        ("rows.parquet", lambda whole: whole[:-20], "the Parquet file is cut off"),
        ("rows.parquet", lambda whole: whole[:100], "the Parquet file is cut off"),
        ("rows.parquet", lambda whole: b"a,b\n1,2\n", "is no Parquet file"),
        ("rows.parquet", lambda whole: b"PAR1" + b"x" * 90 + b"PAR1", "file is damaged"),
        ("rows.csv", lambda whole: whole, "is a Parquet file"),
        ("rows.json", lambda whole: whole, "is a Parquet file"),
        ("rows.csv.gz", lambda whole: gzip.compress(b"a,b\n" * 99)[:-9], "is cut off"),
        ("rows.json.gz", lambda whole: b"[]", "is not compressed with gzip"),
        ("rows.csv.gz", lambda whole: gzip.compress(whole), "is a Parquet file"),
        ("rows.txt", lambda whole: whole, r"must end in one of .* found 'rows\.txt'"),
        ("rows.parquet.gz", lambda whole: whole, "must end in one of"),
    ],
)
def test_what_does_not_hold_what_its_name_says_is_refused(name, change, said, tmp_path):
    pq.write_table(pa.table({"a": range(100)}), tmp_path / "whole")
    (tmp_path / name).write_bytes(change((tmp_path / "whole").read_bytes()))
    with pytest.raises(TableError, match=said):
        open_file(tmp_path / name)


def test_damage_within_parquet_is_named_when_its_rows_are_read(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": np.random.default_rng(0).random(1000)}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 200 + whole[204:])
    with pytest.raises(TableError, match="the Parquet file is damaged"):
        open_file(path).read()


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_missing_file_and_a_folder_are_named(name, tmp_path):
    with pytest.raises(TableError, match="no such file"):
        open_file(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(TableError, match="no such file"):
        open_file(tmp_path / name)
