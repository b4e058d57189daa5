"""Values: which have their declared type, and which digits they keep."""

import math
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from mlops_drift.schema.columns import Column, Target
from mlops_drift_tests.pipeline.screening.samples import (
    decimals,
    judged,
    screened_events,
    screened_labels,
)


@pytest.mark.parametrize(
    ("type_", "values", "accepted", "reasons"),
    [
        ("number", ["1.5", " 2 ", "1e3"], [1.5, 2.0, 1000.0], []),
        ("number", ["many", "1,5"], [], ["x: many is not a number", "x: 1,5 is not a number"]),
        ("number", [1, 2], [1.0, 2.0], []),
        ("integer", ["3", "+4", "-5", "6.0"], [3, 4, -5, 6], []),
        ("integer", [3.0, 3.5], [3], ["x: 3.5 is not an integer"]),
        ("integer", ["3.5", "x"], [], ["x: 3.5 is not an integer", "x: x is not an integer"]),
        ("integer", ["9007199254740993"], [9007199254740993], []),
        (
            "integer",
            ["99999999999999999999"],
            [],
            ["x: 99999999999999999999 is not an integer"],
        ),
        ("boolean", ["true", "No", "1", "f", "1.0"], [True, False, True, False, True], []),
        ("boolean", [True, False], [True, False], []),
        (
            "boolean",
            ["maybe", "2"],
            [],
            [f"x: {text} is not true or false" for text in ["maybe", "2"]],
        ),
        ("category", [" oslo ", "O'Brien", "日本"], ["oslo", "O'Brien", "日本"], []),
        ("category", [1.0, 2.5], ["1", "2.5"], []),
        ("category", [True, False], ["true", "false"], []),
    ],
)
def test_values_get_their_declared_type_or_a_reason(lake, type_, values, accepted, reasons):
    assert judged(lake, values, Column(type=type_)) == (accepted, reasons)


@pytest.mark.parametrize("text", ["inf", "-Infinity"])
def test_an_infinite_number_is_quarantined(lake, text):
    assert judged(lake, [text], Column(type="number")) == ([], ["x: not finite"])
    assert judged(lake, [float(text)], Column(type="number")) == ([], ["x: not finite"])
    assert judged(lake, [float(text)], Column(type="number", min=0, max=1))[1] == ["x: not finite"]
    assert judged(lake, [float(text)], Column(type="integer"))[0] == []


TYPES = ("number", "integer", "boolean", "category")


@pytest.mark.parametrize(
    "values",
    [
        *(pa.array([missing], pa.string()) for missing in (None, " \t")),
        *(pa.array([math.nan], kind) for kind in (pa.float16(), pa.float64())),
        pa.array([math.nan]).dictionary_encode(),
    ],
)
def test_null_blank_and_a_float_that_is_no_number_count_as_missing(lake, values):
    columns = {"id": ["a"], **dict.fromkeys(TYPES, values)}
    found = screened_events(lake, columns, {type_: Column(type=type_) for type_ in TYPES})
    assert found.accepted.select(TYPES).to_pylist() == [dict.fromkeys(TYPES)]
    needed = {type_: Column(type=type_, nullable=False) for type_ in TYPES}
    found = screened_events(lake, columns, needed)
    assert found.quarantined["reason"].to_pylist() == [
        "; ".join(f"{name}: missing" for name in TYPES)
    ]


@pytest.mark.parametrize("text", ["nan", "+NAN", " -nan "])
def test_the_text_nan_is_missing_among_numbers_and_truths_and_a_category_otherwise(lake, text):
    for type_ in ("number", "integer", "boolean"):
        assert judged(lake, [text], Column(type=type_)) == ([None], [])
    assert judged(lake, [text], Column(type="category")) == ([text.strip()], [])
    assert screened_events(lake, {"id": [text]}, {}).accepted["id"].to_pylist() == [text.strip()]
    target = Target(column="y", kind="binary", classes=["NaN", "no"], positive="no")
    found = screened_labels(lake, {"id": ["a"], "y": ["NaN"]}, target)
    assert found.accepted["y"].to_pylist() == ["NaN"]


