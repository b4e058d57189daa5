"""On which rows a decision trains."""

from dataclasses import replace

from mlops_drift_tests.policy.decisions import POLICY, day, decided, evidence, failed, past


def test_after_a_performance_drop_the_rows_since_the_change_are_a_candidate_if_they_are_enough():
    checks = [failed(on=11, about=9), failed(on=12, about=10)]
    assert decided(evidence(checks=checks)).candidates == {
        "since_change": day(9),
        "everything": None,
    }
    late = [failed(on=12, about=10)]
    assert decided(evidence(checks=late)).candidates == {"everything": None}
    few = replace(evidence(checks=checks), labelled={day(9): 59, day(1): 500})
    assert decided(few).candidates == {"everything": None}


def test_after_drift_alone_there_is_no_day_of_change():
    drift = [failed("feature_drift", on=9)]
    assert decided(evidence(checks=drift)).candidates == {"everything": None}
    policy = POLICY.model_copy(update={"window_days": 5})
    assert decided(evidence(checks=drift), policy=policy).candidates == {
        "recent": day(7),
        "everything": None,
    }


def test_the_recent_window_counts_back_from_the_last_labelled_day():
    policy = POLICY.model_copy(update={"window_days": 3})
    labelled = {day(0): 100, day(8): 100}
    first = decided(evidence(champion=None, labelled=labelled), policy=policy)
    assert first.candidates == {"recent": day(6)}
    late = [failed(on=12, about=10)]
    decision = decided(evidence(checks=late, labelled=labelled), policy=policy)
    assert decision.candidates["recent"] == day(6)


def test_only_allowed_training_windows_are_candidates():
    checks = [failed(on=11, about=9)]
    policy = POLICY.model_copy(update={"training_windows": ["since_change"]})
    assert decided(evidence(checks=checks), policy=policy).candidates == {"since_change": day(9)}
    few = replace(evidence(checks=checks), labelled={day(9): 59, day(1): 500})
    assert decided(few, policy=policy).candidates == {"everything": None}


def test_the_change_is_looked_for_in_the_present_episode():
    checks = [failed(on=7, about=6), failed(on=30, about=28), failed(on=31, about=29)]
    given = evidence(on=31, checks=checks, labelled={day(n): 30 for n in range(32)})
    assert decided(given).candidates["since_change"] == day(28)


def test_a_rejected_challenger_does_not_make_the_change_later():
    drops = [failed(on=number) for number in (9, 10, 11, 12)]
    given = evidence(checks=drops, labelled={day(n): 20 for n in range(13)})
    rejected = past(number=11, outcome="rejected", labelled=200)
    assert decided(given, [rejected]).candidates["since_change"] == day(9)
