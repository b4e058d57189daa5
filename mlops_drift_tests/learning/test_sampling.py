"""Which share of a sample each class and each day has: exact numbers."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.learning.sampling import Stratum, allocate

MONDAY = date(2024, 10, 7)


def strata(**sizes):
    """The rows of each class on the days from Monday on."""
    return [
        Stratum(MONDAY + timedelta(days=number), label, n)
        for label, days in sizes.items()
        for number, n in enumerate(days)
    ]


def taken(most, **sizes):
    """What a sample takes of each class, by day."""
    found = allocate(strata(**sizes), most)
    return {label: [one.n for one in found if one.label == label] for label in sizes}


def test_each_class_and_each_day_has_its_share():
    assert taken(50, no=[90, 90], yes=[10, 10]) == {"no": [23, 22], "yes": [3, 2]}
    assert taken(40, no=[60, 30, 0], yes=[0, 20, 10]) == {"no": [20, 10, 0], "yes": [0, 7, 3]}


def test_the_largest_remainder_has_the_row_that_is_left():
    assert taken(10, a=[45], b=[31], c=[24]) == {"a": [5], "b": [3], "c": [2]}
    assert taken(10, a=[44], b=[38], c=[18]) == {"a": [4], "b": [4], "c": [2]}


def test_a_class_of_one_row_is_never_lost():
    assert taken(100, no=[100_000] * 3, rare=[0, 1, 0]) == {"no": [33, 33, 33], "rare": [0, 1, 0]}
    assert taken(2, no=[1000], rare=[1]) == {"no": [1], "rare": [1]}
    with pytest.raises(ValueError, match="1 rows are too few for 2 classes"):
        taken(1, no=[1000], rare=[1])


def test_a_rare_class_is_spread_over_its_days():
    found = taken(303, no=[100] * 30, rare=[1] * 30)["rare"]
    assert [day for day, n in enumerate(found) if n] == [4, 14, 24]


def test_rows_up_to_the_limit_are_all_taken():
    sizes = {"no": [3, 0], "yes": [1, 5]}
    assert taken(9, **sizes) == sizes
    assert taken(100, **sizes) == sizes
    assert sum(map(sum, taken(8, **sizes).values())) == 8


def test_a_regression_has_days_alone():
    days = [Stratum(MONDAY + timedelta(days=number), None, 10) for number in range(4)]
    assert [one.n for one in allocate(days, 10)] == [3, 2, 3, 2]
    assert allocate([], 10) == []


DAYS = st.lists(st.integers(0, 30), min_size=4, max_size=4)


@given(DAYS, DAYS, DAYS, st.integers(3, 200))
def test_the_sample_is_exact_and_every_share_is_right_to_within_a_row(a, b, c, most):
    sizes = {name: days for name, days in zip("abc", (a, b, c), strict=True) if sum(days)}
    total = sum(map(sum, sizes.values()))
    found = taken(most, **sizes)
    assert sum(map(sum, found.values())) == min(most, total)
    for label, days in sizes.items():
        quota = sum(found[label])
        assert quota >= 1
        assert all(0 <= n <= there for n, there in zip(found[label], days, strict=True))
        for n, there in zip(found[label], days, strict=True):
            assert abs(n - there * quota / sum(days)) <= 1
