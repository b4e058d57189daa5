import pytest
import yaml
from pydantic import ValidationError

from mlops_drift.notifications.config import Notifications


def test_every_kind_is_sent_by_default_and_to_nobody():
    config = Notifications()
    assert config.urls == []
    assert len(config.about) == 4


def test_the_fields_can_be_written_in_yaml():
    written = "urls: ['json://127.0.0.1/${HOOK}']\nabout: [decision, promotion]\n"
    config = Notifications(**yaml.safe_load(written))
    assert config.urls == ["json://127.0.0.1/${HOOK}"]
    assert config.about == ["decision", "promotion"]


def test_an_unknown_kind_is_an_error_that_lists_the_kinds():
    with pytest.raises(ValidationError, match=r"'failed_checks' is not one of .*: failed_check, "):
        Notifications(about=["failed_checks"])
