"""Labels: which are accepted, and which of several counts."""

import json
from dataclasses import replace
from datetime import datetime, time

import pyarrow as pa
import pytest

from mlops_drift.pipeline.screening import CORRECTED, screen_labels
from mlops_drift.schema.columns import Target
from mlops_drift.sources.base import Batch, SourceError
from mlops_drift_tests.pipeline.screening.samples import (
    MONDAY,
    batch,
    day,
    labels_of,
    screened_labels,
)

NUMBER = Target(column="y", kind="regression")


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


def test_records_of_labels_need_the_label_and_a_file_without_records_needs_nothing(lake):
    (part,) = batch({"id": ["a"]}).parts
    with pytest.raises(SourceError, match="missing columns: 'y'; found 'id'; add it"):
        screen_labels(labels_of(lake), Batch((replace(part, sparse=True),)))
    empty = replace(part, rows=pa.table({}), days=part.days[:0], times=part.times[:0], sparse=True)
    assert screen_labels(labels_of(lake), Batch((empty,))).accepted.num_rows == 0
