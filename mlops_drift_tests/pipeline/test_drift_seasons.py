"""Drift beside a weekly pattern: windows against the same days of past weeks."""

import numpy as np
import pandas as pd
import pytest

from mlops_drift_tests.pipeline.served import Served, features_of, values_of, verdicts
from mlops_drift_tests.tiny import day


def weekly(number, by=0.0, n=200):
    """A day of a weekly pattern: `a` goes up and down by a standard deviation."""
    wave = 1.5 * np.sin(2 * np.pi * (number % 7) / 7)
    return features_of(number, n, a=features_of(number, n)["a"] + wave + by)


PATTERN = pd.concat([weekly(number, n=100) for number in range(-14, 0)])
SEASON = {"period_days": 7, "periods": 2}


def in_season(lake, first, *frames, **drift):
    """A champion of the day before the first one."""
    served = Served(lake, **drift)
    served.promote(1, on=first - 1, trained=PATTERN)
    served.put_days(*frames)
    return served


def test_a_weekly_pattern_fails_against_the_frozen_reference(memory_lake):
    served = in_season(memory_lake, 14, *(weekly(number) for number in range(14, 18)))
    found = served.measure(14, 17)
    assert {verdicts(item)["a"].verdict for item in found} == {"pass", "fail"}
    assert {item.baseline for one in found for item in one.verdicts} == {"reference"}


def test_a_weekly_pattern_passes_against_the_same_days_of_past_weeks(memory_lake):
    served = in_season(memory_lake, 14, *(weekly(number) for number in range(21)), season=SEASON)
    found = served.measure(14, 20)
    for item in found:
        assert {one.verdict for one in item.verdicts} == {"pass"}
        for window in item.windows:
            baselines = {name: one.baseline for name, one in verdicts(item, window=window).items()}
            assert baselines == {
                **dict.fromkeys(["a", "b", "c"], "season"),
                **dict.fromkeys(["score", "prediction"], "reference"),
            }
    assert verdicts(found[0])["a"].measures.n_reference == 400
    past = [weekly(number) for number in (0, 7)]
    mean = np.mean(values_of(*past, column="a"))
    assert verdicts(found[0])["a"].measures.mean_reference == pytest.approx(mean, abs=1e-5)
    assert {row["baseline"] for row in served.stored()} == {"season", "reference"}


def test_drift_on_top_of_the_pattern_still_fails(memory_lake):
    days = [weekly(number, by=1.0 * (number >= 16)) for number in range(17)]
    served = in_season(memory_lake, 14, *days, season=SEASON)
    *quiet, moved = served.measure(14, 16)
    assert {verdicts(item)["a"].verdict for item in quiet} == {"pass"}
    failed = verdicts(moved)["a"]
    assert (failed.verdict, failed.baseline) == ("fail", "season")
    assert "compared with the same period of the past" in failed.reason


def test_with_too_little_history_the_frozen_reference_counts(memory_lake):
    served = in_season(memory_lake, 0, *(weekly(number) for number in range(9)), season=SEASON)
    found = served.measure(5, 8)
    assert [verdicts(item)["a"].baseline for item in found] == ["reference"] * 2 + ["season"] * 2


def test_too_few_rows_of_the_past_are_no_season(memory_lake):
    days = [weekly(0, n=29), weekly(1, n=30), weekly(7), weekly(8)]
    served = in_season(memory_lake, 7, *days, season={"period_days": 7}, min_rows=30)
    found = served.measure(7, 8)
    assert [verdicts(item)["a"].baseline for item in found] == ["reference", "season"]


def test_a_window_cut_by_a_promotion_is_held_against_the_same_weekdays(memory_lake):
    days = [weekly(number) for number in range(24)]
    served = in_season(memory_lake, 20, *days, season=SEASON, windows=[1, 7])
    found = served.measure(20, 23)
    for item, length in zip(found[1:], (2, 3, 4), strict=True):
        mine = verdicts(item, window=7)["a"]
        assert (mine.measures.n, mine.measures.n_reference) == (200 * length, 400 * length)
        assert (mine.baseline, mine.verdict) == ("season", "pass")


def test_a_part_of_a_past_week_does_not_stand_in_for_it(memory_lake):
    days = [weekly(number) for number in range(17)]
    served = in_season(memory_lake, 7, *days, season=SEASON, windows=[7])
    *_, last = served.measure(10, 16)
    mine = verdicts(last, window=7)["a"]
    assert mine.verdict == "pass"
    assert (mine.baseline, mine.measures.n_reference) == ("season", 1400)


def test_a_column_that_came_after_the_past_is_compared_with_the_reference(memory_lake):
    days = [weekly(number) for number in range(15)]
    days[:10] = [one.assign(b=np.nan) for one in days[:10]]
    served = in_season(memory_lake, 14, *days, season=SEASON)
    kept = {(name, one.type, ""): day(0) for name, one in served.spec.columns.items()}
    served.model.landing.note_columns({**kept, ("b", "number", ""): day(10)}, day(13))
    found = verdicts(*served.measure(14))
    assert (found["b"].baseline, found["b"].verdict) == ("reference", "pass")
    assert (found["a"].baseline, found["a"].verdict) == ("season", "pass")


def test_a_season_has_its_closed_days_too(memory_lake):
    days = [weekly(number) for number in range(21) if number % 7 != 3]
    served = in_season(memory_lake, 14, *days, season={"period_days": 7}, windows=[1, 7])
    found = served.measure(14, 20)
    assert found[3].events == 0
    assert verdicts(found[3])["a"].verdict == "unknown"
    assert {one.verdict for item in found for one in verdicts(item, window=7).values()} == {"pass"}
    assert {verdicts(item, window=7)["a"].baseline for item in found[1:3]} == {"season"}
    assert verdicts(found[6], window=7)["a"].measures.n_reference == 1200


def test_a_shift_against_the_season_is_divided_against_the_season(memory_lake):
    now = weekly(15)
    days = [*(weekly(number) for number in range(15))]
    moved = now.assign(a=now["a"] + 2.0 * (now["c"] == "red"))
    served = in_season(memory_lake, 14, *days, moved, season=SEASON, segments=["c"], windows=[1])
    *_, found = served.measure(14, 15)
    (shift,) = [item for item in found.shifts if item.column == "a"]
    red, blue = shift.segments
    assert red.segment == "red"
    then = pd.concat([weekly(1), weekly(8)])
    assert red.before == pytest.approx((then["c"] == "red").mean())
    assert red.share > 0.85
    assert blue.distance < 0.25
