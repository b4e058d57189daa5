import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.column_reference import ColumnReference
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.explain import MovedBin, moved_bins, rank, segment_shifts, severity
from mlops_drift.drift.profile import profile, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import judge


@pytest.fixture(scope="module")
def template():
    """Some verdict, whose fields the tests replace."""
    table = pa.table({"x": ["a", "b"] * 500})
    reference = Reference.fit(table)
    verdict, _ = judge(reference, {1: profile(reference, table)}, DriftMonitor())
    return verdict


@pytest.fixture
def said(template):
    def make(column, value=0.0, verdict="pass", window=1, threshold=0.1, rule="drift"):
        return replace(
            template,
            column=column,
            value=value,
            verdict=verdict,
            window=window,
            threshold=threshold,
            rule=rule,
        )

    return make


# Columns


def names(ranked):
    return [item.worst.column for item in ranked]


def test_failed_columns_come_first_then_passed_then_unknown_ones(said):
    found = [
        said("unknown", 0.9, "unknown"),
        said("near", 0.09),
        said("failed", 0.11, "fail"),
        said("far by chance", 0.5),
    ]
    assert names(rank(found)) == ["failed", "far by chance", "near", "unknown"]


def test_priority_is_drift_in_units_of_its_threshold_times_importance(said):
    found = [said("a", 0.5, "fail"), said("b", 0.4, "fail"), said("c", 0.6, "fail", threshold=0.3)]
    ranked = rank(found, {"a": 0.2, "b": 0.7, "c": 0.1})
    assert names(ranked) == ["b", "a", "c"]
    assert [item.priority for item in ranked] == pytest.approx([4 * 0.7, 5 * 0.2, 2 * 0.1])
    assert [item.importance for item in ranked] == [0.7, 0.2, 0.1]
    assert names(rank(found)) == ["a", "b", "c"]


def test_a_column_without_an_importance_counts_in_full(said):
    ranked = rank([said("a", 0.3, "fail"), said("score", 0.2, "fail")], {"a": 0.5})
    assert names(ranked) == ["score", "a"]
    assert (ranked[0].importance, ranked[0].priority) == (None, pytest.approx(2.0))


def test_columns_on_which_nothing_rests_are_in_the_order_of_their_drift(said):
    found = [said(name, value, "fail") for name, value in (("a", 0.2), ("b", 0.4), ("c", 0.3))]
    assert names(rank(found, {"a": 0.0, "b": 0.0, "c": 0.0})) == ["b", "c", "a"]


def test_a_column_is_represented_by_its_furthest_failure(said):
    found = [
        said("a", 0.2, "fail", window=7),
        said("a", 0.3, "fail", window=28),
        said("a", 0.9, "pass", window=1),
        said("a", 0.04, "pass", threshold=0.05, rule="nulls"),
    ]
    (only,) = rank(found)
    assert (only.worst.window, only.worst.value) == (28, 0.3)
    assert severity(only.worst) > severity(said("a", 0.9))
    assert rank([]) == []


# Bins


def counted(*rows):
    return np.array(rows, dtype=np.int64)


def column(*labels):
    return ColumnReference("categorical", counted(*[0] * (len(labels) + 3)), values=labels)


def test_moved_bins_are_told_in_shares_largest_change_first():
    found = moved_bins(
        column("a", "b", "c"), counted(50, 30, 20, 0, 0, 0), counted(30, 35, 25, 0, 4, 6)
    )
    assert found == [
        MovedBin("a", 0.5, 0.3),
        MovedBin("null", 0.0, 0.06),
        MovedBin("b", 0.3, 0.35),
        MovedBin("c", 0.2, 0.25),
        MovedBin("unseen", 0.0, 0.04),
    ]


def test_what_stayed_is_left_out_and_most_are_shown():
    past, now = counted(50, 30, 20, 0, 0, 0), counted(40, 30, 30, 0, 0, 0)
    assert [item.label for item in moved_bins(column("a", "b", "c"), past, now)] == ["a", "c"]
    assert [item.label for item in moved_bins(column("a", "b", "c"), past, now, most=1)] == ["a"]
    assert moved_bins(column("a", "b", "c"), past, past) == []
    assert moved_bins(column("a", "b", "c"), past, 10 * past) == []


