"""What is written in YAML is what is read, or is refused."""

from datetime import date

import pytest
import yaml
from pydantic import BaseModel

from mlops_drift.config.yaml_values import value_mistakes
from mlops_drift.learning.config import OutcomeValue, Share
from mlops_drift.schema.columns import Column, Target
from mlops_drift.schema.fields import Name, Written


class Described(BaseModel):
    key: Name
    note: str = ""
    note_or_none: str | None = None
    names: list[Name] = []
    value: Written = ""
    columns: dict[Name, Column] = {}
    limits: Share | dict[Name, Share] | None = None
    target: Target
    outcomes: list[OutcomeValue] = []
    count: int = 1
    share: float | None = None
    start: date
    end: date | None = None
    on_or_off: bool = True


def mistakes(text):
    return value_mistakes(yaml.compose(text), Described)


# What a text without quotes is to YAML.
READ = {
    "no": "false",
    "Yes": "true",
    "ON": "true",
    "off": "false",
    "True": "true",
    "null": "nothing",
    "~": "nothing",
    "01067": "567",
    "-010": "-8",
    "0x1F": "31",
    "0b11": "3",
    "12:30": "750",
    "1:30.5": "90.5",
    "1_000": "1000",
    "+5": "5",
    ".5": "0.5",
    "1.10": "1.1",
    "1.0": "1.0",
    "1.5e+3": "1500.0",
    "-.inf": "-inf",
    ".nan": "nan",
}
PLACES = {
    "an item": "names: [{}]",
    "a key": "columns: {{{}: {{type: number}}}}",
    "a column": "key: {}",
    "a class": "target: {{classes: [{}]}}",
    "an allowed value": "columns: {{c: {{allowed: [{}]}}}}",
    "a key of limits": "limits: {{{}: 0.7}}",
    "an outcome": "outcomes: [{{truth: {}}}]",
    "a text": "note: {}",
}


@pytest.mark.parametrize("written", READ)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_read_as_it_is_written_is_refused_where_a_text_is_meant(place, written):
    text = PLACES[place].format(written)
    column = text.rindex(written) + 1
    told = f"line 1, column {column}: YAML reads {written} as {READ[written]}; put it in quotes"
    out = ", or leave note out" if READ[written] == "nothing" and place == "a text" else ""
    assert mistakes(text) == [f'{told}: "{written}"{out}']
    assert mistakes(PLACES[place].format(f"'{written}'")) == []


@pytest.mark.parametrize("written", ["=", "<<", "0x_", "!of y", "1" * 5000])
def test_what_yaml_cannot_read_at_all_is_refused(written):
    (told,) = mistakes(f"names: [{written}]")
    assert told.startswith("line 1, column 9: YAML cannot read ")
    assert "put it in quotes" in told


@pytest.mark.parametrize(
    "written",
    ["1", "-7", "10115", "0", "true", "false", "2024-10-01", "08", "1e3", "y", "No.", "ü"],
)
@pytest.mark.parametrize("place", [place for place in PLACES if place != "a text"])
def test_what_is_read_as_it_is_written_needs_no_quotes(place, written):
    assert mistakes(PLACES[place].format(written)) == []


@pytest.mark.parametrize("written", ["1", "-7", "0.5", "12.0", "true", "high", "1e3", "2.5e-05"])
def test_a_value_of_a_column_may_be_a_number_that_is_read_as_it_is_written(written):
    assert mistakes(f"value: {written}") == []


@pytest.mark.parametrize("written", ["no", "1.10", ".5", "012", "1_000", "12:30", "5.0e-1", ".nan"])
def test_a_value_of_a_column_that_is_not_read_as_it_is_written_is_refused(written):
    [told] = mistakes(f"value: {written}")
    assert told.startswith(f"line 1, column 8: YAML reads {written} as ")
    assert told.endswith(f'put it in quotes: "{written}"')


def test_what_may_be_left_out_may_be_nothing():
    assert mistakes("{target: {positive: ~}, limits: null, note_or_none: }") == []
    (told,) = mistakes("{target: {positive: no}}")
    assert told.endswith('YAML reads no as false; put it in quotes: "no"')


def test_a_key_without_a_text_is_refused():
    assert mistakes("names: [a, ]") == []
    assert mistakes("names:\n- a\n-\n") == ["line 3, column 2: a text is missing here"]
    assert mistakes("note_or_none:\nnote:") == [
        "line 2, column 6: a text is missing here; write one, or leave note out"
    ]


