"""Rows of CSV and JSON files: what divides them, which type each column has, what is missing."""

import gzip

import numpy as np
import pytest

from mlops_drift.compare.chunks import groups
from mlops_drift.drift.rows import ColumnError, Rows
from mlops_drift.files.error import TableError


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
        ("+inf", "DOUBLE", np.inf),
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
    np.testing.assert_allclose(rows.numbers("x"), [number, np.nan, number], rtol=0, atol=1e-9)


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
    np.testing.assert_array_equal(Rows(tmp_path / "rows.csv").numbers("x"), [1.0, np.nan, 3.0])


def test_a_csv_without_rows_still_has_its_columns(tmp_path):
    (tmp_path / "rows.csv").write_text("x,y\n")
    rows = Rows(tmp_path / "rows.csv")
    assert (rows.columns, rows.count) == (["x", "y"], 0)
    assert rows.numbers("x").size == 0


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
