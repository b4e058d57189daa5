import json
import math
import random

import pyarrow as pa
import pytest

from mlops_drift.schema.columns import Column
from mlops_drift.serving.description import SourceColumn
from mlops_drift.serving.values import LEFT_OUT, WRONG, from_text, reader_of
from mlops_drift_tests.pipeline.screening.samples import judged

ARROW = {"number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
COLUMNS = [
    {"type": "number"},
    {"type": "number", "min": -10.5, "max": 150.0},
    {"type": "number", "min": 0.1},
    {"type": "integer"},
    {"type": "integer", "min": 0.5, "max": 7.0},
    {"type": "integer", "min": -1e18, "max": 1e19},
    {"type": "boolean"},
    {"type": "category"},
    {"type": "category", "allowed": ["1", "north", "nan", "ÄÖ"]},
]
VALUES = [
    *(None, True, False, 0, 1, -1, 7, 8, 0.0, -0.0, 0.5, 7.0, 7.5, 0.1, -10.5, -10.6, 150, 150.1),
    *(2**53, 2**53 + 1, float(2**53), -(2**53), 1e15, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1),
    *(10**18, 10**19, 10**40, 10**400, 1e18, 1e300, -1e300, 5e-324, 1.7976931348623157e308),
    *(
        "",
        " ",
        "\t\r\n",
        "\u00a0",
        "north",
        " north ",
        "North",
        "1",
        "1.0",
        "nan",
        "null",
        "a\x00b",
    ),
    *("ÄÖ", "A\u0308O\u0308", "😀", "x" * 5000, [], {}, [1], {"a": 1}),
]
TEXTS = [
    *("1", " 1 ", "1.0", "1.", ".5", "-0", "-0.0", "+7", "7e0", "1e3", "1E-2", "5e-324", "1e-400"),
    *("1e400", "inf", "-Infinity", "nan", "NaN", "-nan", "1_000", "0x1F", "1,5", "٣", "1 2", "--1"),
    *(
        "true",
        "True",
        "T",
        "yes",
        "Y",
        "no",
        "0.0",
        "1.00",
        "null",
        "None",
        "",
        "  ",
        "\t",
        "north",
    ),
    *("9007199254740993", "9007199254740993.0", "9223372036854775807", "9223372036854775808"),
    *("0.1", "0.1000000000000000055", "123456789012345678", "1" * 60, "1" * 400, "e5", "."),
]


def random_numbers(seed):
    draw = random.Random(seed)
    whole = [draw.randint(-(2 ** draw.randint(1, 66)), 2 ** draw.randint(1, 66)) for _ in range(99)]
    return whole + [draw.uniform(-1, 1) * 10 ** draw.randint(-20, 20) for _ in range(99)]


def accepted_of(column, values):
    """What the service makes of values, and those that it does not accept."""
    read = reader_of(SourceColumn(**column))
    typed = [read(value) for value in values]
    return [value for value in typed if value is not WRONG], typed


@pytest.fixture
def lake(memory_lake):
    return memory_lake


@pytest.mark.parametrize("declared", COLUMNS, ids=str)
def test_what_is_accepted_lands_unchanged(lake, declared):
    accepted, typed = accepted_of(declared, VALUES + random_numbers(1))
    assert WRONG in typed
    assert len(accepted) > 2
    as_logged = pa.array(accepted, ARROW.get(declared["type"], pa.string()))
    landed, faults = judged(lake, as_logged, Column(**declared))
    assert faults == []
    assert [*map(repr, landed)] == [*map(repr, accepted)]


@pytest.mark.parametrize("declared", COLUMNS, ids=str)
def test_texts_that_are_accepted_are_what_landing_reads_of_them(lake, declared):
    texts = TEXTS + [str(number) for number in random_numbers(2)]
    accepted, typed = accepted_of(declared, [from_text(declared["type"], text) for text in texts])
    kept = [text for text, value in zip(texts, typed, strict=True) if value is not WRONG]
    assert len(kept) > 3
    landed, faults = judged(lake, kept, Column(**declared))
    assert faults == []
    assert landed == accepted


@pytest.mark.parametrize("declared", COLUMNS, ids=str)
def test_json_that_is_accepted_is_what_landing_reads_of_its_text(lake, declared):
    values = [value for value in VALUES if not isinstance(value, list | dict)]
    _, typed = accepted_of(declared, values + random_numbers(3))
    pairs = zip(values + random_numbers(3), typed, strict=True)
    kept = [(raw, value) for raw, value in pairs if value is not WRONG]
    texts = [raw if isinstance(raw, str) or raw is None else json.dumps(raw) for raw, _ in kept]
    landed, faults = judged(lake, pa.array(texts, pa.string()), Column(**declared))
    assert faults == []
    assert landed == [value for _, value in kept]


def test_minus_zero_is_zero():
    for kind in ("number", "integer"):
        assert math.copysign(1, reader_of(SourceColumn(kind))(-0.0)) == 1


def test_a_value_is_of_its_type_and_no_other():
    number, integer = reader_of(SourceColumn("number")), reader_of(SourceColumn("integer"))
    assert [type(number(7)), type(integer(7.0))] == [float, int]
    for read in (number, integer, reader_of(SourceColumn("boolean"))):
        assert read("1") is WRONG
    assert number(True) is WRONG
    assert integer(True) is WRONG
    assert reader_of(SourceColumn("boolean"))(1) is WRONG
    assert reader_of(SourceColumn("category"))(1) is WRONG


@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "category"])
def test_what_is_missing_is_wrong_only_where_a_value_is_needed(kind):
    for missing in (None, LEFT_OUT):
        assert reader_of(SourceColumn(kind))(missing) is None
        assert reader_of(SourceColumn(kind, nullable=False))(missing) is WRONG


def test_blanks_are_a_missing_text():
    assert reader_of(SourceColumn("category"))(" \t\r\n") is None
    assert reader_of(SourceColumn("category", nullable=False))(" ") is WRONG
