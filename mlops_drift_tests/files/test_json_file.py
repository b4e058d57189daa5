"""Every value of every record as it is written; what is no JSON is named with its line."""

import gzip
import json

import pytest

from mlops_drift.files.error import TableError
from mlops_drift.files.table_file import open_file


def read(folder, content, name="rows.json"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_file(path).read()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', {"a": ["1", "2"], "b": ["x", "y"]}),
        ('{"a": 1}\n{"a": 2}\n', {"a": ["1", "2"]}),
        ('{"a": 1}\r\n\r\n{"a": 2}', {"a": ["1", "2"]}),
        ('{"a":\n 1}', {"a": ["1"]}),
        ('\ufeff[{"a": 1}]', {"a": ["1"]}),
        ('\n\n{"a": 1}\n', {"a": ["1"]}),
        # A key that is missing, at first or at last, is null; as is what is empty.
        ('{"a": 1}\n{"b": 2, "a": 3}\n{}', {"a": ["1", "3", None], "b": [None, "2", None]}),
        ('{"a": 1}\n{"a": ""}', {"a": ["1", None]}),
        ('{}\n{"a": null}', {"a": [None, None]}),
        # Numbers keep their digits, and the same number is the same text.
        ('{"a": 12345678901234567890}', {"a": ["12345678901234567890"]}),
        ('{"a": 1.10, "b": 1e5, "c": -0.0}', {"a": ["1.1"], "b": ["100000"], "c": ["0"]}),
        ('{"a": 15e-1, "b": 1e15, "c": 2E-7}', {"a": ["1.5"], "b": [str(10**15)], "c": ["2e-07"]}),
        ('{"a": 1e99999999999999999999}', {"a": ["1e99999999999999999999"]}),
        ('{"a": 1e-99999999999999999999}', {"a": ["1e-99999999999999999999"]}),
        ('{"a": 0.12345678901234567890}', {"a": ["0.1234567890123456789"]}),
        ('{"a": NaN, "b": -Infinity}', {"a": [None], "b": ["-Infinity"]}),
        ('{"a": "NaN", "b": "nan"}', {"a": ["NaN"], "b": ["nan"]}),
        ('{"a": true, "b": "NA"}', {"a": ["true"], "b": ["NA"]}),
        ('{"a": [1.10, {"x": "é\\"", "y": null}]}', {"a": ['[1.10, {"x": "é\\"", "y": null}]']}),
        ('{"a": {}, "b": [true, []]}', {"a": ["{}"], "b": ["[true, []]"]}),
        ('{"a": "\\ud83d\\ude00\\t"}', {"a": ["😀\t"]}),
        ('{"self": 1, "a \\"b\\"": 2, "😀": 3}', {"self": ["1"], 'a "b"': ["2"], "😀": ["3"]}),
        # Without records there are no columns.
        ("[\n]\n", {}),
    ],
)
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.ndjson"])
def test_values_are_as_written(content, expected, name, tmp_path):
    assert read(tmp_path, content, name).to_pydict() == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n{"a": 2', ", line 2: .*the file is cut off"),
        ('{"a": 1}\n{"a": "x', ", line 2: .*the file is cut off"),
        ('{"a": 1}\n{"a"', ", line 2: .*the file is cut off"),
        ('[{"a": 1},\n{"a": 2}', ", line 2: .*the file is cut off"),
        ('[{"a": 1},\n{"a": ', ", line 2: .*the file is cut off"),
        ('[{"a": 1},', ", line 1: .*the file is cut off"),
        ("[", ", line 1: .*the file is cut off"),
        ('{"a": 1,\n{"a": 2}\n', ", line 1: this is no JSON: .* in line 2"),
        ('{"a": 1}\n{"a": x}\n{"a": 2}\n', ", line 2: this is no JSON"),
        ('[{"a": 1} {"a": 2}]', ", line 1: this is no JSON: a comma or ] is missing"),
        ('{"a": 1},\n{"a": 2}\n', ", line 1: this is no JSON"),
        ('[{"a": 1}]\n]', ", line 2: this is no JSON: there is more after the array"),
        ("{'a': 1}", ", line 1: this is no JSON"),
        ('{"a": 01}', ", line 1: this is no JSON"),
        ("a,b\n1,2\n", ", line 1: this is no JSON"),
        ("[" * 100_000, ", line 1: .*nested too deeply"),
        ("[1, 2]", ', line 1: this is no record such as {"id": 1}: 1'),
        ('{"a": 1}\n["x"]\n', r", line 2: this is no record"),
        ("{}", ", line 1: the record is empty"),
        ("", r": the file is empty: cut off, or still being written; for no rows write \[\]"),
        ("\ufeff \r\n\t\n", ": the file is empty"),
        ('{"a": 1}\n{"a": 1, "a": 2}', ", line 2: there is more than one column 'a'"),
        ('{"a": 1, "A": 2}', ", line 1: there is more than one column 'A'"),
        ('{"a": 1}\n{"b": 1}\n{"A": 2}', r", line 3: .* column 'A' \(the other is 'a'\)"),
        ('{"": 1}', ", line 1: column 1 has no name"),
        ('{"a": "x"}\n{"a": "\\ud800"}', ", line 2: half of a character"),
        ('{"a": "x"}\n{"a": "é"}'.encode("latin-1"), ", line 2: the byte 0xE9 is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), ": is UTF-16"),
        ('{"a": 1}\n\x1a', ", line 2: the file ends in Ctrl-Z"),
        ('{"a": 1}\n\0', ", line 2: there is a NUL byte"),
    ],
)
def test_what_is_no_json_is_named_with_its_line(content, said, tmp_path):
    with pytest.raises(TableError, match=rf"rows\.json{said}"):
        read(tmp_path, content)


def test_records_beyond_the_first_batch_have_the_same_columns(tmp_path):
    count = 50_001
    lines = [json.dumps({"a": number}) for number in range(count)]
    lines.append('{"b": "x"}')
    found = read(tmp_path, "\n".join(lines), "rows.jsonl")
    assert found.num_rows == count + 1
    assert found["a"].to_pylist() == [*map(str, range(count)), None]
    assert found["b"].null_count == count


def test_a_compressed_file_is_read(tmp_path):
    assert read(tmp_path, gzip.compress(b'{"a": 1}'), "rows.jsonl.gz").to_pydict() == {"a": ["1"]}


# With no time in it, or processes that collect tests at other seconds would name them otherwise.
@pytest.mark.parametrize(
    "content", [b"", gzip.compress(b"", mtime=0), gzip.compress(b"\n", mtime=0)]
)
def test_a_compressed_file_without_text_is_no_table(content, tmp_path):
    with pytest.raises(TableError, match=r"rows\.jsonl\.gz: the file is empty"):
        read(tmp_path, content, "rows.jsonl.gz")