@pytest.mark.parametrize(
    "written", ["1_000", "012", "0x10", "0b1", "12:30", "1:30.5", "yes", "off", "1_0.5", "007.5"]
)
@pytest.mark.parametrize("field", ["count", "share", "limits"])
def test_a_number_is_written_in_plain_digits(field, written):
    (told,) = mistakes(f"{field}: {written}")
    assert told.startswith(f"line 1, column {len(field) + 3}: ")
    assert told.endswith("write a number in plain digits, such as 1000 or 0.5")


@pytest.mark.parametrize("written", ["1000", "-3", "0", "0.5", ".5", "1.", "1e3", "2.5e-4", "5 %"])
def test_plain_numbers_are_read(written):
    assert mistakes(f"share: {written}") == []


@pytest.mark.parametrize("written", ["20241001", "1727740800", "2024.10", "12:30", "today"])
def test_what_is_no_date_is_refused(written):
    told = f"{written} is no date; write it as 2024-10-01"
    assert mistakes(f"start: {written}") == [f"line 1, column 8: {told}"]


def test_dates_and_booleans_are_written_as_usual():
    assert mistakes("{start: 2024-10-01, end: 2024-10-02T00:00:00, on_or_off: no}") == []
    assert mistakes("{end: ~, columns: {c: {nullable: off, derived: yes}}}") == []


def test_braces_where_a_text_is_meant_are_refused():
    told = 'braces make a mapping; put a text in quotes: "{day}"'
    assert mistakes("note: {day}") == [f"line 1, column 7: {told}"]
    (told,) = mistakes("unknown: {{ env.X }}")
    assert told == 'line 1, column 11: a name is one text; put it in quotes: "{{env.X}}"'


def test_a_field_is_given_once_also_as_a_number_and_as_a_text():
    assert mistakes("{count: 1, count: 2}") == [
        "line 1, column 12: count is given twice; keep one of them"
    ]
    (told,) = mistakes("columns: {1: {type: number}, '1': {type: number}}")
    assert told.endswith("1 is given twice; keep one of them")


def test_a_part_that_is_taken_over_is_looked_at_where_it_stands():
    text = "columns:\n  a: &same\n    allowed: [no]\n  b:\n    <<: *same\n"
    (told,) = mistakes(text)
    assert told.startswith("line 3, column 15: YAML reads no as false")


@pytest.mark.parametrize(
    "value", ["{type: number}", "1", "", "[a]", "[{type: number}]", "*same, b", "null"]
)
def test_only_what_is_named_elsewhere_is_taken_over(value):
    text = f"names: &same [a]\ncolumns:\n  <<: {value}\n"
    if value.startswith("*"):
        text = text.replace(value, f"[{value}]")
    (told,) = mistakes(text)
    assert told.startswith("line 3, column 3: << takes over the fields of a part that & has named")
    assert told.endswith('in quotes: "<<"')


def test_parts_are_taken_over_one_by_one_or_together():
    named = "columns:\n  a: &a {type: number}\n  b: &b {type: integer}\n"
    assert mistakes(f"{named}  c: {{<<: *a, min: 0}}\n  d: {{<<: [*a, *b]}}\n") == []
    assert mistakes('columns: {"<<": {type: number}}') == []


def test_a_part_that_holds_itself_is_refused():
    (told,) = mistakes("names: &all [*all]")
    assert told.startswith("line 1, column 8: & names a part of the file that holds itself")


@pytest.mark.parametrize("text", ["- a", "hello", "[]"])
def test_a_document_has_fields(text):
    (told,) = mistakes(text)
    assert told == "line 1, column 1: fields are expected here, each as `name: value`"


def test_what_nobody_has_described_is_left_alone():
    assert mistakes("unknown: {on: [no, 012]}") == []


@pytest.mark.parametrize(
    ("classes", "right"),
    [
        ("{no: 1, yes: 2}", 'write classes: ["no", "yes"]'),
        ('[[no], "yes"]', 'write "no"'),
        ("[a: b, c]", 'this is a mapping; put a text in quotes: "a: b"'),
        ('[!!bool "yes", b]', 'YAML reads yes as true; put it in quotes: "yes"'),
    ],
)
def test_what_is_advised_of_classes_would_be_right(classes, right):
    (told,) = mistakes(f"target: {{classes: {classes}}}")
    assert told.endswith(right)
