"""The text of a definition: broken YAML, encodings, values that YAML reads as something else."""

import re

import pytest

from mlops_drift.config.loading import ModelDefinitionError, find_model, load_models
from mlops_drift_tests.config.definition_files import (
    DERIVING,
    GOOD,
    MADE,
    complaint,
    line_of,
    write,
)


@pytest.mark.parametrize(
    ("found", "put", "line"),
    [("columns:\n", "columns: [\n", "columns: ["), ("  key: id", "\tkey: id", "key: id")],
)
def test_broken_yaml_is_reported_with_file_and_line(folder, found, put, line):
    text = GOOD.replace(found, put)
    file = write(folder, text)
    said = complaint()
    assert str(file) in said
    assert f"line {line_of(text, line)}" in said


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_is_reported(folder, text):
    file = write(folder, text)
    assert re.match(rf"{file}\b.*(empty|type)", complaint(), re.DOTALL)


def test_a_field_that_is_given_twice_is_reported_with_its_line(folder):
    file = write(folder, GOOD + "  name: other\n")
    with pytest.raises(ModelDefinitionError, match="name is given twice") as caught:
        load_models()
    assert str(file) in str(caught.value)
    assert f"line {len(GOOD.splitlines()) + 1}," in str(caught.value)


def test_a_file_that_is_no_text_is_reported(folder):
    file = write(folder, b"\xff\xfe\x00")
    assert complaint().startswith(f"{file}: ")


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        f"---\n{GOOD}...\n".encode(),
        GOOD.replace("Whether a is positive.", "Größer als 0?").encode(),
    ],
    ids=["byte-order mark", "Windows", "with marks", "accents"],
)
def test_a_file_is_read_however_an_editor_saves_it(folder, text):
    write(folder, text)
    assert find_model("tiny").spec.key == "id"


def test_a_file_in_another_encoding_is_named_with_its_line(folder):
    text = GOOD.replace("Whether a is positive.", "Größer als 0").encode("cp1252")
    file = write(folder, text)
    line = line_of(GOOD, "description: Whether a is positive.")
    assert complaint() == (
        f"{file}, line {line}: the byte 0xF6 is not UTF-8; save the file as UTF-8"
    )
    write(folder, DERIVING)
    sql = write(folder, MADE.encode() + b"\n-- \xfc", "tiny/features.sql")
    assert f"{sql}, line 2: the byte 0xFC is not UTF-8" in complaint()


@pytest.mark.parametrize("text", ["- a\n- b\n", "hello\n"])
def test_a_file_without_fields_is_reported_with_its_line(folder, text):
    file = write(folder, text)
    assert complaint().startswith(f"{file}: line 1, column 1: fields are expected here")


# What is not read as it is written.
RETYPED = {
    "class": ("    - 'no'\n", "    - no\n", "no", "false"),
    "key": ("  key: id\n", "  key: on\n", "on", "true"),
    "column": ("    b:\n", "    0x1F:\n", "0x1F", "31"),
    "trusted column": ("    - a\n", "    - 012\n", "012", "10"),
    "file": ("path: events.csv", "path: 12:30", "12:30", "750"),
}


@pytest.mark.parametrize("what", RETYPED)
def test_what_is_not_read_as_it_is_written_is_reported_with_its_line(folder, what):
    found, put, written, read = RETYPED[what]
    text = GOOD.replace(found, put)
    assert text != GOOD
    file = write(folder, text)
    line = text[: text.index(put)].count("\n") + 1
    told = complaint()
    assert told.startswith(f"{file}: line {line}, column ")
    assert told.endswith(f'YAML reads {written} as {read}; put it in quotes: "{written}"')


def test_columns_and_classes_may_be_called_by_plain_numbers(folder):
    text = GOOD.replace("    b:\n", "    2024:\n").replace("    - a\n", "    - 2024\n")
    text = text.replace("'no'", "0").replace("'yes'", "1")
    write(folder, text)
    spec = find_model("tiny").spec
    assert list(spec.columns) == ["a", "2024", "c"]
    assert spec.gates.trusted_columns == ["2024"]
    assert spec.target.classes == ["0", "1"]
    assert spec.target.positive == "1"


def test_every_retyped_value_of_a_file_is_reported_at_once(folder):
    write(folder, GOOD.replace("'no'", "no").replace("'yes'", "yes"))
    assert [line.partition("YAML ")[2] for line in complaint().splitlines()] == [
        'reads no as false; put it in quotes: "no"',
        *2 * ['reads yes as true; put it in quotes: "yes"'],
    ]
