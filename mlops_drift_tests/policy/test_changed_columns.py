"""Decisions where the columns of the champion are not those that are declared."""

from mlops_drift.policy.decision import COLUMNS_CHANGED
from mlops_drift.policy.situation import NO_DAY_YET
from mlops_drift_tests.policy.decisions import POLICY, day, decided, evidence, failed, past


def changed(on=12, **changes):
    return failed(COLUMNS_CHANGED, on=on, subject="columns", reason="plan is new", **changes)


def test_changed_columns_retrain_whatever_checks_may():
    policy = POLICY.model_copy(update={"retrain_on": []})
    decision = decided(evidence(checks=[changed()]), policy=policy)
    assert (decision.action, decision.kind, decision.reason) == (
        "retrain",
        "columns",
        "plan is new",
    )
    assert decision.triggers == (COLUMNS_CHANGED,)


def test_only_rows_that_have_all_columns_count_and_are_learned_from():
    waiting = decided(evidence(checks=[changed()], columns_since=day(8)))
    assert (waiting.action, waiting.triggers) == ("wait", (COLUMNS_CHANGED,))
    assert waiting.reason == (
        "80 of 100 labelled rows have all declared columns, which are kept since 2024-10-09"
    )
    decision = decided(evidence(checks=[changed()], columns_since=day(7)))
    assert decision.action == "retrain"
    assert decision.candidates == {"everything": day(7)}


def test_windows_begin_no_earlier_than_the_columns():
    policy = POLICY.model_copy(update={"window_days": 11})
    checks = [changed(), failed(on=12, about=3)]
    decision = decided(evidence(checks=checks, columns_since=day(5)), policy=policy)
    assert set(decision.candidates.values()) == {day(5)}
    assert set(decision.candidates) == {"recent", "since_change", "everything"}


def test_a_first_version_waits_for_rows_that_have_all_columns():
    waiting = decided(evidence(champion=None, columns_since=day(9)))
    assert waiting.reason == "60 of 100 labelled rows for a first version"


def test_a_column_that_has_not_landed_is_waited_for():
    waiting = decided(evidence(checks=[changed()], columns_since=NO_DAY_YET))
    assert waiting.action == "wait"
    assert waiting.reason == "a declared column has not landed so far; no row can be learned from"


def test_changed_columns_wait_for_the_cooldown():
    policy = POLICY.model_copy(update={"cooldown_days": 10})
    assert decided(evidence(checks=[changed()]), policy=policy).action == "nothing"


def test_in_the_mode_alert_a_change_is_reported_once():
    policy = POLICY.model_copy(update={"mode": "alert"})
    first = decided(evidence(checks=[changed()]), policy=policy)
    assert (first.action, first.reason) == (
        "alert",
        "plan is new; mode is alert: nothing is trained",
    )
    alerted = past(
        12,
        id=first.id,
        action="alert",
        labelled=0,
        triggers=first.triggers,
        evidence=first.evidence,
    )
    assert decided(evidence(on=13, checks=[changed(on=13)]), [alerted], policy).action == "nothing"
    other = failed(COLUMNS_CHANGED, on=14, subject="columns", reason="plan is new, age is gone")
    assert decided(evidence(on=14, checks=[other]), [alerted], policy).action == "alert"
