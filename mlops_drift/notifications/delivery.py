"""From the outbox to the receivers."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Notifications
from mlops_drift.notifications.notifier import NotifierError, send
from mlops_drift.notifications.outbox import Outbox

# By then another process has sent everything, or its receivers are down.
LOCK_SECONDS = 30

# A receiver with so many failures in a row is down; one may be caused by the message.
FAILURES_IN_A_ROW = 2


@dataclass(frozen=True)
class Delivery:
    """How many messages all receivers have, how many one still lacks, and why they wait."""

    sent: int
    waiting: int
    error: str = ""


def queue(config: Notifications, outbox: Outbox, messages: Iterable[Message]) -> int:
    """Adds messages of the wanted kinds to the outbox, each once; how many are new."""
    wanted = (message for message in messages if message.kind in config.about)
    return outbox.add(wanted) if config.urls else 0


def deliver(config: Notifications, outbox: Outbox, lock_folder: Path) -> Delivery:
    """Sends what waits in the outbox, in order, each message once to each receiver.

    A receiver that fails twice in a row is skipped until the next delivery. A message that one
    receiver rejects waits and blocks no other. A message arrives twice only if the process dies
    between an answer and its record, or if a receiver accepts a message but answers too late.
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
    # Named by a digest in the outbox: a URL may contain secrets.
    numbered = reversed(list(enumerate(urls)))
    receivers = {sha256(url.encode()).hexdigest()[:16]: number for number, url in numbered}
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
