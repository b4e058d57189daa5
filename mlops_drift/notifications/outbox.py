"""The outbox: a table of messages that wait until every receiver has them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa

from mlops_drift.notifications.base import Message
from mlops_drift.store.lake import Lake
from mlops_drift.store.tables import Table


@dataclass(frozen=True)
class Pending:
    """The receivers that have a waiting message."""

    delivered: frozenset[str]
    message: Message


class Outbox:
    """The messages about one model, each once, in the order in which they were added.

    In the table, `number` gives the order, `delivered` the receivers that have the message,
    `attempts` the number of failures, and `error` the last one.
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
                {"number": number, "sent": False, "delivered": [], "attempts": 0, **vars(message)}
                for number, message in enumerate(new, start=existing.num_rows + 1)
            ]
            added = pa.Table.from_pylist(rows, self.table.schema)
            return pa.concat_tables([existing, added]) if rows else None

        self._lake.rewrite(self.table, build)
        return len(new)

    def ids(self) -> set[str]:
        """The ids of all messages, sent ones included."""
        return {row["id"] for row in self._lake.rows("SELECT id FROM o", o=self.table)}

    def pending(self) -> list[Pending]:
        """The messages that a receiver still lacks, oldest first."""
        rows = self._lake.rows(
            "SELECT id, kind, day, title, body, delivered FROM o WHERE NOT sent ORDER BY number",
            o=self.table,
        )
        return [Pending(frozenset(row.pop("delivered")), Message(**row)) for row in rows]

    def mark_delivered(self, ids: Collection[str], receiver: str) -> None:
        """Records that a receiver has these messages."""
        self._mark(ids, receiver=receiver)

    def mark_sent(self, ids: Collection[str]) -> None:
        """Records that every receiver has these messages."""
        self._mark(ids, sent=True)

    def mark_failed(self, ids: Collection[str], error: str) -> None:
        """Records a failed attempt at these messages."""
        self._mark(ids, error=error)

    def _mark(
        self, ids: Collection[str], *, receiver: str = "", error: str = "", sent: bool = False
    ) -> None:
        def build(existing: pa.Table) -> pa.Table:
            rows = existing.to_pylist()
            for row in rows:
                if row["id"] in ids:
                    row["delivered"] += [receiver] if receiver else []
                    row["attempts"] += bool(error)
                    row["error"] = None if sent else error or row["error"]
                    row["sent"] |= sent
            return pa.Table.from_pylist(rows, schema=self.table.schema)

        self._lake.rewrite(self.table, build)
