"""Messages into the outbox, and from there to their receivers."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from mlops_drift.notifications.messages import Message, Notifications
from mlops_drift.notifications.notifier import NotifierError, send
from mlops_drift.notifications.outbox import Outbox

# Another process that sends has emptied the outbox by then, or its receivers are down.
LOCK_SECONDS = 30

# A receiver that fails so often in a row is down; one failure may be the message's.
FAILURES_IN_A_ROW = 2


@dataclass(frozen=True)
class Delivery:
    """What came of a delivery.

    Attributes:
        sent: messages that all receivers have now.
        waiting: messages that some receiver does not have yet.
        error: why they wait; empty if none does.
    """

    sent: int
    waiting: int
    error: str = ""


def queue(config: Notifications, outbox: Outbox, messages: Iterable[Message]) -> int:
    """Puts the messages that somebody wants into the outbox, each once.

    Returns:
        How many were not there yet.
    """
    if not config.urls:
        return 0
    return outbox.add(message for message in messages if message.kind in config.about)


def deliver(config: Notifications, outbox: Outbox, lock_folder: Path) -> Delivery:
    """Sends what waits in the outbox, in its order, each message once to each receiver.

    A receiver that fails twice in a row is left alone until the next delivery; the others get what
    waits for them. A message that a receiver refuses waits, and does not hold up the next. Only a
    process that dies between a receiver's answer and its recording, or a receiver that takes a
    message and answers too late, leads to a message that arrives twice.

    Args:
        config: the receivers.
        outbox: the messages.
        lock_folder: where processes lock against each other.
    """
    if not config.urls:
        return Delivery(0, len(outbox.pending()), "notifications.urls names no receiver")
    lock_folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock_folder / f"{outbox.table.name}.lock", timeout=LOCK_SECONDS):
            return _deliver(config.urls, outbox)
    except Timeout:
        return Delivery(0, len(outbox.pending()), "another process is sending")


def _deliver(urls: list[str], outbox: Outbox) -> Delivery:
    receivers = {_receiver(url): number for number, url in reversed(list(enumerate(urls)))}
    in_a_row = dict.fromkeys(receivers, 0)
    errors: dict[str, str] = {}
    pending = outbox.pending()
    complete = []
    for waiting in pending:
        message = waiting.message
        missing = receivers.keys() - waiting.delivered
        for receiver in sorted(missing, key=receivers.__getitem__):
            if in_a_row[receiver] >= FAILURES_IN_A_ROW:
                continue
            number = receivers[receiver]
            try:
                send(urls[number], message.title, message.body)
            except NotifierError as error:
                in_a_row[receiver] += 1
                errors[receiver] = f"notifications.urls[{number}], {error}"
                outbox.mark_failed([message.id], errors[receiver])
            else:
                in_a_row[receiver] = 0
                missing -= {receiver}
                outbox.mark_delivered([message.id], receiver)
        if not missing:
            complete.append(message.id)
    if complete:
        outbox.mark_sent(complete)
    return Delivery(len(complete), len(pending) - len(complete), "; ".join(errors.values()))


def _receiver(url: str) -> str:
    """Names a receiver in the outbox: its URL may hold what must not be stored."""
    return sha256(url.encode()).hexdigest()[:16]