@pytest.mark.parametrize("raw", [pa.null(), pa.float64(), pa.string()])
def test_a_column_of_nothing_but_nulls_is_a_column(lake, raw):
    nulls = pa.nulls(2, raw)
    assert judged(lake, nulls, Column(type="number")) == ([None, None], [])
    assert judged(lake, nulls, Column(type="category", allowed=["a"])) == ([None, None], [])
    assert judged(lake, nulls, Column(type="boolean", nullable=False))[1] == ["x: missing"] * 2


def test_bounds_are_inclusive(lake):
    column = Column(type="number", min=0, max=10)
    accepted, reasons = judged(lake, [-0.1, 0.0, 10.0, 10.5, None], column)
    assert accepted == [0.0, 10.0, None]
    assert reasons == ["x: -0.1 is below 0", "x: 10.5 is above 10"]
    assert judged(lake, [17, 18], Column(type="integer", min=18))[1] == ["x: 17 is below 18"]


def test_a_category_outside_allowed_is_quarantined_and_without_allowed_is_news(lake):
    values = ["oslo", "atlantis"]
    assert judged(lake, values, Column(type="category", allowed=["oslo"])) == (
        ["oslo"],
        ["x: atlantis is not an allowed value (oslo)"],
    )
    assert judged(lake, values, Column(type="category")) == (values, [])


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        (pa.array([-(2**63), 2**63 - 1]), [-(2**63), 2**63 - 1]),
        (pa.array([str(-(2**63)), str(2**63 - 1)]), [-(2**63), 2**63 - 1]),
        (pa.array([2**53 + 1]), [2**53 + 1]),
        (pa.array([2**64 - 1], pa.uint64()), []),
        (pa.array([str(2**63)]), []),
        (pa.array([2.0**53 - 1, 2.0**53, -1e18, 1e19]), [2**53 - 1]),
        (pa.array([2.0**24 - 1, 2.0**24], pa.float32()), [2**24 - 1]),
    ],
)
def test_integers_keep_every_digit_or_are_quarantined(lake, values, accepted):
    assert judged(lake, values, Column(type="integer"))[0] == accepted


NOT_KEPT = (
    "x: {} is not kept exactly by a floating-point number; round it, or declare the column as "
    "integer or category"
)


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["1e-400", "-0.1e-323", "0." + "0" * 400 + "1"]),
        pa.array(["9007199254740993", "-9007199254740993", "9007199254740993.0"]),
        pa.array(["00012345678901234567890", "1152921504606847000"]),
        pa.array([2**53 + 1, -(2**53) - 1, 2**63 - 1]),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([Decimal("1234567890123456.78")], pa.decimal128(18, 2)),
        pa.array([Decimal("9007199254740993")], pa.decimal128(20, 0)),
        pa.array([Decimal("0.123456789012345678")], pa.decimal128(38, 20)),
        pa.array([Decimal("1234567890123456.78")], pa.decimal256(60, 4)),
    ],
)
def test_a_number_that_a_double_does_not_keep_is_quarantined(lake, values):
    accepted, reasons = judged(lake, values, Column(type="number"))
    assert accepted == []
    texts = values.to_pylist()
    shown = [f"{v.normalize():f}" if isinstance(v, Decimal) else v for v in texts]
    assert reasons == [NOT_KEPT.format(text) for text in shown]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["0.30000000000000004", "3.000000000000000444e-01"]), [0.1 + 0.2, 0.3]),
        (pa.array(["0.1000000000000000055511151231257827", "1.5e300"]), [0.1, 1.5e300]),
        (pa.array(["0", "-0.0", "0e5", "000.000", "5e-324"]), [0, 0, 0, 0, 5e-324]),
        (pa.array(["9007199254740992", "0001152921504606846976", "9.007199254740993e15"]), None),
        (pa.array([2**53, -(2**53), 2**60, -(2**63)]), None),
        (pa.array([2**63], pa.uint64()), None),
        (pa.array([1e23, 2.0**60, 5e-324, 1.7976931348623157e308]), None),
        (pa.array([1e23, 16777217.0], pa.float32()), [1e23, 16777216.0]),
        (decimals("0.1", "1234567890123.45", "0.0000000001", "0"), None),
        (pa.array([Decimal(2**60)], pa.decimal128(38, 0)), [2.0**60]),
        (pa.array([Decimal("1.000000000000000000")], pa.decimal128(38, 18)), [1.0]),
        (pa.array([Decimal("100.25")], pa.decimal256(60, 4)), [100.25]),
    ],
)
def test_a_number_that_a_double_keeps_is_accepted_and_a_fraction_rounded(lake, values, expected):
    wanted = [float(value) for value in expected or values.to_pylist()]
    accepted, reasons = judged(lake, values, Column(type="number"))
    assert reasons == []
    assert accepted == pytest.approx(wanted, rel=1e-7 if values.type == pa.float32() else 0)


