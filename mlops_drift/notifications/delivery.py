"""From the outbox to the receivers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Notifications
from mlops_drift.notifications.errors import (
    NotifierError,
    ReceiverDownError,
    ReceiverGoneError,
)
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.notifications.receivers import Receiver, receivers_of

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
    return outbox.add(message for message in messages if message.kind in config.kinds)


def deliver(config: Notifications, outbox: Outbox, lock_folder: Path) -> Delivery:
    """Sends what waits in the outbox, in order, each message once to each receiver of its kind.

    A receiver that is down, or that fails twice in a row, is skipped until the next delivery; one
    that is gone is skipped for ever. A message that one receiver rejects waits and blocks no other.
    A message arrives twice only if the process dies between an answer and its record, or if a
    receiver accepts a message but answers too late.
    """
    receivers = receivers_of(config)
    if not receivers:
        return Delivery(0, len(outbox.pending()), "notifications names no receiver")
    lock_folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock_folder / f"{outbox.table.name}.lock", timeout=LOCK_SECONDS):
            return _deliver(receivers, outbox)
    except Timeout:
        return Delivery(0, len(outbox.pending()), "another process is sending")


class _Line:
    """The line to one receiver during a delivery: whether it is open, and what went wrong."""

    def __init__(self, receiver: Receiver, outbox: Outbox, *, is_gone: bool) -> None:
        self.receiver, self._outbox = receiver, outbox
        self.is_gone = is_gone
        self._failures = 0
        self._error = ""

    @property
    def error(self) -> str:
        if not self.is_gone:
            return self._error
        return (
            f"{self.receiver.place} answered that it is gone and gets nothing more; remove it, or "
            "change its url to begin again"
        )

    def lacks(self, message: Message, delivered: frozenset[str]) -> bool:
        wants = message.kind in self.receiver.kinds and not self.is_gone
        return wants and self.receiver.key not in delivered

    def send(self, message: Message) -> bool:
        """Sends a message, unless the receiver is down; whether nothing is left to do."""
        if self._failures >= FAILURES_IN_A_ROW:
            return False
        try:
            self.receiver.send(message)
        except ReceiverGoneError as error:
            self.is_gone = True
            self._outbox.mark_gone([message.id], self.receiver.key, self._failed(error))
            return True
        except NotifierError as error:
            is_down = isinstance(error, ReceiverDownError)
            self._failures = FAILURES_IN_A_ROW if is_down else self._failures + 1
            self._outbox.mark_failed([message.id], self._failed(error))
            return False
        self._failures = 0
        self._outbox.mark_delivered([message.id], self.receiver.key)
        return True

    def _failed(self, error: NotifierError) -> str:
        self._error = f"{self.receiver.place}, {error}"
        return self._error


def _deliver(receivers: Sequence[Receiver], outbox: Outbox) -> Delivery:
    gone = outbox.gone()
    lines = [_Line(one, outbox, is_gone=one.key in gone) for one in receivers]
    pending = outbox.pending()
    complete = []
    for waiting in pending:
        message = waiting.message
        lacking = [line for line in lines if line.lacks(message, waiting.delivered)]
        still = [line for line in lacking if not line.send(message)]
        if not still:
            complete.append(message.id)
    if complete:
        outbox.mark_sent(complete)
    errors = "; ".join(line.error for line in lines if line.error)
    return Delivery(len(complete), len(pending) - len(complete), errors)
