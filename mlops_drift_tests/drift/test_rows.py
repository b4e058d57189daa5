"""Rows of tables and files: their values as numbers, as texts and as groups."""

import datetime as dt
import gzip
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.compare.chunks import encoded, groups
from mlops_drift.drift.rows import Rows

NAN, INF = np.nan, np.inf

TABLE = pa.table(
    {
        "age": pa.array([31, None, 45, 27, 31], pa.int64()),
        "miles": pa.array([1.5, -2.25, None, 1e300, 0.1], pa.float64()),
        "plan": pa.array(["a", "it's", None, 'say "b"', "é, ü"], pa.string()),
        "paid": pa.array([True, False, None, True, True]),
        "since": pa.array([dt.date(2024, 1, 1 + i) for i in range(5)]),
    }
)


def as_csv(folder, name, delimiter=","):
    path = folder / name
    duckdb.from_arrow(TABLE).write_csv(str(path), sep=delimiter, header=True)
    return path


def arrow(folder):
    return TABLE


def several_chunks(folder):
    return pa.concat_tables([TABLE.slice(0, 2), TABLE.slice(2, 0), TABLE.slice(2)])


def relation(folder):
    return duckdb.from_arrow(TABLE)


def parquet(folder):
    pq.write_table(TABLE, folder / "rows.parquet", row_group_size=2)
    return folder / "rows.parquet"


def parquet_as_text(folder):
    return str(parquet(folder))


def csv(folder):
    return as_csv(folder, "rows.csv")


def tsv(folder):
    return as_csv(folder, "rows.tsv", "\t")


def csv_gz(folder):
    path = folder / "rows.csv.gz"
    path.write_bytes(gzip.compress(csv(folder).read_bytes()))
    return path


def capitals(folder):
    return csv(folder).rename(folder / "ROWS.CSV")


def glob_characters(folder):
    strange = folder / "[a] *? it's {path}"
    strange.mkdir()
    return parquet(strange)


def partition_folder(folder):
    partition = folder / "age=7"
    partition.mkdir()
    return parquet(partition)


def csv_in_partition_folder(folder):
    partition = folder / "year=2024"
    partition.mkdir()
    return csv(partition)


@pytest.mark.parametrize(
    "source",
    [
        arrow,
        several_chunks,
        relation,
        parquet,
        parquet_as_text,
        csv,
        tsv,
        csv_gz,
        capitals,
        glob_characters,
        partition_folder,
        csv_in_partition_folder,
    ],
    ids=lambda make: make.__name__,
)
def test_every_source_reads_the_same(source, tmp_path):
    rows = Rows.of(source(tmp_path))
    assert (rows.count, rows.columns) == (5, TABLE.column_names)
    assert rows.kinds == {
        "age": "numeric",
        "miles": "numeric",
        "plan": "categorical",
        "paid": "categorical",
        "since": "numeric",
    }
    assert rows.numbers("age").tolist() == pytest.approx([31, NAN, 45, 27, 31], nan_ok=True)
    assert rows.numbers("miles").tolist() == pytest.approx(
        [1.5, -2.25, NAN, 1e300, 0.1], rel=0, abs=0, nan_ok=True
    )
    assert rows.numbers("since").tolist() == [19723.0 + i for i in range(5)]
    assert rows.numbers("paid").tolist() == pytest.approx([1, 0, NAN, 1, 1], nan_ok=True)
    assert rows.categories("plan") == {"a": 1, "it's": 1, None: 1, 'say "b"': 1, "é, ü": 1}
    assert rows.categories("paid") == {"true": 3, "false": 1, None: 1}
    assert rows.categories("age") == {"31": 2, "45": 1, "27": 1, None: 1}
    assert rows.table({"age": "numeric", "paid": "categorical"}).to_pydict() == {
        "age": [31.0, None, 45.0, 27.0, 31.0],
        "paid": ["true", "false", None, "true", "true"],
    }


