from datetime import date, timedelta

from mlops_drift.lifecycle.check_days import failing_since
from mlops_drift.store.records import CheckDay

FIRST = date(2024, 10, 1)


def days_of(check, verdicts, versions=None):
    """One letter a day: f fails, p passes, u is unknown, a blank has no verdict."""
    words = {"f": "fail", "p": "pass", "u": "unknown"}
    versions = versions or "1" * len(verdicts)
    return [
        CheckDay(FIRST + timedelta(number), check, int(version), words[letter], 2, letter == "f")
        for number, (letter, version) in enumerate(zip(verdicts, versions, strict=True))
        if letter != " "
    ]


def day(number):
    return FIRST + timedelta(number)


def test_an_episode_begins_on_the_first_failing_day_since_the_last_pass():
    assert failing_since(days_of("drift", "fpffu f"), ()) == {"drift": day(2)}


def test_a_check_that_passed_last_has_no_episode():
    assert failing_since(days_of("drift", "ffpuu"), ()) == {}


def test_an_episode_of_a_version_begins_with_that_version():
    found = days_of("drift", "ffff", "1122")
    assert failing_since(found, ()) == {"drift": day(2)}
    assert failing_since(found, {"drift"}) == {"drift": day(0)}


def test_checks_have_their_own_episodes_whatever_the_order():
    found = [*days_of("b", "pf"), *days_of("a", "ff")]
    assert failing_since(found[::-1], ()) == {"a": day(0), "b": day(1)}
