"""What leads on from a message: what happens next, and links to what its facts name."""

import json
from datetime import date

import pytest

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.notifications.history import BrokenStep, History, MissingFile
from mlops_drift.notifications.kinds.broken_check import BrokenCheck
from mlops_drift.notifications.kinds.decision import Decision
from mlops_drift.notifications.kinds.failed_check import FailedCheck
from mlops_drift.notifications.kinds.promotion import Promotion
from mlops_drift.notifications.ways import NextStep, Ways
from mlops_drift.policy.decision import DecisionRecord, Outcome

DAY = date(2024, 10, 5)
STEP = NextStep("wait: 0 of 500 new labels", "mlops-drift log shop")
FAILED = CheckEvaluation(
    check="null_spike",
    day=DAY,
    version=3,
    window=1,
    production_day=DAY,
    subject="age",
    verdict="fail",
    code="beyond_limit",
    reason="age lost values",
    value=0.08,
    threshold=0.05,
    n=500,
)
DECIDED = DecisionRecord("retrain", "it fell", DAY, "shop-v3-x", "drift", ("null_spike",), 3)


@pytest.fixture(autouse=True)
def addresses(monkeypatch):
    monkeypatch.setenv("MLOPS_DRIFT_DAGSTER_UI", "http://dagster")
    monkeypatch.setenv("MLOPS_DRIFT_REPORTS", "http://reports")


def ways(step=STEP, asked=None):
    def next_step():
        if asked is not None:
            asked.append(1)
        return step

    return Ways(
        next_step,
        lambda version: f"http://mlflow/{version}",
        {"shop-v3-x": "run-1"}.get,
        {"null_spike": "drift_metrics"},
    )


REPORT = "http://reports/shop.html#2024-10-05"
CHECK = "http://dagster/assets/shop/drift_metrics?view=checks&checkDetail=null_spike"


def message(kind, **happened):
    [found] = kind.messages(History("shop", ways=ways(), **happened))
    return found


def pages(kind, **happened):
    return json.loads(message(kind, **happened).event)["data"]["links"]


def test_a_message_ends_with_what_happens_next_and_with_its_links():
    found = message(FailedCheck(), evaluations=[FAILED], advice={"null_spike": "Look at it."})
    assert found.body == (
        "Version 3:\n- age lost values\n\nLook at it.\n\n"
        "next: wait: 0 of 500 new labels\n"
        "command: mlops-drift log shop\n"
        f"report: {REPORT}\n"
        f"check: {CHECK}\n"
        "version: http://mlflow/3"
    )
    data = json.loads(found.event)["data"]
    assert data["text"] == "Version 3:\n- age lost values\n\nLook at it."
    assert (data["next"], data["command"]) == (STEP.text, STEP.command)


def test_an_event_without_a_command_has_null_and_its_message_no_such_line():
    history = History("shop", evaluations=[FAILED], ways=ways(NextStep("nothing: no failed check")))
    [found] = FailedCheck().messages(history)
    assert json.loads(found.event)["data"]["command"] is None
    assert "command" not in found.body


def test_a_decision_links_to_its_check_champion_and_run():
    assert pages(Decision(), decisions=[DECIDED]) == {
        "report": REPORT,
        "check": CHECK,
        "version": "http://mlflow/3",
        "run": "http://dagster/runs/run-1",
    }


def test_a_promotion_links_to_the_version_that_serves_now():
    outcome = Outcome("promoted", DAY, "gates passed", 4)
    promoted = DecisionRecord(**{**vars(DECIDED), "outcome": outcome})
    assert pages(Promotion(), decisions=[promoted])["version"] == "http://mlflow/4"


def test_a_first_training_and_a_decision_without_a_run_have_no_such_links():
    first = DecisionRecord("retrain", "no version serves", DAY, "shop-v0-x", "first")
    assert pages(Decision(), decisions=[first]) == {"report": REPORT}


def test_a_broken_step_links_to_its_run_and_a_missing_file_to_its_day():
    broken = [BrokenStep("run-2", "drift_metrics", DAY, "OSError: disk is full")]
    assert pages(BrokenCheck(), broken=broken) == {
        "report": REPORT,
        "run": "http://dagster/runs/run-2",
    }
    missing = [MissingFile(DAY, "labels", "5.csv")]
    assert pages(BrokenCheck(), missing=missing) == {
        "report": REPORT,
        "labels": "http://dagster/assets/shop/labels?view=partitions&partition=2024-10-05",
    }


def test_what_was_sent_before_asks_nothing():
    asked = []
    history = History("shop", decisions=[DECIDED], ways=ways(asked=asked))
    [new] = Decision().messages(history)
    assert asked == [1]
    sent = History("shop", decisions=[DECIDED], sent={new.id}, ways=ways(asked=asked))
    [old] = Decision().messages(sent)
    assert (old.id, asked) == (new.id, [1])
