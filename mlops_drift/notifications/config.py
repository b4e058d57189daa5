"""Who gets messages about a model, and which: the section `notifications` of the YAML."""

from typing import Annotated

from pydantic import Field, field_validator

from mlops_drift.notifications.registry import KINDS, notification_kind
from mlops_drift.schema.fields import Distinct, Strict


class Notifications(Strict):
    """Receivers of messages about a model, and the kinds of messages.

    A receiver that is down gets its messages when it is up again.
    """

    urls: list[str] = Field(
        [],
        description="Apprise URLs of the receivers, such as `slack://${SLACK_TOKENS}/#models` or "
        "`json://alerts.example.com/`. `$NAME` and `${NAME}` are environment variables, read when "
        "a message is sent; their values are percent-encoded where a URL requires it. Without a "
        "URL nothing is sent.",
    )
    about: Annotated[list[str], Distinct] = Field(
        list(KINDS),
        description="Kinds of messages to send: failed_check, decision, promotion, broken_check, "
        "or your own.",
    )

    @field_validator("about")
    @classmethod
    def _kinds_exist(cls, about: list[str]) -> list[str]:
        for name in about:
            notification_kind(name)
        return about