DAY = dt.date(1970, 1, 3)
NOON = dt.datetime(1970, 1, 3, 12)
EAST = dt.timezone(dt.timedelta(hours=2))
FORMS = {
    "unsigned": (pa.array([2**64 - 1, 2**63], pa.uint64()), [2.0**64, 2.0**63]),
    "int8": (pa.array([-128, 127], pa.int8()), [-128.0, 127.0]),
    "past 2**53": (pa.array([2**53 + 1, -(2**62) - 1]), [2.0**53, -(2.0**62)]),
    "half": (pa.array(np.array([1.5, NAN], np.float16)), [1.5, NAN]),
    "single": (pa.array([0.1, None], pa.float32()), [float(np.float32(0.1)), NAN]),
    "double": (pa.array([INF, -INF, NAN, -0.0, 5e-324, 1.7976931348623157e308]), None),
    "decimal": (pa.array([Decimal("1.10"), Decimal("-0.07")]), [1.1, -0.07]),
    "decimal256": (pa.array([Decimal("1.10")], pa.decimal256(60, 2)), [1.1]),
    "date": (pa.array([DAY, None]), [2.0, NAN]),
    "date64": (pa.array([DAY], pa.date64()), [2.0]),
    "seconds": (pa.array([NOON], pa.timestamp("s")), [2.5]),
    "milliseconds": (pa.array([NOON], pa.timestamp("ms")), [2.5]),
    "microseconds": (pa.array([NOON], pa.timestamp("us")), [2.5]),
    "nanoseconds": (pa.array([NOON], pa.timestamp("ns")), [2.5]),
    "zoned": (
        pa.array([dt.datetime(1970, 1, 3, 14, tzinfo=EAST)], pa.timestamp("us", "Europe/Oslo")),
        [2.5],
    ),
    "zoned nanoseconds": (pa.array([NOON], pa.timestamp("ns", "Europe/Oslo")), [2.5]),
    "clock": (pa.array([dt.time(6), None]), [0.25, NAN]),
    "clock of seconds": (pa.array([dt.time(6)], pa.time32("s")), [0.25]),
    "boolean": (pa.array([True, False, None]), [1.0, 0.0, NAN]),
    "dictionary of numbers": (pa.array([7, 9, 7]).dictionary_encode(), [7.0, 9.0, 7.0]),
    "no type": (pa.array([None, None]), [NAN, NAN]),
    "text without any value": (pa.array([None, None], pa.string()), [NAN, NAN]),
}


@pytest.mark.parametrize(("values", "expected"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("form", [arrow, parquet], ids=lambda make: make.__name__)
def test_numbers_of_every_type_are_doubles(form, values, expected, tmp_path):
    table = pa.table({"x": values})
    if form is parquet:
        pq.write_table(table, tmp_path / "rows.parquet")
    found = Rows(table if form is arrow else tmp_path / "rows.parquet").numbers("x")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, values.to_pylist() if expected is None else expected)


def test_durations_are_days():
    for unit in ("s", "ms", "us", "ns"):
        values = pa.array([dt.timedelta(hours=6), None], pa.duration(unit))
        found = Rows(pa.table({"x": values})).numbers("x")
        np.testing.assert_array_equal(found, [0.25, NAN])


TEXTS = {
    "strings": (pa.array(["a", "", None]), ["a", "", None]),
    "large strings": (pa.array(["a", None], pa.large_string()), ["a", None]),
    "string views": (pa.array(["a", None], pa.string_view()), ["a", None]),
    "dictionary": (pa.array(["a", None, "b"]).dictionary_encode(), ["a", None, "b"]),
    "whole numbers": (pa.array([1, None]), ["1", None]),
    "floats": (
        pa.array([1.0, 1.5, -0.0, NAN, INF, 1e16]),
        ["1", "1.5", "0", None, "inf", str(10**16)],
    ),
    "large floats": (pa.array([-1e22, 1e300, 1e-5]), ["-1" + "0" * 22, "1e+300", "1e-05"]),
    "singles": (pa.array([0.1, 1e10], pa.float32()), ["0.1", "10000000000"]),
    "decimals": (pa.array([Decimal("1.00"), Decimal("1.50")]), ["1", "1.5"]),
    "long decimals": (
        pa.array([Decimal("12345678901234567890.00"), Decimal("-0.12345678901234567890")]),
        ["12345678901234567890", "-0.1234567890123456789"],
    ),
    "decimals of 256 bits": (
        pa.array([Decimal(10**40), Decimal("0.50")], pa.decimal256(60, 2)),
        ["1" + "0" * 40, "0.5"],
    ),
    "unsigned numbers": (pa.array([2**64 - 1], pa.uint64()), [str(2**64 - 1)]),
    "infinite dates": (
        pa.array([2**31 - 1, -(2**31) + 1], pa.int32()).cast(pa.date32()),
        ["infinity", "-infinity"],
    ),
    "dates beyond 9999": (
        pa.array([5_000_000, -1_000_000], pa.int32()).cast(pa.date32()),
        ["15659-07-15", "0769-02-04 (BC)"],
    ),
    "booleans": (pa.array([True, None]), ["true", None]),
    "dates": (pa.array([DAY]), ["1970-01-03"]),
    "no type": (pa.array([None]), [None]),
    "zero bytes": (pa.array(["a\0b"]), ["a\0b"]),
}


@pytest.mark.parametrize(("values", "expected"), TEXTS.values(), ids=TEXTS)
def test_categories_of_every_type_are_text(values, expected):
    rows = Rows(pa.table({"x": values}))
    assert rows.categories("x") == {text: expected.count(text) for text in expected}
    categories, numbers = encoded(rows, "x")
    assert [categories[number] for number in numbers] == expected
    assert categories[-1] is None
    assert categories.count(None) == 1


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1::HUGEINT AS x", [1.0]),
        ("SELECT 1e20::UHUGEINT AS x", [1e20]),
        ("SELECT 1.25::DECIMAL(30, 2) AS x", [1.25]),
        ("SELECT INTERVAL 6 HOURS AS x", [0.25]),
        ("SELECT TIMESTAMPTZ '1970-01-03 12:00:00+00' AS x", [2.5]),
        ("SELECT NULL AS x", [NAN]),
    ],
)
def test_types_of_duckdb_are_numbers_too(sql, expected):
    np.testing.assert_array_equal(Rows(duckdb.sql(sql)).numbers("x"), expected)


