import json
import math
import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.screening import CORRECTED, screen_events, screen_labels
from mlops_drift.schema.columns import Column, Target
from mlops_drift.sources.base import Batch, Part, SourceError
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.tables import model_tables

MONDAY = date(2024, 10, 7)
BINARY = Target(column="y", kind="binary", classes=["yes", "no"], positive="yes")
NUMBER = Target(column="y", kind="regression")


@pytest.fixture
def lake(memory_lake):
    return memory_lake


def day(number):
    return MONDAY + timedelta(days=number)


def decimals(*texts, precision=38, scale=10):
    return pa.array([Decimal(text) for text in texts], pa.decimal128(precision, scale))


def batch(columns, days=None):
    n = len(next(iter(columns.values())))
    dated = [day(number) for number in days or [0] * n]
    moments = [datetime.combine(item, datetime.min.time()) for item in dated]
    part = Part(
        pa.table(columns),
        pa.chunked_array([pa.array(dated, pa.date32())]),
        pa.chunked_array([pa.array(moments, pa.timestamp("us"))]),
        "data/events.csv",
    )
    return Batch((part,))


def events_of(lake, declared, key_type="text"):
    tables = model_tables("churn", "id", key_type, declared, BINARY)
    return Destination(lake, tables, "events", "id", declared, MONDAY)


def screened_events(lake, columns, declared, days=None, key_type="text"):
    days = days or [0]
    return screen_events(
        events_of(lake, declared, key_type),
        batch(columns, days * (1 if len(days) > 1 else len(next(iter(columns.values()))))),
        day(min(days)),
        day(max(days)),
    )


def screened_labels(lake, columns, target=BINARY, days=None, key_type="text"):
    return screen_labels(labels_of(lake, target, key_type), batch(columns, days))


def labels_of(lake, target=BINARY, key_type="text"):
    tables = model_tables("churn", "id", key_type, {}, target)
    return Destination(lake, tables, "labels", "id", {target.column: target.labels}, MONDAY)


def judged(lake, values, column):
    """The typed values that are accepted, and the reasons of the others."""
    values = values if isinstance(values, pa.Array) else pa.array(values)
    ids = [f"k{number}" for number in range(len(values))]
    screened = screened_events(lake, {"id": ids, "x": values}, {"x": column})
    assert screened.accepted.num_rows + screened.quarantined.num_rows == len(values)
    return screened.accepted["x"].to_pylist(), screened.quarantined["reason"].to_pylist()


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


def test_every_fault_of_a_row_is_named(lake):
    declared = {"x": Column(type="number", max=1), "y": Column(type="integer", nullable=False)}
    columns = {"id": pa.array([None], pa.string()), "x": [3.0], "y": ["many"]}
    screened = screened_events(lake, columns, declared)
    assert screened.quarantined["reason"].to_pylist() == [
        "id: the key is missing; x: 3.0 is above 1; y: many is not an integer"
    ]


def test_a_quarantined_row_keeps_its_day_source_key_and_raw_content(lake):
    columns = {"id": ["a"], "x": ["many"], "note": ['say "hi"'], "z": [math.inf]}
    screened = screened_events(lake, columns, {"x": Column(type="number")}, days=[3])
    (row,) = screened.quarantined.to_pylist()
    assert (row["day"], row["source"], row["key"]) == (day(3), "events", "a")
    assert json.loads(row["row"]) == {"id": "a", "x": "many", "note": 'say "hi"', "z": "inf"}


def test_accepted_rows_have_the_declared_schema_in_the_order_of_the_file(lake):
    columns = {"x": [1.0, 2.0, 3.0], "extra": [0, 0, 0], "id": ["c", "a", "b"]}
    declared = {"x": Column(type="number")}
    accepted = screened_events(lake, columns, declared, days=[1, 0, 0]).accepted
    assert accepted.schema == model_tables("churn", "id", "text", declared, BINARY).events.schema
    assert accepted["id"].to_pylist() == ["a", "b", "c"]


