import numpy as np
import pytest

from mlops_drift.explore.numeric import (
    Ordered,
    bins_of,
    outliers_of,
    spread_of,
    stands_of,
)


def of(values):
    ordered = Ordered(np.sort(np.asarray(values, dtype=float)))
    return ordered, spread_of(ordered)


def test_the_spread_is_that_of_numpy():
    values = np.random.default_rng(1).normal(5, 2, 1001).round(1)
    ordered, found = of(values)
    expected = np.quantile(values, [0.01, 0.25, 0.5, 0.75, 0.99])
    shown = [found.q01, found.q25, found.median, found.q75, found.q99]
    assert shown == pytest.approx(expected.tolist())
    assert (found.mean, found.std) == pytest.approx((values.mean(), values.std()))
    assert len(ordered.distinct) == len(np.unique(values))


def test_the_most_frequent_values_come_first_and_of_equal_ones_the_smaller():
    ordered, _ = of([3, 3, 3, 9, 9, 1, 1, 5])
    assert ordered.most_frequent(3) == [(3, 3), (1, 2), (9, 2)]


@pytest.mark.parametrize("shift", [0, 1000])
def test_outliers_lie_beyond_three_interquartile_ranges(shift):
    values = [*(shift + np.arange(101) - 200), shift + 51, shift - 500]
    found = outliers_of(*of(values))
    assert found.rows == 2
    assert (found.lowest, found.highest) == ((shift - 500,), (shift + 51,))
    assert found.reach == pytest.approx((-174.5 + 500) / 153, abs=0.05)


def test_a_long_tail_of_positive_numbers_is_no_outlier_and_a_mistake_in_it_is():
    values = np.random.default_rng(2).lognormal(3, 1, 5000)
    assert outliers_of(*of(values)).rows <= 1
    assert outliers_of(*of([*values, 1e9])).highest[0] == 1e9


def test_a_column_of_mostly_one_value_and_one_of_few_values_have_no_outliers():
    assert outliers_of(*of([0] * 90 + list(range(30)))) is None
    assert outliers_of(*of([1, 2, 3] * 50 + [100])) is None


def test_an_odd_value_that_is_frequent_may_stand_for_missing():
    ages = np.random.default_rng(3).integers(18, 80, 1000)
    [found] = stands_of(*of([*ages, *[-999] * 20]), is_moment=False)
    assert (found.value, found.rows) == ("-999", 20)
    [found] = stands_of(*of([*ages, *[-1] * 6]), is_moment=False)
    assert (found.value, found.rows) == ("-1", 6)
    # Odd without being one of those that people use.
    [found] = stands_of(*of([*ages, *[5000] * 20]), is_moment=False)
    assert (found.value, found.rows) == ("5000", 20)
    assert stands_of(*of([*ages, *[99] * 20]), is_moment=False) == ()


def test_a_day_far_before_all_others_may_stand_for_missing():
    days = np.repeat(np.arange(19000, 19100), 10)
    [found] = stands_of(*of([*days, *[0] * 8]), is_moment=True)
    assert (found.value, found.rows) == ("1970-01-01", 8)


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).normal(0, 1, 500),
        np.random.default_rng(1).lognormal(0, 3, 500),
        np.arange(500) % 90,
        np.arange(500) / 1e12,
        np.arange(500) + 1e15,
        [1.0, 2, 2, 3],
        [7.0],
        [0] * 400 + list(range(1, 40)),
        [-1e308, 1e308, *range(40)],
        [-1.7e308] * 15 + [1.7e308] * 15 + list(range(20)),
    ],
)
@pytest.mark.parametrize("is_moment", [False, True])
def test_each_value_is_in_one_bin_and_bins_are_few(values, is_moment):
    ordered, spread = of(values)
    bins = bins_of(ordered, spread, is_moment)
    index = bins.index(ordered.values)
    assert index.min() >= 0
    assert index.max() < len(bins.labels) <= 60
    assert np.all(np.diff(index) >= 0)


def test_bins_are_round_and_say_what_lies_beyond():
    ordered, spread = of([*np.linspace(0.1, 9.9, 400), 1e6])
    labels = bins_of(ordered, spread, is_moment=False).labels
    assert labels[:2] == ("0 to 1", "1 to 2")
    assert labels[-1].startswith("from ")
