import datetime as dt
import gzip
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.compare.chunks import encoded, groups
from mlops_drift.drift.rows import ColumnError, Rows
from mlops_drift.files.error import TableError

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


def test_the_time_zone_of_a_connection_does_not_matter():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        moment = connection.sql("SELECT TIMESTAMPTZ '1970-01-03 12:00:00+00' AS x")
        rows = Rows(moment)
        assert rows.numbers("x").tolist() == [2.5]
        assert rows.categories("x") == {"1970-01-03 12:00:00+00": 1}


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


def test_csv_is_typed_by_all_of_its_rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("x,y,z\n" + "1,1,\n" * 30_000 + "1.5,b,n/a\n" + "2,a, \n" * 5_000)
    rows = Rows(path)
    assert rows.kinds == {"x": "numeric", "y": "categorical", "z": "categorical"}
    assert rows.numbers("x").sum() == 40_001.5
    assert rows.categories("y") == {"1": 30_000, "b": 1, "a": 5_000}
    assert np.isnan(rows.numbers("z")).all()


def test_a_text_among_the_numbers_of_a_csv_is_named(tmp_path):
    (tmp_path / "rows.csv").write_text("x\n" + "1.5\n" * 99 + "?\n")
    rows = Rows(tmp_path / "rows.csv")
    assert rows.kinds == {"x": "numeric"}
    with pytest.raises(ColumnError, match=r"holds text such as '\?' in 1 of 100 rows; numbers"):
        rows.numbers("x")
    assert rows.categories("x") == {"1.5": 99, "?": 1}


@pytest.mark.parametrize(
    ("text", "type_", "number"),
    [
        ("7", "BIGINT", 7.0),
        ("-7.25", "DOUBLE", -7.25),
        ("+inf", "DOUBLE", INF),
        ("7,25", "DOUBLE", 7.25),
        ("2024-01-02", "DATE", 19724.0),
        ("2024-01-02T12:00", "TIMESTAMP", 19724.5),
        ("2024-01-02 12:00:00.5", "TIMESTAMP", 19724.5 + 0.5 / 86400),
        ("2024-01-02T14:00:00+02:00", "TIMESTAMPTZ", 19724.5),
        ("2024-01-02 12:00:00Z", "TIMESTAMPTZ", 19724.5),
        ("12:00", "TIME", 0.5),
        ("02.01.2024", "TIMESTAMP", 19724.0),
        ("02/01/2024 06:00", "TIMESTAMP", 19724.25),
        ("01/31/2024", "TIMESTAMP", 19753.0),
    ],
)
def test_a_text_column_is_read_by_what_all_of_its_values_are(text, type_, number, tmp_path):
    (tmp_path / "rows.csv").write_text(f"x;y\n{text};a\n ;b\n {text} ;c\n")
    rows = Rows(tmp_path / "rows.csv")
    assert rows.types["x"] == type_
    np.testing.assert_allclose(rows.numbers("x"), [number, NAN, number], rtol=0, atol=1e-9)


def test_a_comma_divides_no_number_where_it_divides_values(tmp_path):
    (tmp_path / "rows.csv").write_text('x,y\n"1,500",a\n"2,250",b\n')
    rows = Rows(tmp_path / "rows.csv")
    assert rows.kinds == {"x": "numeric", "y": "categorical"}
    with pytest.raises(ColumnError, match=r"text such as '1,500' in 2 of 2 rows"):
        rows.numbers("x")


def rows_of_a_line(folder, texts):
    """A file in which each text is the only value of a column, which is named after it."""
    (folder / "rows.csv").write_text(
        ";".join(f"x {text}" for text in texts) + "\n" + ";".join(texts)
    )
    return Rows(folder / "rows.csv")


def test_numbers_and_days_as_people_write_them_are_no_categories(tmp_path):
    texts = ["10.5%", "$1,200.00", "1.234,56", "30/12/24", "1 000 €", "-$3.50", "12.5 %"]
    rows = rows_of_a_line(tmp_path, texts)
    assert rows.kinds == {f"x {text}": "numeric" for text in texts}
    assert rows.types == {f"x {text}": "VARCHAR" for text in texts}


def test_codes_are_categories(tmp_path):
    texts = ["1.10.3", "12-7-341", "10.0.0.1", "A-12", "12:x", "05 Mar 2024"]
    assert rows_of_a_line(tmp_path, texts).kinds == {f"x {text}": "categorical" for text in texts}


def test_a_byte_order_mark_before_a_quoted_header_is_no_part_of_it(tmp_path):
    (tmp_path / "rows.csv").write_text('"x";"y"\n1;2\n', encoding="utf-8-sig")
    assert Rows(tmp_path / "rows.csv").types == {"x": "BIGINT", "y": "BIGINT"}


def test_values_beyond_the_first_rows_decide_too(tmp_path):
    (tmp_path / "rows.csv").write_text(
        "a;b;c\n" + "1;2024-01-02;1,5\n" * 1_500 + "x;soon;2,5\n" + ";;?\n"
    )
    rows = Rows(tmp_path / "rows.csv")
    assert rows.types == dict.fromkeys("abc", "VARCHAR")
    assert rows.kinds == dict.fromkeys("abc", "numeric")
    said_of = {
        "a": "'x' in 1 of 1,501 rows",
        "b": "'soon' in 1 of 1,501 rows",
        "c": r"'\?' in 1 of 1,502 rows",
    }
    for name, said in said_of.items():
        with pytest.raises(ColumnError, match=said):
            rows.numbers(name)