def test_the_first_row_of_a_key_in_a_batch_is_kept(lake):
    columns = {"id": ["a", "b", "a", "a"], "x": [1.0, 2.0, 3.0, 4.0]}
    screened = screened_events(lake, columns, {"x": Column(type="number")}, days=[0, 0, 0, 1])
    assert screened.accepted["x"].to_pylist() == [1.0, 2.0]
    assert screened.quarantined["reason"].to_pylist() == [
        "id: duplicate key",
        "id: the key exists on an earlier day",
    ]


def test_a_faulty_row_does_not_take_the_key_from_a_sound_one(lake):
    columns = {"id": ["a", "a"], "x": ["many", "1"]}
    screened = screened_events(lake, columns, {"x": Column(type="number")})
    assert screened.accepted["x"].to_pylist() == [1.0]
    assert screened.quarantined["reason"].to_pylist() == ["x: many is not a number"]


def test_a_key_of_an_earlier_day_is_quarantined_and_the_same_day_may_land_again(lake):
    declared = {"x": Column(type="number")}
    events = events_of(lake, declared).table
    first = screened_events(lake, {"id": ["a", "b"], "x": [1.0, 2.0]}, declared)
    lake.replace_days(events, MONDAY, MONDAY, first.accepted)

    again = screened_events(lake, {"id": ["a", "b"], "x": [1.0, 2.0]}, declared)
    assert again.accepted == first.accepted

    later = screened_events(lake, {"id": ["a", "c"], "x": [1.0, 2.0]}, declared, days=[1, 1])
    assert later.accepted["id"].to_pylist() == ["c"]
    assert later.quarantined["reason"].to_pylist() == ["id: the key exists on an earlier day"]


@pytest.mark.parametrize(
    ("key_type", "missing"), [("text", None), ("text", ""), ("integer", "NaN"), ("integer", " ")]
)
def test_a_row_without_a_key_is_quarantined(lake, key_type, missing):
    columns = {"id": pa.array([missing, "7"], pa.string())}
    screened = screened_events(lake, columns, {}, key_type=key_type)
    assert screened.accepted["id"].cast(pa.string()).to_pylist() == ["7"]
    assert screened.quarantined.select(["key", "reason"]).to_pylist() == [
        {"key": None, "reason": "id: the key is missing"}
    ]


def test_integer_keys_that_a_missing_one_made_floats_are_integers_again(lake):
    columns = {"id": pa.array([1.0, 2.5, math.nan], pa.float64())}
    screened = screened_events(lake, columns, {}, key_type="integer")
    assert screened.accepted["id"].to_pylist() == [1]
    assert screened.quarantined["reason"].to_pylist() == [
        "id: 2.5 is not an integer",
        "id: the key is missing",
    ]


def test_no_rows_give_no_rows(lake):
    to = events_of(lake, {"x": Column(type="number")})
    screened = screen_events(to, Batch(()), MONDAY, MONDAY)
    assert screened.accepted == to.table.schema.empty_table()
    assert screened.quarantined == to.tables.quarantined.schema.empty_table()


def test_a_missing_column_is_an_error_that_names_where_what_and_the_remedy(lake):
    with pytest.raises(SourceError) as raised:
        screened_events(lake, {"id": ["a"], "z": [1.0]}, {"x": Column(type="number")})
    assert str(raised.value) == (
        "data/events.csv: missing columns: 'x'; found 'id', 'z'; "
        "add it to the source, or correct `key`, `columns` or `inputs` in the model's defs.yaml"
    )
    with pytest.raises(SourceError, match=r"missing columns: 'y'; found 'id'; .*`target\.column`"):
        screened_labels(lake, {"id": ["a"]})


UGLY = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(["", " ", "nan", "inf", "-0", "1e400", "0x10", "true", "3.5", "'", '"', "%"]),
)


