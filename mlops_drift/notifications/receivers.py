"""Whom messages are sent to, whatever they understand: one way of delivery for all."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from mlops_drift.notifications import notifier, webhook
from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Notifications
from mlops_drift.notifications.registry import REQUEST


@dataclass(frozen=True)
class Receiver:
    """Gets each message of some kinds once.

    Attributes:
        key: what the outbox knows it by.
        place: where it stands in the YAML.
        kinds: the kinds of messages that it gets.
        send: sends a message and waits for the answer; a `NotifierError` if it is not accepted.
    """

    key: str
    place: str
    kinds: Collection[str]
    send: Callable[[Message], None]


def receivers_of(config: Notifications) -> list[Receiver]:
    """The receivers of a section; of those with one URL, the first."""
    found: dict[str, Receiver] = {}
    for number, url in enumerate(config.urls):
        place, key = f"notifications.urls[{number}]", _key(url)
        found.setdefault(key, Receiver(key, place, config.about, partial(_notify, url)))
    for number, hook in enumerate(config.webhooks):
        kinds, key = config.kinds_for(hook), _key(f"webhook {hook.url}")
        is_action = kinds == [REQUEST]
        place = "policy.action.webhook" if is_action else f"notifications.webhooks[{number}]"
        found[key] = Receiver(key, place, kinds, partial(webhook.send, hook))
    return list(found.values())


def _notify(url: str, message: Message) -> None:
    notifier.send(url, message.title, message.body)


def _key(text: str) -> str:
    """A digest: a URL may contain secrets."""
    return sha256(text.encode()).hexdigest()[:16]