def test_bins_of_numbers_are_named_by_their_interval():
    reference = Reference.fit(pa.table({"x": np.arange(1000.0)}), bins=4).columns["x"]
    top, *_ = moved_bins(reference, reference.counts, counted(0, 0, 0, 1000, 0, 0))
    assert top == MovedBin(">= 750", 0.25, 1.0)


def test_no_rows_have_no_share():
    past = counted(60, 40, 0, 0, 0)
    found = moved_bins(column("a", "b"), past, counted(0, 0, 0, 0, 0))
    assert [(item.before, item.after) for item in found] == [(0.6, 0.0), (0.4, 0.0)]


# Segments


def segments(**rows):
    return {name: ColumnProfile(counted(*counts)) for name, counts in rows.items()}


def shares(before, after):
    return {item.segment: item.share for item in segment_shifts(before, after)}


def test_a_shift_within_one_segment_is_that_segments():
    before = segments(north=(80, 20), south=(80, 20), west=(40, 10))
    after = segments(north=(80, 20), south=(20, 80), west=(40, 10))
    found = segment_shifts(before, after)
    assert [(item.segment, item.share) for item in found] == [
        ("south", pytest.approx(1)),
        ("north", pytest.approx(0)),
        ("west", pytest.approx(0)),
    ]
    assert [item.distance for item in found] == pytest.approx([0.6, 0, 0])
    assert [item.before for item in found] == pytest.approx([0.4, 0.4, 0.2])


def test_a_segment_that_grew_has_the_shift_that_its_rows_bring():
    before = segments(young=(90, 10), old=(10, 90))
    after = segments(young=(270, 30), old=(10, 90))
    found = {item.segment: item for item in segment_shifts(before, after)}
    assert [found[name].distance for name in ("young", "old")] == pytest.approx([0, 0])
    assert found["young"].after == pytest.approx(0.75)
    assert sum(item.share for item in found.values()) == pytest.approx(1)
    assert found["young"].share > 0


def test_a_segment_that_moved_against_the_rest_has_a_negative_share():
    before = segments(a=(50, 50), b=(50, 50))
    after = segments(a=(10, 90), b=(60, 40))
    found = shares(before, after)
    assert found == pytest.approx({"a": 4 / 3, "b": -1 / 3})


def test_segments_that_came_and_went_have_shares_and_no_distance():
    before, after = segments(a=(50, 0), gone=(50, 0)), segments(a=(50, 0), new=(0, 50))
    found = {item.segment: item for item in segment_shifts(before, after)}
    assert set(found) == {"a", "gone", "new"}
    assert sum(item.share for item in found.values()) == pytest.approx(1)
    assert found["new"].share == found["gone"].share == pytest.approx(0.5)
    assert (found["new"].before, found["gone"].after) == (0, 0)
    assert found["new"].distance == found["gone"].distance == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({}, segments(a=(5, 5))),
        (segments(a=(5, 5)), {}),
        (segments(a=(0, 0)), segments(a=(5, 5))),
    ],
)
def test_without_rows_on_both_sides_there_is_nothing_to_divide(before, after):
    assert segment_shifts(before, after) == []


def test_where_nothing_moved_nobody_has_a_share():
    before = segments(a=(50, 50), b=(30, 70))
    assert shares(before, before) == {"a": 0.0, "b": 0.0}
    assert all(math.copysign(1, item.share) == 1 for item in segment_shifts(before, before))


def test_shares_add_up_to_one_whatever_moved():
    rng = np.random.default_rng(5)
    for _ in range(20):
        before, after = (
            {number: ColumnProfile(rng.integers(0, 50, 8)) for number in rng.choice(9, 5, False)}
            for _ in range(2)
        )
        assert sum(item.share for item in segment_shifts(before, after)) == pytest.approx(1)


def test_segments_of_rows_without_a_value_and_of_other_types_are_named():
    reference = Reference.fit(pa.table({"x": [0, 1] * 50}))
    by = [True, False, None, True]
    found = profile_by(reference, pa.table({"x": [0, 1, 1, 1], "by": by}), "by")
    side = {value: one["x"] for value, one in found.items()}
    assert {item.segment for item in segment_shifts(side, side)} == {"True", "False", "null"}
