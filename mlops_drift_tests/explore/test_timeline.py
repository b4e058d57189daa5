from datetime import date

import numpy as np
import pytest
from scipy.stats import f_oneway

from mlops_drift.explore.timeline import Days, intraclass, mean_by_day, share_by_day, timeline_of
from mlops_drift.explore.values import Values

EPOCH = 19723  # 2024-01-01, a Monday


def days_of(numbers):
    values = Values("day", "DATE", "day", "", np.asarray(numbers, dtype=float), is_moment=True)
    return values, Days.of(values)


@pytest.fixture(scope="module")
def year():
    """Twenty rows on each of 200 days."""
    return days_of(EPOCH + np.repeat(np.arange(200), 20))


EVERYTHING = (-np.inf, np.inf)


def test_rows_by_day_know_gaps_and_rows_without_a_day():
    values, days = days_of([EPOCH, EPOCH, EPOCH + 3.5, np.nan])
    found = timeline_of(values, days)
    assert (found.first, found.rows, found.left_out) == (date(2024, 1, 1), (2, 0, 0, 1), 1)
    assert found.gaps == (date(2024, 1, 2), date(2024, 1, 3))


def test_a_day_far_from_all_others_leaves_room_for_these():
    _, days = days_of([-25567, *(EPOCH + np.repeat(np.arange(50), 100)), 2932896])
    assert (days.first, days.count) == (date(2024, 1, 1), 50)
    assert (days.index < 0).sum() == 2


def test_one_day_or_none_has_no_timeline():
    assert days_of([EPOCH, EPOCH])[1] is None
    assert days_of([np.nan])[1] is None


def test_intraclass_correlation_is_the_share_of_variance_between_days():
    rng = np.random.default_rng(1)
    levels = rng.normal(0, 1, 300).repeat(20)
    values = levels + rng.normal(0, 2, 6000)
    groups = np.arange(300).repeat(20)
    sums = np.bincount(groups, weights=values)
    found, p = intraclass(np.full(300, 20.0), sums, float(values @ values))
    assert found == pytest.approx(0.2, abs=0.03)
    assert p < 1e-10
    assert intraclass(np.ones(5), np.arange(5.0), 30.0) == (0, 1)


def test_the_p_value_between_days_is_that_of_analysis_of_variance():
    groups = np.random.default_rng(1).normal(size=(10, 6))
    sums, squares = groups.sum(axis=1), float((groups**2).sum())
    _, p = intraclass(np.full(10, 6.0), sums, squares)
    assert p == pytest.approx(f_oneway(*groups).pvalue)


def test_days_of_equal_values_have_no_trend(year):
    _, days = year
    # Two days of each hundred hold what no other does.
    hits = np.isin(np.arange(200) % 100, (40, 60)).repeat(20)
    found = share_by_day(days, "x", "share", hits)
    assert found.trend.p > 0.5


def test_a_trend_and_a_season_are_found_with_their_size_in_standard_deviations(year):
    rng = np.random.default_rng(2)
    _, days = year
    weekday = np.arange(200).repeat(20) % 7
    values = rng.normal(0, 1, 4000) + np.arange(200).repeat(20) / 100 + (weekday >= 5)
    found = mean_by_day(days, "x", values, EVERYTHING)
    # The last third of the days lies two thirds of them behind the first.
    assert found.trend.size == pytest.approx(2 * 2 / 3 / values.std(), abs=0.1)
    assert (found.trend.lowest, found.trend.highest) == ("2024-01-01", "2024-07-18")
    assert found.trend.p < 1e-10
    assert found.weekday.highest in ("Saturday", "Sunday")
    assert found.weekday.size == pytest.approx(1 / values.std(), abs=0.25)
    assert found.weekday.p < 1e-10


def test_a_share_that_steps_changes_by_no_more_than_a_share_can(year):
    _, days = year
    missing = np.arange(200).repeat(20) >= 130
    found = share_by_day(days, "x", "share missing", missing)
    assert found.trend.size == pytest.approx(1.0)


def test_without_trend_and_season_nothing_is_significant(year):
    _, days = year
    found = mean_by_day(days, "x", np.random.default_rng(5).normal(size=4000), EVERYTHING)
    assert found.icc < 0.01
    assert found.trend.p > 0.01
    assert found.weekday.p > 0.01


def test_seasons_of_the_year_need_two_years():
    months = np.sin(np.arange(800) / 365.25 * 2 * np.pi)
    _, days = days_of(EPOCH + np.arange(800).repeat(5))
    values = months.repeat(5) + np.random.default_rng(1).normal(0, 0.3, 4000)
    found = mean_by_day(days, "x", values, EVERYTHING)
    assert (found.month.highest, found.month.lowest) in (
        ("March", "September"),
        ("April", "October"),
    )
    _, days = days_of(EPOCH + np.arange(400).repeat(10))
    assert mean_by_day(days, "x", values, EVERYTHING).month is None


def test_a_share_by_day_is_of_the_rows_that_are_not_missing(year):
    _, days = year
    hits, missing = np.zeros(4000, dtype=bool), np.zeros(4000, dtype=bool)
    hits[:5], missing[5:10] = True, True
    found = share_by_day(days, "x", "share of a", hits, missing)
    assert found.values[:2] == (5 / 15, 0.0)
    assert share_by_day(days, "x", "share of a", np.zeros(4000, dtype=bool)) is None
