from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from mlops_drift.serving.rows import AHEAD, MOST_FAULTS, RejectedRowsError, RowReader
from mlops_drift_tests.serving.service import DESCRIPTION, NOW, ROW

READER = RowReader(DESCRIPTION)
BY_NAME = RowReader(msgspec.structs.replace(DESCRIPTION, key="name", key_type="text"))


def read(*rows, reader=READER, **options):
    return reader.read(rows, NOW, **options)


def rejected(*rows, reader=READER):
    with pytest.raises(RejectedRowsError) as caught:
        read(*rows, reader=reader)
    return caught.value


def test_a_row_has_all_columns_typed():
    [row], ignored = read({"policy_id": 7, "age": 40, "training": 1.0, "region": " north "})
    assert (row.key, row.event_time, ignored) == (7, NOW, 0)
    assert row.values == {
        "age": 40.0,
        "training": 1,
        "miles": None,
        "braked": None,
        "region": "north",
        "note": None,
    }


def test_a_fault_says_what_was_found_and_what_would_be_right():
    error = rejected(ROW, ROW | {"policy_id": 8, "age": "x", "region": "west"})
    assert [str(fault) for fault in error.faults] == [
        'age is "x"; it should be a number between 10 and 150',
        'region is "west"; it should be "north" or "south", or null',
    ]
    assert {fault.row for fault in error.faults} == {1}
    assert str(error) == (
        '2 values are wrong; the first: row 1: age is "x"; it should be a number between 10 and 150'
    )


def test_a_column_that_is_needed_is_not_left_out():
    [fault] = rejected({"policy_id": 7, "training": 1}).faults
    assert (fault.column, fault.value) == ("age", None)
    assert str(fault) == "age is missing; it should be a number between 10 and 150"
    assert str(rejected(ROW | {"age": None})).startswith("row 0: age is null;")


def test_long_values_are_shortened():
    [fault] = rejected(ROW | {"age": "x" * 100_000}).faults
    assert len(fault.value) <= 60
    [fault] = rejected(ROW | {"age": [[1] * 1000]}).faults
    assert fault.value == "a list"
    [fault] = rejected(ROW | {"age": 10**400}).faults
    assert len(fault.value) <= 60


def test_further_columns_are_ignored_and_counted_by_name():
    rows, ignored = read(ROW | {"a": 1, "b": [2]}, ROW | {"policy_id": 8, "a": 1})
    assert ignored == 2
    assert "a" not in rows[0].values


@pytest.mark.parametrize(
    ("name", "found"), [("age", "Age"), ("miles", "MILES"), ("policy_id", "Policy_ID")]
)
def test_a_name_in_other_letters_is_no_further_column(name, found):
    row = {column: value for column, value in ROW.items() if column != name}
    [fault] = rejected(row | {found: 12}).faults
    assert str(fault) == f'{name} is missing; it should be written {name}, found "{found}"'


@pytest.mark.parametrize("key", [None, "7", 7.5, True, 2**63, [7], {}])
def test_a_key_is_an_integer_where_that_is_declared(key):
    [fault] = rejected(ROW | {"policy_id": key}).faults
    assert (fault.column, fault.expected) == ("policy_id", "an integer")


@pytest.mark.parametrize("key", [None, 7, " ", "", ["a"]])
def test_a_key_is_a_text_where_that_is_declared(key):
    [fault] = rejected(ROW | {"name": key}, reader=BY_NAME).faults
    assert fault.expected == "a text that is not blank"


def test_keys_are_typed_as_they_land():
    assert read(ROW | {"policy_id": 7.0}).rows[0].key == 7
    assert read(ROW | {"name": " a "}, reader=BY_NAME).rows[0].key == "a"


def test_a_key_stands_once_in_a_request():
    error = rejected(ROW, ROW | {"policy_id": 8}, ROW | {"policy_id": 7.0})
    [fault] = error.faults
    assert (fault.row, fault.column) == (2, "policy_id")
    assert fault.expected == "another key than that of row 0"


def test_several_wrong_keys_are_not_called_the_same():
    faults = rejected(ROW | {"policy_id": "a"}, ROW | {"policy_id": "b"}).faults
    assert {fault.expected for fault in faults} == {"an integer"}


def test_a_key_is_made_only_where_that_is_asked_for():
    row = {name: value for name, value in ROW.items() if name != "policy_id"}
    assert str(rejected(row)) == "row 0: policy_id is missing; it should be an integer"
    made = iter([11, 12])
    rows, _ = read(row, ROW, row | {"policy_id": None}, new_key=lambda: next(made))
    assert [row.key for row in rows] == [11, 7, 12]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
        ("2023-11-14T22:13:19.000001Z", NOW - 999_999),
        ("1970-01-01T00:00:00+00:00", 0),
        ("2023-11-14T22:14:20Z", NOW + AHEAD),
        (None, NOW),
    ],
)
def test_a_row_may_have_a_time(text, micros):
    [row], ignored = read(ROW | {"event_time": text})
    assert (row.event_time, ignored) == (micros, 0)


@pytest.mark.parametrize(
    "time",
    [
        "2023-11-14T22:14:21Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "2023-11-14T22:13:20",
        "2023-11-14",
        "yesterday",
        "",
        1_700_000_000,
        True,
        [],
    ],
)
def test_a_time_has_a_zone_and_is_not_in_the_future(time):
    [fault] = rejected(ROW | {"event_time": time}).faults
    assert fault.column == "event_time"


def test_a_time_may_have_to_be_of_a_day_on():
    since = datetime(2023, 11, 14, tzinfo=ZoneInfo("Europe/Berlin"))
    reader = RowReader(DESCRIPTION, since)
    [row], _ = read(ROW | {"event_time": "2023-11-13T23:00:00Z"}, reader=reader)
    assert row.event_time == int(1e6 * since.timestamp())
    [fault] = rejected(ROW | {"event_time": "2023-11-13T22:59:59.999999Z"}, reader=reader).faults
    assert "since 2023-11-14T00:00:00+01:00 and not" in fault.expected


@pytest.mark.parametrize("row", [None, 1, "a", [], True])
def test_a_row_is_an_object(row):
    [fault] = rejected(ROW, row).faults
    assert (fault.row, fault.column) == (1, None)


def test_no_more_than_a_hundred_faults_are_listed():
    error = rejected(*({} for _ in range(10_000)))
    assert len(error.faults) == MOST_FAULTS


def test_a_row_is_not_changed_by_reading_it():
    row = dict(ROW, extra=1)
    read(row)
    assert row == ROW | {"extra": 1}
