"""Keys: which are missing, taken or no key at all."""

import math

import pyarrow as pa
import pytest

from mlops_drift.schema.columns import Column
from mlops_drift_tests.pipeline.screening.samples import MONDAY, day, events_of, screened_events


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


def test_large_integer_keys_stay_different(lake):
    columns = {"id": [2**53, 2**53 + 1]}
    screened = screened_events(lake, columns, {}, key_type="integer")
    assert screened.accepted["id"].to_pylist() == columns["id"]


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.string(), pa.float64()])
def test_integers_may_be_text_keys_in_any_type(lake, kind):
    columns = {"id": pa.array([1, 20]).cast(kind)}
    assert screened_events(lake, columns, {}).accepted["id"].to_pylist() == ["1", "20"]


@pytest.mark.parametrize("key_type", ["text", "integer"])
def test_a_float_that_stands_for_several_keys_is_no_key(lake, key_type):
    columns = {"id": [float(2**53 - 1), float(2**53), 1e19]}
    screened = screened_events(lake, columns, {}, key_type=key_type)
    assert screened.accepted["id"].to_pylist() in ([2**53 - 1], [str(2**53 - 1)])
    reasons = screened.quarantined["reason"].to_pylist()
    assert all("so large that it stands for several whole ones" in reason for reason in reasons)


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