@settings(max_examples=10)
@given(st.lists(st.tuples(UGLY, UGLY, UGLY, UGLY, st.integers(0, 2)), min_size=1, max_size=8))
def test_every_row_is_either_accepted_or_quarantined_with_a_reason(lake_of_properties, rows):
    declared = {
        "number": Column(type="number", min=-5),
        "flag": Column(type="boolean", nullable=False),
        "city": Column(type="category", allowed=["a", "'"]),
    }
    keys, *values, days = zip(*rows, strict=True)
    columns = dict(zip(["id", *declared], [keys, *values], strict=True))
    typed = {name: pa.array(column, pa.string()) for name, column in columns.items()}
    screened = screened_events(lake_of_properties, typed, declared, days)
    assert screened.accepted.num_rows + screened.quarantined.num_rows == len(rows)
    assert all(screened.quarantined["reason"].to_pylist())
    raw = [json.loads(row) for row in screened.quarantined["row"].to_pylist()]
    given_rows = [dict(zip(columns, row[:4], strict=True)) for row in rows]
    assert all(row in given_rows for row in raw)
    ids = screened.accepted["id"].to_pylist()
    assert len(set(ids)) == len(ids)
    numbers = screened.accepted["number"].drop_null().to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= -5).all()
    assert screened.accepted["flag"].null_count == 0


@pytest.fixture(scope="module")
def lake_of_properties(tmp_path_factory, database):
    return DeltaLake(tmp_path_factory.mktemp("lake"), database)


def test_a_label_that_is_null_or_outside_the_classes_is_quarantined(lake):
    screened = screened_labels(lake, {"id": ["a", "b", "c"], "y": ["yes", None, "maybe"]})
    assert screened.accepted.select(["id", "y"]).to_pylist() == [{"id": "a", "y": "yes"}]
    assert screened.quarantined.select(["source", "reason"]).to_pylist() == [
        {"source": "labels", "reason": "y: missing"},
        {"source": "labels", "reason": "y: maybe is not an allowed value (yes, no)"},
    ]


def test_a_key_has_one_label_a_day_and_a_later_one_is_a_correction(lake):
    columns = {"id": ["a", "a", "a", "a"], "y": ["yes", "no", "no", "yes"]}
    screened = screened_labels(lake, columns, days=[0, 0, 0, 1])
    assert screened.accepted.select(["day", "y"]).to_pylist() == [
        {"day": day(0), "y": "no"},
        {"day": day(1), "y": "yes"},
    ]
    assert screened.quarantined["reason"].to_pylist() == [CORRECTED, "id: duplicate key"]


def test_of_the_labels_of_a_day_the_latest_counts_whatever_the_order_of_the_rows(lake):
    (part,) = batch({"id": ["a", "a", "b"], "y": ["no", "yes", "yes"]}).parts
    hours = [datetime.combine(MONDAY, time(hour)) for hour in (17, 9, 12)]
    times = pa.chunked_array([pa.array(hours, pa.timestamp("us"))])
    screened = screen_labels(labels_of(lake), Batch((replace(part, times=times),)))
    assert screened.accepted.select(["id", "y"]).to_pylist() == [
        {"id": "a", "y": "no"},
        {"id": "b", "y": "yes"},
    ]
    assert json.loads(screened.quarantined["row"][0].as_py()) == {"id": "a", "y": "yes"}


@pytest.mark.parametrize(
    ("classes", "raw", "expected"),
    [
        ([0, 1], [0, 1], ["0", "1"]),
        ([0, 1], [0.0, 1.0], ["0", "1"]),
        ([0, 1], ["0", "1"], ["0", "1"]),
        ([False, True], [False, True], ["false", "true"]),
    ],
)
def test_classes_may_be_named_by_numbers_and_truths(lake, classes, raw, expected):
    target = Target(column="y", kind="binary", classes=classes, positive=classes[1])
    screened = screened_labels(lake, {"id": ["a", "b"], "y": raw}, target)
    assert screened.accepted["y"].to_pylist() == expected
    assert screened.quarantined.num_rows == 0


