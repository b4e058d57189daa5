"""Every cell as it is written; what is no table is named with its line."""

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_drift.files.error import TableError
from mlops_drift.files.table_file import open_file

HEADER = "id,day,a\n"


def read(folder, content, name="rows.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_file(path)


def cells(folder, content, name="rows.csv"):
    return read(folder, content, name).read().to_pydict()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        ("a,b\n1,2", {"a": ["1"], "b": ["2"]}),
        ("a,b\n", {"a": [], "b": []}),
        ("a,b", {"a": [], "b": []}),
        # Line ends.
        ("a,b\r\n1,2\r\n", {"a": ["1"], "b": ["2"]}),
        ("a,b\r1,2\r3,4\r", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("a,b\r\n1,2\r3,4\n5,6", {"a": ["1", "3", "5"], "b": ["2", "4", "6"]}),
        ("a,b\r\r\n1,2\r\r\n", {"a": ["1"], "b": ["2"]}),
        # Marks and blank lines.
        ("\ufeffa,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        ('\ufeff"a";"b"\n1;2\n', {"a": ["1"], "b": ["2"]}),
        ("\n\r\na,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        ("a,b\n\n1,2\n\n\n3,4\n\n\n", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("a,b\n\n\n", {"a": [], "b": []}),
        ("x\n1\n\n3\n", {"x": ["1", None, "3"]}),
        ("x\n\n\n", {"x": [None, None]}),
        # The delimiter in a line of its own.
        ("sep=;\na;b\n1,5;2\n", {"a": ["1,5"], "b": ["2"]}),
        ('\ufeff"sep=,"\r\n\r\na,b\r\n1;5,2\r\n', {"a": ["1;5"], "b": ["2"]}),
        ("SEP=\t\na;c\tb\n1\t2\n", {"a;c": ["1"], "b": ["2"]}),
        ("sep=x\n1\n", {"sep=x": ["1"]}),
        # Quotes.
        ('a,b\n"1,5","x ""y"" z"\n', {"a": ["1,5"], "b": ['x "y" z']}),
        ('a,b\n1,"x\ny\r\nz"\n2,w\n', {"a": ["1", "2"], "b": ["x\ny\r\nz", "w"]}),
        ('a,b\n5" pipe,2"\n1,"q,q"\n', {"a": ['5" pipe', "1"], "b": ['2"', "q,q"]}),
        ('"a\nb";c\n1;2\n', {"a\nb": ["1"], "c": ["2"]}),
        # Only what is empty is null.
        ('a,b\n"",NA\nnull, \n,""\n', {"a": [None, "null", None], "b": ["NA", " ", None]}),
        ("a,b\n007,1.10\n1e5,2\n", {"a": ["007", "1e5"], "b": ["1.10", "2"]}),
        ("id\n12345678901234567890\n", {"id": ["12345678901234567890"]}),
        # Names.
        ("self, b ,index\n1,2,3\n", {"self": ["1"], " b ": ["2"], "index": ["3"]}),
        ('"a ""b""",😀\n1,2\n', {'a "b"': ["1"], "😀": ["2"]}),
        ("# id,b\n# 1,2\n", {"# id": ["# 1"], "b": ["2"]}),
        ("a\x0bb,c\n1\x0c,2\u2028\n", {"a\x0bb": ["1\x0c"], "c": ["2\u2028"]}),
    ],
)
def test_cells_are_as_written(content, expected, tmp_path):
    assert cells(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ", line 1: the file is empty; its first line must name the columns"),
        ("\n\r\n", ", line 1: the file is empty"),
        (
            HEADER + "1,2,3\n" * 199 + "200,2",
            ", line 201: 2 values where .* '200, 2'; the file is cut",
        ),
        (HEADER + "1,2,3\n1,2\n1,2,3\n", ", line 3: 2 values where .*; every row needs all"),
        (HEADER + "1,2,3\n\n1,2,3,4\n1,2,3\n", ", line 4: 4 values where .*in double quotes"),
        (HEADER + '1,"2\n2",3\n1,2,3,4\n', ", line 4: 4 values"),
        (HEADER + "1,2,3\n   \n", ", line 3: 1 value where"),
        (HEADER + "1,2,3\n\x1a", ", line 3: the file ends in Ctrl-Z"),
        (HEADER + "1,2,3\x1a\r\n", ", line 2: the file ends in Ctrl-Z"),
        (HEADER + "1,2\0,3\n", ", line 2: there is a NUL byte"),
        ((HEADER + "1,2,é\n").encode("latin-1"), ", line 2: the byte 0xE9 is not UTF-8"),
        ("id,é\n".encode("latin-1"), ", line 1: the byte 0xE9 is not UTF-8"),
        (HEADER.encode("utf-16"), ": is UTF-16; save it as UTF-8"),
        (HEADER.encode("utf-16-le"), ", line 1: there is a NUL byte"),
        (HEADER + '1,2,"open\n4,5,6\n', ", line 2: a quote is opened here and never closed"),
        (HEADER + "1,2,3\n" + '1,2,"x', ", line 3: a quote is opened here and never closed"),
        ('"id,day\n1,2\n', ", line 1: a quote is opened here and never closed"),
        (HEADER + '1,2,"say "hi" there"\n', ", line 2: a value goes on after its closing quote"),
        (HEADER + '1,2,"x,"y",z"\n', ", line 2: a value goes on after its closing quote"),
        ("a,b,b\n1,2,3\n", ", line 1: there is more than one column 'b'; names must differ"),
        ("\nday,Day\n1,2\n", r", line 2: .* column 'Day' \(the other is 'day'\)"),
        ("a,,b\n1,2,3\n", ", line 1: column 2 has no name"),
        ("a,b,\n1,2,\n", ", line 1: column 3 has no name"),
        (b"PAR1...PAR1", ": is a Parquet file; name it .parquet"),
        (b"PK\x03\x04", ": is a zip archive, as .xlsx is"),
        (b"\x1f\x8b\x08", r": is compressed with gzip; add \.gz to its name"),
        ('[{"a": 1}]', r", line 1: this is JSON; name the file \.json"),
    ],
)
def test_what_is_no_table_is_named_with_its_line(content, said, tmp_path):
    with pytest.raises(TableError, match=rf"rows\.csv{said}"):
        read(tmp_path, content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_what_divides_the_rows(delimiter, tmp_path):
    rows = f"id{delimiter}name{delimiter}size\n" + f"1{delimiter}2{delimiter}3\n" * 3
    assert read(tmp_path, rows).delimiter == delimiter


@pytest.mark.parametrize(
    "content",
    [
        'price|usd,qty|kg,"a;b;c;d"\n1,2,3\n3,4,5\n',
        # One ragged row does not let another delimiter win.
        "id,day,name;alias\n" + "1,2,x;y\n" * 5,
        "id,day,name;alias\n" + "1,2,x;y\n" * 5 + "3;1\n",
        "id,day\n" + "1,2\n" * 200,
    ],
)
def test_other_signs_are_no_delimiter(content, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    if "3;1" in content:
        with pytest.raises(TableError, match="line 7: 1 value where the header has 3 names"):
            open_file(path)
    else:
        assert open_file(path).delimiter == ","


def test_a_tsv_is_divided_by_tabs_whatever_else_it_holds(tmp_path):
    assert cells(tmp_path, "a,b\tc\n1,2\t3\n", "rows.tsv") == {"a,b": ["1,2"], "c": ["3"]}


def test_a_row_may_be_longer_than_what_is_read_at_once(tmp_path):
    long = "x" * 3_000_000
    assert cells(tmp_path, f'a,b\n1,"{long}"\n2,y\n') == {"a": ["1", "2"], "b": [long, "y"]}


random_files = settings(
    derandomize=True,
    max_examples=75,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
texts = st.text(st.sampled_from('a1 ,;"\r\n\t|é😀'), max_size=6)


@random_files
@given(
    rows=st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=5),
    # The writer leaves \r out of quotes where lines end in \n.
    form=st.sampled_from(
        [("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)]
    ),
)
def test_what_a_writer_wrote_is_read(rows, form, tmp_path):
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=form[0], quoting=form[1])
    writer.writerows([["a", "b", "c"], *rows])
    found = read(tmp_path, written.getvalue()).read()
    wanted = [[cell or None for cell in row] for row in rows]
    assert [list(row.values()) for row in found.to_pylist()] == wanted


@random_files
@given(body=st.text(st.sampled_from('1,"\r\n'), max_size=12))
def test_rows_are_those_of_a_strict_reader_or_refused(body, tmp_path):
    try:
        lines = io.StringIO("a,b\n" + body, newline="")
        wanted = [row for row in csv.reader(lines, strict=True) if row]
    except csv.Error:
        wanted = []
    if wanted and all(len(row) == 2 for row in wanted):
        found = read(tmp_path, "a,b\n" + body).read()
        assert [list(row.values()) for row in found.to_pylist()] == [
            [cell or None for cell in row] for row in wanted[1:]
        ]
    else:
        with pytest.raises(TableError, match=r"line [0-9]+: "):
            read(tmp_path, "a,b\n" + body)


def test_all_cells_are_texts(tmp_path):
    file = read(tmp_path, "a,b\n1,\n")
    assert file.schema == pa.schema([("a", pa.string()), ("b", pa.string())])
    assert (file.count, file.texts) == (1, file.read())
