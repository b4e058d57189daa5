"""The outbox: a table of messages that wait until every receiver has them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

import pyarrow as pa

from mlops_drift.notifications.base import Message
from mlops_drift.store.lake import Lake
from mlops_drift.store.records import QueuedMessage
from mlops_drift.store.tables import Table


@dataclass(frozen=True)
class Pending:
    """The receivers that have a waiting message."""

    delivered: frozenset[str]
    message: Message


class Outbox:
    """The messages about one model, each once, in the order in which they were added.

    In the table, `number` gives the order, `delivered` the receivers that have the message, `gone`
    those that answered it with the wish for none, `attempts` the number of failures, and `error`
    the last one.
    """

    def __init__(self, lake: Lake, table: Table) -> None:
        self._lake = lake
        self.table = table

    def add(self, messages: Iterable[Message]) -> int:
        """Adds the messages whose id is new, sent ones included; how many are."""
        first: dict[str, Message] = {}
        for message in messages:
            first.setdefault(message.id, message)
        if not first:
            return 0
        new: list[Message] = []

        def build(existing: pa.Table) -> pa.Table | None:
            known = set(existing["id"].to_pylist())
            new[:] = [message for message in first.values() if message.id not in known]
            rows = [
                vars(QueuedMessage(number, **vars(message)))
                for number, message in enumerate(new, start=existing.num_rows + 1)
            ]
            added = pa.Table.from_pylist(rows, self.table.schema)
            return pa.concat_tables([existing, added]) if rows else None

        self._lake.rewrite(self.table, build)
        return len(new)

    def ids(self) -> set[str]:
        """The ids of all messages, sent ones included."""
        return {row["id"] for row in self._lake.rows("SELECT id FROM o", o=self.table)}

    def sent(self) -> set[str]:
        """The ids of the messages that every receiver has."""
        return {row["id"] for row in self._lake.rows("SELECT id FROM o WHERE sent", o=self.table)}

    def gone(self) -> set[str]:
        """The receivers that want no message ever again."""
        rows = self._lake.rows("SELECT DISTINCT unnest(gone) AS receiver FROM o", o=self.table)
        return {row["receiver"] for row in rows}

    def pending(self) -> list[Pending]:
        """The messages that a receiver still lacks, oldest first."""
        rows = self._lake.rows(
            "SELECT id, kind, day, title, body, event, delivered FROM o WHERE NOT sent "
            "ORDER BY number",
            o=self.table,
        )
        return [Pending(frozenset(row.pop("delivered")), Message(**row)) for row in rows]

    def mark_delivered(self, ids: Collection[str], receiver: str) -> None:
        """Records that a receiver has these messages."""
        self._change(ids, lambda row: replace(row, delivered=(*row.delivered, receiver)))

    def mark_sent(self, ids: Collection[str]) -> None:
        """Records that every receiver has these messages."""
        self._change(ids, lambda row: replace(row, sent=True, error=None))

    def mark_failed(self, ids: Collection[str], error: str) -> None:
        """Records a failed attempt at these messages."""
        self._change(ids, lambda row: replace(row, attempts=row.attempts + 1, error=error))

    def mark_gone(self, ids: Collection[str], receiver: str, error: str) -> None:
        """Records that a receiver answered an attempt at these messages with the wish for none."""

        def change(row: QueuedMessage) -> QueuedMessage:
            gone = (*row.gone, receiver)
            return replace(row, gone=gone, attempts=row.attempts + 1, error=error)

        self._change(ids, change)

    def _change(
        self, ids: Collection[str], change: Callable[[QueuedMessage], QueuedMessage]
    ) -> None:
        def build(existing: pa.Table) -> pa.Table:
            rows = [QueuedMessage(**row) for row in existing.to_pylist()]
            changed = [change(row) if row.id in ids else row for row in rows]
            return pa.Table.from_pylist(list(map(vars, changed)), schema=self.table.schema)

        self._lake.rewrite(self.table, build)