def test_the_label_of_a_regression_is_a_finite_number(lake):
    columns = {"id": list("abcd"), "y": ["1.5", "many", "inf", ""]}
    screened = screened_labels(lake, columns, NUMBER)
    assert screened.accepted["y"].to_pylist() == [1.5]
    assert screened.quarantined["reason"].to_pylist() == [
        "y: many is not a number",
        "y: not finite",
        "y: missing",
    ]


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


def test_large_integer_keys_stay_different(lake):
    columns = {"id": [2**53, 2**53 + 1]}
    screened = screened_events(lake, columns, {}, key_type="integer")
    assert screened.accepted["id"].to_pylist() == columns["id"]


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.string(), pa.float64()])
def test_integers_may_be_text_keys_in_any_type(lake, kind):
    columns = {"id": pa.array([1, 20]).cast(kind)}
    assert screened_events(lake, columns, {}).accepted["id"].to_pylist() == ["1", "20"]


def test_columns_of_the_source_may_have_any_name(lake):
    names = ["ordinal", "faults", "row", "rank", "key", "reason", "source"]
    further = {name: [3, 2, 1] for name in names}
    columns = {"id": ["a", "a", "b"], "x": ["1", "2", "many"], **further}
    screened = screened_events(lake, columns, {"x": Column(type="number")})
    assert screened.accepted["x"].to_pylist() == [1.0]
    assert screened.quarantined["reason"].to_pylist() == [
        "id: duplicate key",
        "x: many is not a number",
    ]
    expected = {"id": "b", "x": "many", **dict.fromkeys(names, 1)}
    assert json.loads(screened.quarantined["row"][1].as_py()) == expected


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


@pytest.mark.parametrize("key_type", ["text", "integer"])
def test_a_float_that_stands_for_several_keys_is_no_key(lake, key_type):
    columns = {"id": [float(2**53 - 1), float(2**53), 1e19]}
    screened = screened_events(lake, columns, {}, key_type=key_type)
    assert screened.accepted["id"].to_pylist() in ([2**53 - 1], [str(2**53 - 1)])
    reasons = screened.quarantined["reason"].to_pylist()
    assert all("so large that it stands for several whole ones" in reason for reason in reasons)


@pytest.mark.parametrize(("type_", "noun"), [("number", "a number"), ("integer", "an integer")])
def test_only_decimal_notation_is_a_number(lake, type_, noun):
    texts = ["70_1", "0x1F", "0b1", "1 000", "\u0661", "+-5", "1,5"]
    reasons = [f"x: {text} is not {noun}" for text in texts]
    assert judged(lake, texts, Column(type=type_)) == ([], reasons)


def test_a_whole_number_may_have_an_exponent_or_a_point(lake):
    numbers = {"5e2": 500, "1.5e1": 15, "9007199254740993.0": 2**53 + 1, "1e18": 10**18}
    assert judged(lake, list(numbers), Column(type="integer")) == (list(numbers.values()), [])


def test_parts_of_a_batch_may_differ_in_case_type_and_further_columns(lake):
    (first,) = batch({"id": ["a"], "x": [1.5], "note": ["n"]}).parts
    (second,) = batch({"Note": [7], "x": ["2.5"], "id": [3]}, [1]).parts
    to = events_of(lake, {"x": Column(type="number", max=2)})
    screened = screen_events(to, Batch((first, second)), day(0), day(1))
    assert screened.accepted.select(["id", "x"]).to_pylist() == [{"id": "a", "x": 1.5}]
    assert json.loads(screened.quarantined["row"][0].as_py()) == {"Note": 7, "x": "2.5", "id": 3}


