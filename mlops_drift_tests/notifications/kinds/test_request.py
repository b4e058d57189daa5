"""What the webhook of a policy gets."""

import json
from datetime import date

import pytest

from mlops_drift.notifications.config import Notifications
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.request import Request, request_id
from mlops_drift.policy.decision import DecisionRecord
from mlops_drift.schema.webhook import Endpoint

DAY = date(2024, 10, 5)
HOOK = Endpoint(url="${HOOK}", secret="${SECRET}")


def test_a_decision_to_retrain_is_one_request():
    record = DecisionRecord("retrain", "accuracy fell", DAY, "loans-v2-x", "drift", version=2)
    [message] = Request().messages(History("loans", decisions=[record]))
    assert message.id == request_id(record) == "loans-v2-x-requested"
    event = json.loads(message.event)
    assert event["type"] == "mlops_drift.retraining.requested"
    assert event["data"]["decision"] == "loans-v2-x"
    assert event["data"]["reason"] == "accuracy fell"


@pytest.mark.parametrize(
    ("action", "kind"), [("alert", "drift"), ("promote", "external"), ("retrain", "by_hand")]
)
def test_nothing_else_is_a_request(action, kind):
    record = DecisionRecord(action, "why", DAY, "loans-v2-x", kind)
    assert list(Request().messages(History("loans", decisions=[record]))) == []


def test_only_the_webhook_of_the_policy_gets_requests():
    other = {"url": "https://ops.example", "secret": "${OPS}"}
    config = Notifications(webhooks=[other]).with_requests(HOOK)
    assert "request" not in Notifications(webhooks=[other]).kinds
    kinds = {one.url: config.kinds_for(one) for one in config.webhooks}
    assert kinds["${HOOK}"] == ["request"]
    assert "request" not in kinds["https://ops.example"]
    assert "request" in config.kinds
