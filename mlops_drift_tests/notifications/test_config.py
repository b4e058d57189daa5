import pytest
import yaml
from pydantic import ValidationError

from mlops_drift.notifications.config import Notifications, Webhook


def test_every_kind_is_sent_by_default_and_to_nobody():
    config = Notifications()
    assert config.urls == []
    assert len(config.about) == 4
    assert config.kinds == []


def test_the_fields_can_be_written_in_yaml():
    written = "urls: ['json://127.0.0.1/${HOOK}']\nabout: [decision, promotion]\n"
    config = Notifications(**yaml.safe_load(written))
    assert config.urls == ["json://127.0.0.1/${HOOK}"]
    assert config.about == ["decision", "promotion"]


def test_an_unknown_kind_is_an_error_that_lists_the_kinds():
    with pytest.raises(ValidationError, match=r"'failed_checks' is not one of .*: failed_check, "):
        Notifications(about=["failed_checks"])


def webhook(**changes):
    return Webhook(**{"url": "https://ops.example.com/", "secret": "${KEY}", **changes})


def test_a_webhook_gets_kinds_of_its_own_or_those_of_the_section():
    own = webhook(url="${OPS}", about=["decision", "failed_check"])
    config = Notifications(webhooks=[own, webhook()], about=["promotion", "decision"])
    assert [config.kinds_for(one) for one in config.webhooks] == [own.about, config.about]
    assert config.kinds == ["decision", "failed_check", "promotion"]
    assert Notifications(urls=["json://127.0.0.1/"], webhooks=[own], about=[]).kinds == own.about


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({"url": "ftp://s3cr3t/"}, "must begin with https:// or http://"),
        ({"url": "ops.example.com"}, "must begin with https:// or http://"),
        ({"secret": "whsec_s3cr3t"}, "must name the environment variable"),
        ({"secret": "KEY"}, "must name the environment variable"),
        ({"secret": "whsec_${KEY}"}, "must name the environment variable"),
        ({"about": ["failed_checks"]}, "'failed_checks' is not one of"),
        ({"about": ["decision", "decision"]}, "each may be named once"),
    ],
)
def test_a_wrong_field_of_a_webhook_is_an_error_that_does_not_quote_it(changes, right):
    with pytest.raises(ValidationError, match=right) as raised:
        webhook(**changes)
    assert "s3cr3t" not in raised.value.errors()[0]["msg"]


def test_two_webhooks_to_one_url_are_an_error():
    with pytest.raises(ValidationError, match="each url may be named once"):
        Notifications(webhooks=[webhook(), webhook(about=[])])