def test_the_reason_of_a_category_lists_some_allowed_values_and_hints_at_whole_numbers(lake):
    flags = Column(type="category", allowed=["0", "1"])
    assert judged(lake, ["1.0", "01.0", "2.0", "1"], flags) == (
        ["1"],
        [
            "x: 1.0 is not an allowed value (0, 1); in a text file 1.0 is not 1",
            "x: 01.0 is not an allowed value (0, 1)",
            "x: 2.0 is not an allowed value (0, 1)",
        ],
    )
    many = Column(type="category", allowed=[str(number) for number in range(12)])
    (reason,) = judged(lake, ["x"], many)[1]
    assert reason.endswith("(0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more)")


@pytest.mark.parametrize("number", [1.7976931348623157e308, 5e-324, -1e-300, 0.1 + 0.2, 1e22])
def test_numbers_keep_every_digit(lake, number):
    column = Column(type="number", min=number, max=number)
    assert judged(lake, [number], column) == ([number], [])
    assert judged(lake, [repr(number)], column) == ([number], [])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (decimals("1", "20", "1.50", "-0.0000000001"), ["1", "20", "1.5", "-1e-10"]),
        (decimals("100", "12345678901234567890", scale=0), ["100", "12345678901234567890"]),
        (
            pa.array([Decimal("100.00"), Decimal("1.5")], pa.decimal256(60, 4)),
            ["100", "1.5"],
        ),
        (pa.array([1.0, 2.5], pa.float16()), ["1", "2.5"]),
        (pa.array([0.1, 3.0], pa.float32()), ["0.1", "3"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array(["1.0", "007", "1e3"]), ["1.0", "007", "1e3"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array([date(2024, 10, 1)]), ["2024-10-01"]),
    ],
)
def test_the_text_of_a_whole_number_has_no_point_whatever_its_type(lake, values, expected):
    assert judged(lake, values, Column(type="category")) == (expected, [])
    keys = screened_events(lake, {"id": values}, {}).accepted
    assert keys["id"].to_pylist() == expected


@pytest.mark.parametrize(("type_", "noun"), [("number", "a number"), ("integer", "an integer")])
def test_only_decimal_notation_is_a_number(lake, type_, noun):
    texts = ["70_1", "0x1F", "0b1", "1 000", "\u0661", "+-5", "1,5"]
    reasons = [f"x: {text} is not {noun}" for text in texts]
    assert judged(lake, texts, Column(type=type_)) == ([], reasons)


def test_a_whole_number_may_have_an_exponent_or_a_point(lake):
    numbers = {"5e2": 500, "1.5e1": 15, "9007199254740993.0": 2**53 + 1, "1e18": 10**18}
    assert judged(lake, list(numbers), Column(type="integer")) == (list(numbers.values()), [])
