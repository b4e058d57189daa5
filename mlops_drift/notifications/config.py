"""Who gets messages about a model, and which: the section `notifications` of the YAML."""

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from mlops_drift.notifications.registry import KINDS, REQUEST, notification_kind
from mlops_drift.schema.fields import Distinct, Strict
from mlops_drift.schema.webhook import Endpoint


def _kinds_exist(about: list[str]) -> list[str]:
    for name in about:
        notification_kind(name)
    return about


Kinds = Annotated[list[str], Distinct, AfterValidator(_kinds_exist)]


class Webhook(Endpoint):
    """A system that gets signed events, in the form of https://www.standardwebhooks.com."""

    about: Kinds | None = Field(
        None, description="Kinds of events to send. Left out, those of `notifications.about`."
    )


class Notifications(Strict):
    """Receivers of messages and events about a model, and the kinds of them.

    A receiver that is down gets what it missed when it is up again.
    """

    urls: list[str] = Field(
        [],
        description="Apprise URLs of the receivers, such as `slack://${SLACK_TOKENS}/#models` or "
        "`json://alerts.example.com/`. `$NAME` and `${NAME}` are environment variables, read when "
        "a message is sent; their values are percent-encoded where a URL requires it.",
    )
    webhooks: list[Webhook] = Field(
        [],
        description="Systems that get events as JSON, signed. Without a receiver nothing is sent.",
    )
    about: Kinds = Field(
        [name for name in KINDS if name != REQUEST],
        description="Kinds of messages to send: failed_check, decision, promotion, broken_check, "
        "or your own.",
    )

    @field_validator("webhooks")
    @classmethod
    def _webhooks_differ(cls, webhooks: list[Webhook]) -> list[Webhook]:
        if len({one.url for one in webhooks}) < len(webhooks):
            raise ValueError("each url may be named once; name all its kinds in its `about`")
        return webhooks

    def with_requests(self, hook: Endpoint) -> "Notifications":
        """These, and a system that gets the requests of decisions."""
        webhook = Webhook(url=hook.url, secret=hook.secret, about=[REQUEST])
        return self.model_copy(update={"webhooks": [*self.webhooks, webhook]})

    def kinds_for(self, webhook: Webhook) -> list[str]:
        """The kinds of events that a webhook gets."""
        return self.about if webhook.about is None else webhook.about

    @property
    def kinds(self) -> list[str]:
        """The kinds that a receiver gets, each once; none without a receiver."""
        wanted = [self.about] if self.urls else []
        wanted += map(self.kinds_for, self.webhooks)
        return list(dict.fromkeys(kind for kinds in wanted for kind in kinds))