def test_a_header_may_hold_other_delimiters_and_lines(tmp_path):
    (tmp_path / "pipes.csv").write_text("price|usd,qty|kg\n1,2\n3,4\n")
    assert Rows(tmp_path / "pipes.csv").columns == ["price|usd", "qty|kg"]
    (tmp_path / "lines.csv").write_text('"a\nb";c\n1;2\n')
    assert Rows(tmp_path / "lines.csv").columns == ["a\nb", "c"]


def test_a_column_without_a_name_is_refused(tmp_path):
    pq.write_table(pa.table({"": [1], "b": [2]}), tmp_path / "rows.parquet")
    with pytest.raises(TableError, match=r"rows\.parquet: column 1 has no name"):
        Rows(tmp_path / "rows.parquet")


@pytest.mark.parametrize("row", ["1,2,3,4", "1", '"1,2'])
def test_a_ragged_row_is_refused_and_hides_no_others(row, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,2\n" * 50 + f"{row}\n")
    with pytest.raises(TableError, match=r"rows\.csv, line 52: "):
        Rows(tmp_path / "rows.csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_says_what_divides_the_values(delimiter, tmp_path):
    (tmp_path / "rows.csv").write_text(
        f'a{delimiter}"b, ; and | c"\n' + f'1{delimiter}"x, y; z | w"\n'
    )
    rows = Rows(tmp_path / "rows.csv")
    assert rows.columns == ["a", "b, ; and | c"]
    assert rows.categories("b, ; and | c") == {"x, y; z | w": 1}


def test_a_csv_of_one_column_is_read(tmp_path):
    (tmp_path / "rows.csv").write_text("x\n1\n\n3\n")
    np.testing.assert_array_equal(Rows(tmp_path / "rows.csv").numbers("x"), [1.0, NAN, 3.0])


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


def test_a_csv_without_rows_still_has_its_columns(tmp_path):
    (tmp_path / "rows.csv").write_text("x,y\n")
    rows = Rows(tmp_path / "rows.csv")
    assert (rows.columns, rows.count) == (["x", "y"], 0)
    assert rows.numbers("x").size == 0


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


MISSING = ["NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "None", "NaN", "nan", "-nan", " NA "]


def test_words_for_a_missing_value_are_null_among_numbers_dates_and_truths(tmp_path):
    path = tmp_path / "gaps.csv"
    gaps = "".join(f"{word};{word};{word};{word}\n" for word in MISSING)
    path.write_text(f"a;b;c;d\n1;2024-01-02;true;1,5\n{gaps};;;\n")
    rows = Rows(path)
    assert rows.types == {"a": "BIGINT", "b": "DATE", "c": "BOOLEAN", "d": "DOUBLE"}
    for name, value in {"a": "1", "b": "2024-01-02", "c": "true", "d": "1.5"}.items():
        assert rows.categories(name) == {value: 1, None: len(MISSING) + 1}
        assert np.isnan(rows.numbers(name)[1:]).all()


def test_the_same_words_are_texts_among_texts(tmp_path):
    words = MISSING[:-1]
    lines = "".join(f"{word},y\n" for word in words)
    (tmp_path / "codes.csv").write_text(f"a,b\nEU,x\n{lines},z\n")
    expected = {**dict.fromkeys(["EU", *words], 1), None: 1}
    assert Rows(tmp_path / "codes.csv").categories("a") == expected


def test_a_word_for_a_missing_value_is_none_of_the_texts_among_numbers(tmp_path):
    (tmp_path / "rows.csv").write_text("x\n" + "1.5\n" * 99 + "?\nNA\nnan\n")
    with pytest.raises(ColumnError, match=r"text such as '\?' in 1 of 100 rows"):
        Rows(tmp_path / "rows.csv").numbers("x")


@pytest.mark.parametrize("text", ["70_1", "0x1F", "0b11", "1_000"])
def test_what_is_a_number_to_the_engine_only_is_a_category(text, tmp_path):
    (tmp_path / "rows.csv").write_text(f"x,y\n{text},1\n7,1\n")
    rows = Rows(tmp_path / "rows.csv")
    assert rows.kinds["x"] == "categorical"
    assert rows.categories("x") == {text: 1, "7": 1}


def test_numbers_of_a_text_file_are_exact_categories(tmp_path):
    ids = ["12345678901234567890", "12345678901234567891"]
    same = ["1", "1.0", "+1.00", "001", "1e0"]
    texts = [*ids, "12345678901234567890.0", *same, "0.1", ".10", "-5e-1", "NA"]
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{text},1\n" for text in texts))
    rows = Rows(tmp_path / "rows.csv")
    assert rows.types["x"] == "DOUBLE"
    counted = {ids[0]: 2, ids[1]: 1, "1": 5, "0.1": 2, "-0.5": 1, None: 1}
    assert rows.categories("x") == counted
    assert groups(rows, "x")[0] == ["-0.5", "0.1", "1", *ids, None]


@pytest.mark.parametrize("ending", ["json", "jsonl", "jsonl.gz"])
def test_json_is_read_as_csv_is(ending, tmp_path):
    records = b'{"a": 12345678901234567890, "b": "x"}\n{"a": 1.0, "b": "NA"}\n{"a": NaN}\n'
    path = tmp_path / f"rows.{ending}"
    path.write_bytes(gzip.compress(records) if ending.endswith("gz") else records)
    rows = Rows(path)
    assert rows.kinds == {"a": "numeric", "b": "categorical"}
    assert rows.categories("a") == {"12345678901234567890": 1, "1": 1, None: 1}
    assert rows.categories("b") == {"x": 1, "NA": 1, None: 1}
