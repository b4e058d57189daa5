from datetime import date, timedelta

import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.simulation.period import period
from mlops_drift_tests.tiny import SPEC, day, merged

LONG_AFTER = date(2025, 1, 1)
ENDLESS = {"end_date": None}


def asked(first, last, changes=None, today=LONG_AFTER):
    return period(ModelSpec(**merged(SPEC, changes or {})), first, last, today)


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [(None, None, (0, 6)), (2, None, (2, 6)), (None, 2, (0, 2)), (2, 2, (2, 2))],
)
def test_without_bounds_all_days_of_the_model_are_meant(first, last, days):
    found = asked(*(None if number is None else day(number) for number in (first, last)))
    assert found == (day(days[0]), day(days[1]))


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (day(-1), day(2), f"--from {day(-1)}: tiny has days from {day(0)} to {day(6)}"),
        (None, day(-1), f"--until {day(-1)}: tiny has days from {day(0)} to {day(6)}"),
        (None, day(7), f"--until {day(7)}: tiny has days from {day(0)} to {day(6)}"),
        (day(7), None, f"--from {day(7)}: tiny has days from {day(0)} to {day(6)}"),
        (day(3), day(2), f"--until {day(2)} is before --from {day(3)}"),
    ],
)
def test_the_option_that_does_not_fit_is_named_with_what_would(first, last, told):
    with pytest.raises(UserError) as caught:
        asked(first, last)
    assert str(caught.value) == told


def test_a_model_without_an_end_asks_for_one():
    with pytest.raises(UserError, match="--until DAY"):
        asked(None, None, ENDLESS)


@pytest.mark.parametrize("days", [0, 1, 3000])
def test_a_day_that_has_not_ended_is_refused_with_the_last_one_that_has(days):
    later = day(4) + timedelta(days=days)
    with pytest.raises(UserError, match=f"--until {later}: .* is {day(3)}$"):
        asked(None, later, ENDLESS, today=day(4))


def test_an_end_to_come_means_as_far_as_days_have_ended():
    assert asked(None, None, today=day(4)) == (day(0), day(3))


def test_a_start_to_come_is_named():
    with pytest.raises(UserError, match=f"tiny starts on {day(0)}, which has not ended yet"):
        asked(None, day(3), today=day(0))
