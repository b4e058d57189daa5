"""The share of rows that rules answer is compared with that on the version's test split."""

from types import SimpleNamespace

import pytest

from mlops_drift.monitors.rules_share import RulesMonitor, RulesShare
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.pipeline.place import day, describe

SPEC = describe()
CHAMPION = SimpleNamespace(version=3, as_of=day(0))
TESTED = {None: 970, "low_probability": 30}


def context_of(by_day, tested=TESTED, champion=CHAMPION):
    """Rows of each day by number and reason."""

    def answers(since, until, version):
        assert version == champion.version
        return {day(n): one for n, one in by_day.items() if since <= day(n) <= until}

    return MemoryContext(
        SPEC,
        [day(number) for number in by_day],
        champion=lambda one: champion,
        answers=answers,
        tested_answers=lambda version: tested,
    )


def judged(by_day, number, tested=TESTED, **settings):
    """What the check finds on a day, by length of the window."""
    check = RulesShare(RulesMonitor(**settings))
    return {one.window: one for one in check.evaluate(context_of(by_day, tested), day(number))}


def test_a_share_as_on_the_test_split_passes():
    found = judged({5: {None: 290, "low_probability": 10}}, 5)
    assert list(found) == [1]
    assert (found[1].verdict, found[1].code, found[1].n) == ("pass", "within_limit", 300)
    assert (found[1].value, found[1].threshold) == pytest.approx((1 / 30, 0.08))
    assert found[1].reason == (
        "rules answered 3.3 % of 300 rows on 2024-03-06 (low_probability 3.3 %); 3.0 % on the test "
        "split of version 3, limit 8.0 %"
    )


def test_a_share_far_above_it_fails_with_its_reasons():
    found = judged({5: {None: 240, "low_probability": 40, "timeout": 20}}, 5)
    assert (found[1].verdict, found[1].code) == ("fail", "beyond_limit")
    assert found[1].q < 1e-9
    assert found[1].reason == (
        "rules answered 20.0 % of 300 rows on 2024-03-06 (low_probability 13.3 %, timeout 6.7 %); "
        "3.0 % on the test split of version 3, limit 8.0 %"
    )


def test_a_version_that_rules_never_answered_for_fails_by_failures_alone():
    days = {5: {None: 470, "error": 30}}
    assert judged(days, 5, {None: 400})[1].verdict == "fail"
    assert judged(days, 5, {None: 400}, max_rise=0.07)[1].verdict == "pass"


def test_a_rise_of_few_rows_is_not_significant():
    found = judged({5: {None: 91, "low_probability": 9}}, 5)
    assert (found[1].verdict, found[1].code) == ("pass", "not_significant")
    assert "not significant (q = 0.00" in found[1].reason


def test_a_window_adds_up_the_days_that_the_version_has_served():
    days = {number: {None: 40, "error": 10} for number in range(9)}
    found = judged(days, 4)
    assert {length: one.n for length, one in found.items()} == {1: 50, 7: 200}
    assert (found[1].verdict, found[1].code) == ("unknown", "too_few_rows")
    assert found[7].verdict == "fail"
    assert judged(days, 8)[7].n == 350


def test_without_rows_or_a_test_split_nothing_is_known():
    [nothing] = judged({5: {None: 300}}, 30).values()
    assert (nothing.verdict, nothing.code) == ("unknown", "no_rows")
    for tested in (None, {None: 20}):
        [found] = judged({5: {None: 300}}, 5, tested).values()
        assert (found.verdict, found.code) == ("unknown", "no_baseline")
    no_champion = MemoryContext(SPEC, [day(5)])
    assert RulesShare(RulesMonitor()).evaluate(no_champion, day(5)) == []


def test_the_page_lists_the_reasons_beside_those_of_the_test_split():
    context = context_of({5: {None: 240, "error": 60}})
    check = RulesShare(RulesMonitor())
    explained = check.explain(context, check.evaluate(context, day(5)))
    assert explained.tables["reasons"] == [
        {
            "reason": "answered by the version",
            "rows": 240,
            "share": 0.8,
            "share on the test split": 0.97,
        },
        {"reason": "error", "rows": 60, "share": 0.2, "share on the test split": 0.0},
        {"reason": "low_probability", "rows": 0, "share": 0.0, "share on the test split": 0.03},
    ]