def test_each_part_needs_its_columns_unless_its_rows_may_leave_them_out(lake):
    to = events_of(lake, {"x": Column(type="number")})
    (whole,) = batch({"id": ["a"], "x": ["1"]}).parts
    (lacking,) = batch({"id": ["b"]}, [1]).parts
    with pytest.raises(SourceError, match=r"data/events\.csv: missing columns: 'x'; found 'id'"):
        screen_events(to, Batch((whole, lacking)), day(0), day(1))
    sparse = Batch((whole, replace(lacking, sparse=True)))
    screened = screen_events(to, sparse, day(0), day(1))
    assert screened.accepted["x"].to_pylist() == [1.0, None]
    assert screened.notes == {day(1): "no record has 'x': it is null in its only row"}
    assert not screen_events(to, Batch((whole,)), day(0), day(1)).notes


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["ID", "x"], "'id'; found 'ID', 'x'; names are case-sensitive: write 'ID' as 'id'"),
        (["id", "X"], "'x'; found 'id', 'X'; names are case-sensitive: write 'X' as 'x'"),
        ([" id", "x"], "'id'; found ' id', 'x'; remove the space around ' id'"),
        (["number", "x"], "'id'; found 'number', 'x'; add it to the source, or correct `key`"),
        (["id;x"], "the only column holds ';': is it what divides the columns?; add it"),
    ],
)
def test_a_key_and_a_name_in_another_case_are_missing_too(lake, sparse, names, message):
    (part,) = batch({name: ["1"] for name in names}).parts
    arrived = Batch((replace(part, sparse=sparse),))
    with pytest.raises(SourceError, match=re.escape(message)):
        screen_events(events_of(lake, {"x": Column(type="number")}), arrived, day(0), day(0))


def test_records_of_labels_need_the_label_and_a_file_without_records_needs_nothing(lake):
    (part,) = batch({"id": ["a"]}).parts
    with pytest.raises(SourceError, match="missing columns: 'y'; found 'id'; add it"):
        screen_labels(labels_of(lake), Batch((replace(part, sparse=True),)))
    empty = replace(part, rows=pa.table({}), days=part.days[:0], times=part.times[:0], sparse=True)
    assert screen_labels(labels_of(lake), Batch((empty,))).accepted.num_rows == 0


def test_a_quarantined_row_is_json_for_every_reader(lake):
    columns = {
        "id": pa.array([None], pa.string()),
        "nan": [math.nan],
        "large": [2**63 - 1],
        "nested": pa.array([[math.inf, 1.0]]),
        "moment": pa.array([datetime(2024, 10, 7)], pa.timestamp("us", "UTC")),
        "bytes": pa.array([b"\x00\xff"]),
        "decimal": decimals("1.5"),
        "truth": [True],
        "nothing": pa.nulls(1),
        'quote "': ["\u2028"],
    }
    (row,) = screened_events(lake, columns, {}).quarantined["row"].to_pylist()

    def refuse(constant):
        raise AssertionError(constant)

    kept = json.loads(row, parse_constant=refuse)
    assert list(kept) == list(columns)
    assert (kept["nan"], kept["large"], kept["truth"]) == ("nan", 2**63 - 1, True)
    assert kept["nothing"] is None
    assert kept["moment"].startswith("2024-10-07 00:00:00")


def test_reasons_are_the_same_whichever_days_land_together(lake):
    columns = {"id": ["a", "a", "a", "b"], "x": ["1", "1", "1", "many"]}
    declared = {"x": Column(type="number")}
    events = events_of(lake, declared).table
    together = screened_events(lake, columns, declared, days=[0, 1, 1, 1])
    first = screened_events(lake, {"id": ["a"], "x": ["1"]}, declared)
    lake.replace_days(events, day(0), day(0), first.accepted)
    later = {name: values[1:] for name, values in columns.items()}
    apart = screened_events(lake, later, declared, days=[1, 1, 1])
    assert together.quarantined["reason"].to_pylist() == apart.quarantined["reason"].to_pylist()
    again = screened_events(lake, {"id": ["a"], "x": ["1"]}, declared, days=[-1])
    assert again.quarantined["reason"].to_pylist() == ["id: the key exists on a later day"]
