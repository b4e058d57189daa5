"""From the outbox to the receivers."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Notifications
from mlops_drift.notifications.errors import (
    MessageRejectedError,
    NotifierError,
    ReceiverDownError,
    ReceiverGoneError,
)
from mlops_drift.notifications.outbox import Outbox, Pending
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
    that is gone is skipped for ever. A message that one receiver rejects waits and blocks no other:
    after two that were rejected the newest is tried, and if it arrives, the others follow.
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
    """The line to one receiver during a delivery: what it lacks, and what went wrong."""

    def __init__(self, receiver: Receiver, outbox: Outbox, *, is_gone: bool) -> None:
        self._receiver, self._outbox = receiver, outbox
        self._is_gone = is_gone
        self._failures = 0
        self._error = ""

    @property
    def error(self) -> str:
        if not self._is_gone:
            return self._error
        return (
            f"{self._receiver.place} answered that it is gone and gets nothing more; remove it, or "
            "change its url to begin again"
        )

    def deliver(self, pending: Sequence[Pending]) -> set[str]:
        """Sends what the receiver lacks, in order; the ids of what it still lacks."""
        lacking = {one.message.id for one in pending if self._lacks(one)}
        left = deque(one.message for one in pending if one.message.id in lacking)
        while left and self._failures < FAILURES_IN_A_ROW and not self._is_gone:
            is_rejected = self._send(left.popleft(), lacking)
            # Messages that are rejected at every delivery must not hold up all later ones.
            if is_rejected and self._failures == FAILURES_IN_A_ROW and left:
                self._send(left.pop(), lacking)
        return set() if self._is_gone else lacking

    def _lacks(self, waiting: Pending) -> bool:
        wants = waiting.message.kind in self._receiver.kinds and not self._is_gone
        return wants and self._receiver.key not in waiting.delivered

    def _send(self, message: Message, lacking: set[str]) -> bool:
        """Sends a message, and takes it off those lacking; whether it was rejected for itself."""
        try:
            self._receiver.send(message)
        except ReceiverGoneError as error:
            self._is_gone = True
            self._outbox.mark_gone([message.id], self._receiver.key, self._named(error))
            return False
        except NotifierError as error:
            is_down = isinstance(error, ReceiverDownError)
            self._failures = FAILURES_IN_A_ROW if is_down else self._failures + 1
            self._outbox.mark_failed([message.id], self._named(error))
            return isinstance(error, MessageRejectedError)
        self._failures = 0
        self._outbox.mark_delivered([message.id], self._receiver.key)
        lacking.remove(message.id)
        return False

    def _named(self, error: NotifierError) -> str:
        self._error = f"{self._receiver.place}, {error}"
        return self._error


def _deliver(receivers: Sequence[Receiver], outbox: Outbox) -> Delivery:
    gone, pending = outbox.gone(), outbox.pending()
    lines = [_Line(one, outbox, is_gone=one.key in gone) for one in receivers]
    lacking = set().union(*(line.deliver(pending) for line in lines))
    complete = [one.message.id for one in pending if one.message.id not in lacking]
    if complete:
        outbox.mark_sent(complete)
    errors = "; ".join(line.error for line in lines if line.error)
    return Delivery(len(complete), len(lacking), errors)