def test_wide_whole_numbers_are_exact_categories():
    wide = ["12345678901234567890123456789012345678", "12345678901234567890123456789012345679"]
    for kind in ("HUGEINT", "UHUGEINT", "DECIMAL(38, 0)"):
        rows = Rows(duckdb.sql(f'SELECT unnest({wide})::{kind} AS "a ""b""", 1 AS c'))
        assert rows.kinds == {'a "b"': "numeric", "c": "numeric"}
        assert rows.categories('a "b"') == dict.fromkeys(wide, 1)
        assert groups(rows, 'a "b"')[0] == [*wide, None]


def test_an_infinite_date_is_an_infinite_number():
    ends = pa.array([2**31 - 1, -(2**31) + 1, 1, None], pa.int32()).cast(pa.date32())
    np.testing.assert_array_equal(Rows(pa.table({"x": ends})).numbers("x"), [INF, -INF, 1, NAN])


def test_the_time_zone_of_a_connection_does_not_matter():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        moment = connection.sql("SELECT TIMESTAMPTZ '1970-01-03 12:00:00+00' AS x")
        rows = Rows(moment)
        assert rows.numbers("x").tolist() == [2.5]
        assert rows.categories("x") == {"1970-01-03 12:00:00+00": 1}


def test_dates_and_timestamps_are_moments():
    table = pa.table(
        {
            "date": [dt.date(2024, 1, 1)],
            "stamp": pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("ns", "UTC")),
            "clock": [dt.time(6)],
            "duration": [dt.timedelta(hours=6)],
            "number": [1],
        }
    )
    rows = Rows(table)
    assert [name for name in rows.columns if rows.is_moment(name)] == ["date", "stamp"]


def test_groups_are_ascending_and_null_comes_last():
    def grouped(values):
        found, numbers = groups(Rows(pa.table({"x": values})), "x")
        return found, numbers.tolist()

    assert grouped(["b", None, "a", "b"]) == (["a", "b", None], [1, 2, 0, 1])
    assert grouped([10, 9, 10]) == (["9", "10", None], [1, 0, 1])
    assert grouped([2.0, NAN, 1.0, None]) == (["1", "2", None], [1, 2, 0, 2])
    days = [dt.date(2024, 2, 1), dt.date(2024, 1, 31)]
    assert grouped(days) == (["2024-01-31", "2024-02-01", None], [1, 0])
    ids = [Decimal("12345678901234567891"), Decimal("12345678901234567890")]
    assert grouped(ids) == ([*map(str, reversed(ids)), None], [1, 0])
    ends = pa.array([2**31 - 1, 0, 5_000_000], pa.int32()).cast(pa.date32())
    assert grouped(ends) == (["1970-01-01", "15659-07-15", "infinity", None], [2, 0, 1])
    assert grouped(pa.array([None, None])) == ([None], [0, 0])
    assert grouped(pa.array([], pa.int64())) == ([None], [])


STRANGE = 'a "b" \' {rows} c'


def test_names_are_quoted(tmp_path):
    table = pa.table(
        {STRANGE: [2.0, 1.0], "a.b": [3.0, 4.0], "a": [5.0, 6.0], "select": [7.0, 8.0]}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    for rows in (Rows(table), Rows(tmp_path / "t.parquet")):
        for name in table.column_names:
            assert rows.numbers(name).tolist() == table[name].to_pylist()
            wanted = [f"{value:.0f}" for value in sorted(table[name].to_pylist())]
            assert groups(rows, name)[0] == [*wanted, None]
        assert rows.table({STRANGE: "categorical"}).to_pydict() == {STRANGE: ["2", "1"]}
