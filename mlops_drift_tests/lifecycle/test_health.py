from datetime import date

import pytest

from mlops_drift.lifecycle.health import health_of
from mlops_drift.lifecycle.unserved import Unserved

DAY = date(2024, 10, 5)


def check(name, verdict, *, warns=False, failing=1, subjects=1):
    about = {"since": DAY, "since_before": None, "warns": warns}
    about |= {"failing": failing, "subjects": subjects}
    return {"check": name, "verdict": verdict, "reason": f"reason of {name}", **about}


def status(*checks, following="nothing: all is well", **changes):
    found = {"model": "churn", "last_day": DAY, "champion": {"version": 3}, "checks": checks}
    return found | {"next": following, "shadow": None, "missing_days": []} | changes


WAITING = {"version": 4, "since": DAY, "metric": "f1", "test_value": 0.9, "windows": []}
WINDOW = {"window": 0, "metric": "f1", "difference": 0.2, "lower": 0.1, "upper": 0.3, "n": 960}


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (status(check("a", "pass")), "healthy"),
        (status(check("a", "pass"), check("b", "unknown")), "healthy"),
        (status(check("a", "pass"), check("b", "fail", warns=True)), "healthy"),
        (status(check("a", "unknown")), "unknown"),
        (status(check("a", "pass"), champion=None), "unknown"),
        (status(check("a", "pass"), shadow=WAITING), "waiting"),
        (status(check("a", "pass"), following="give_up: twice rejected"), "waiting"),
        (status(check("a", "pass"), following="nothing: paused since 2024-10-01"), "waiting"),
        (status(check("a", "fail"), shadow=WAITING), "failing"),
    ],
)
def test_the_state_is_the_worst_that_is_true(found, state):
    assert health_of(found, None).state == state


def test_a_failing_check_says_since_when_and_on_how_many_of_how_many():
    health = health_of(status(check("drift", "fail", failing=4, subjects=21)), None)
    assert health.sentences == ["drift fails since 2024-10-05 (4 of 21): reason of drift."]


def test_of_many_failing_checks_the_third_sentence_names_the_rest():
    health = health_of(status(*(check(name, "fail") for name in "abcd")), None)
    assert len(health.sentences) == 3
    assert health.sentences[2] == "c (since 2024-10-05), d (since 2024-10-05) fail too."


def test_a_waiting_challenger_says_by_how_much_it_is_better_and_the_command():
    windows = [{**WINDOW, "champion": 3}, {**WINDOW, "window": 7, "difference": float("nan")}]
    health = health_of(status(shadow={**WAITING, "windows": windows}), None)
    assert health.sentences[0] == (
        "Version 4 waits for approval since 2024-10-05: f1 +0.200 (+0.100 to +0.300) on 960 events "
        "against version 3."
    )
    assert health.command == "mlops-drift approve churn --version 4 --reason …"


def test_while_retraining_is_paused_the_command_shows_why():
    following = "nothing: paused since 2024-10-01; promote a version by hand"
    health = health_of(status(check("a", "fail"), following=following), None)
    assert (health.state, health.command) == ("failing", "mlops-drift log churn")


def test_the_first_version_waits_in_one_sentence():
    why = Unserved("version 4 waits for approval", "approve it")
    health = health_of(status(champion=None, shadow=WAITING), why)
    assert health.sentences == ["No version serves: version 4 waits for approval since 2024-10-05."]


def test_without_a_version_it_says_why():
    health = health_of(status(champion=None), Unserved("too few labels", "run more days"))
    assert health.sentences == ["No version serves: too few labels."]
    assert health.command == "mlops-drift log churn"


def test_a_failure_that_a_retraining_did_not_end_says_since_when_it_lasts():
    lasting = check("drift", "fail") | {"since_before": date(2024, 8, 1)}
    assert health_of(status(lasting), None).sentences == [
        "drift fails since 2024-10-05, and of earlier versions since 2024-08-01: reason of drift."
    ]


def test_what_passes_and_what_is_unknown_is_one_sentence():
    found = status(check("a", "pass"), check("b", "unknown"), check("c", "unknown"))
    assert health_of(found, None).sentences == ["1 of 3 checks pass, 2 unknown: b, c."]


def test_while_a_challenger_waits_the_next_step_is_a_persons():
    health = health_of(status(shadow=WAITING, following="nothing: a challenger waits"), None)
    assert health.next == "you decide: approve or reject version 4"
    assert "f1 on its test split 0.900" in health.sentences[0]
