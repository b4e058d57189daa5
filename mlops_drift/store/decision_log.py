"""The decisions on a model: an append-only table, one row a stage."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from mlops_drift.policy.config import TrainingWindow
from mlops_drift.sql import literal
from mlops_drift.store.lake import Lake
from mlops_drift.store.tables import Table

# decided: what was seen and decided. chosen: the rows that a training takes. waiting: a challenger
# passed its gates and waits for a person. promoted, rejected, failed: what came of it; a decision
# failed whose training raised.
Stage = Literal["decided", "chosen", "waiting", "promoted", "rejected", "failed"]

# Stages of which a decision has only one.
_OUTCOMES = ("promoted", "rejected", "failed")

# The number of a move that only a person asked for, from its id: of one day, the policy decides
# first, then people do, in the order of their moves.
_MOVE = "coalesce(try_cast(regexp_extract(decision, '^[^-]+-[a-z]+-([0-9]+)-v', 1) AS INT), 0)"

# Actions after which nothing happens.
IDLE = ("nothing", "wait")


@dataclass(frozen=True)
class Wait:
    """A challenger that waits for a person.

    Attributes:
        decision: what it was trained for.
        version: the challenger.
        since: the day at whose end the wait began.
    """

    decision: str
    version: int
    since: date


class DecisionLog:
    """The decisions on one model.

    Args:
        lake: the lake.
        table: the model's table of decisions.
    """

    def __init__(self, lake: Lake, table: Table) -> None:
        self._lake, self._table = lake, table

    def entries(self, *, idle: bool = True) -> list[dict[str, Any]]:
        """Decisions in their order, each with what was chosen for it and what came of it.

        Args:
            idle: whether those to do nothing or to wait are among them.

        Returns:
            The columns of the table without `stage`, and `outcome`, `outcome_reason`, `settled`
            (the day of the outcome); `against` are the gates that refused a challenger, `person`
            is who decided on the outcome, if somebody did, `digest` that of the rows, the
            code and the description by which a training failed. JSON columns are read.
        """
        return self._read("true" if idle else f"action NOT IN {IDLE}")

    def _read(self, where: str) -> list[dict[str, Any]]:
        rows = self._lake.rows(
            f"SELECT * FROM d WHERE {where} ORDER BY day, {_MOVE}, decision", d=self._table
        )
        stages: dict[str, dict[str, dict[str, Any]]] = {}
        for row in rows:
            stages.setdefault(row["decision"], {})[row["stage"]] = row
        return [_entry(found) for found in stages.values() if "decided" in found]

    def entry(self, decision: str) -> dict[str, Any] | None:
        """One decision as `entries` gives it; None if it is not on record."""
        found = self._read(f"decision = {literal(decision)}")
        return found[0] if found else None

    def outcome(self, decision: str) -> str:
        """What came of a decision, in a sentence; empty where nothing has yet."""
        found = self.entry(decision)
        return found["outcome_reason"] if found else ""

    def refused(self) -> dict[int, list[date]]:
        """By champion, the days on which a challenger in its place was refused."""
        rows = self._lake.rows(
            "SELECT decided.version, rejected.day FROM d AS rejected JOIN d AS decided "
            "USING (decision) WHERE rejected.stage = 'rejected' AND decided.stage = 'decided' "
            "AND rejected.challenger IS NOT NULL AND decided.version IS NOT NULL "
            "ORDER BY rejected.day",
            d=self._table,
        )
        days: dict[int, list[date]] = {}
        for row in rows:
            days.setdefault(row["version"], []).append(row["day"])
        return days

    def waiting(self, first: date, last: date) -> dict[date, Wait]:
        """The challenger that waits on each day; days on which none does are left out.

        It waits on a day if its wait began at the end of an earlier day and no outcome is of an
        earlier day: what is recorded at the end of a day changes nothing on that day or before it.
        Of several the last that began.
        """
        stages = ("waiting", *_OUTCOMES)
        rows = self._lake.rows(
            f"SELECT decision, stage, day, challenger FROM d WHERE stage IN {stages}",
            d=self._table,
        )
        waits = sorted(
            (
                Wait(row["decision"], row["challenger"], row["day"])
                for row in rows
                if row["stage"] == "waiting"
            ),
            key=lambda wait: (wait.since, wait.decision),
        )
        settled = {row["decision"]: row["day"] for row in rows if row["stage"] in _OUTCOMES}
        found = {}
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            for wait in waits:
                if wait.since < day <= settled.get(wait.decision, date.max):
                    found[day] = wait
        return found

    def record(
        self,
        *,
        decision: str,
        stage: Stage,
        day: date,
        action: str = "retrain",
        rules: Sequence[str] = (),
        version: int | None = None,
        challenger: int | None = None,
        candidates: Mapping[TrainingWindow, date | None] | None = None,
        training_window: str | None = None,
        since: date | None = None,
        scores: Sequence[Mapping[str, Any]] | None = None,
        labelled: int | None = None,
        person: str | None = None,
        digest: str | None = None,
        reason: str,
        evidence: Sequence[object] = (),
    ) -> bool:
        """Records a stage of a decision once; of its outcomes only one.

        Returns:
            Whether it was not there yet.
        """
        same = _OUTCOMES if stage in _OUTCOMES else (stage,)
        return self._lake.append_unless(
            self._table,
            {
                "decision": decision,
                "stage": stage,
                "day": day,
                "action": action,
                "rules": list(rules),
                "version": version,
                "challenger": challenger,
                "candidates": _json(candidates or {}),
                "training_window": training_window,
                "since": since,
                "scores": None if scores is None else _json(scores),
                "labelled": labelled,
                "person": person,
                "digest": digest,
                "reason": reason,
                "evidence": _json(evidence),
            },
            {"decision": [decision], "stage": same},
        )


def _json(content: object) -> str:
    return json.dumps(content, default=str)


def _entry(stages: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    decided = stages["decided"]
    chosen = stages.get("chosen", {})
    ended = next((stages[name] for name in (*_OUTCOMES, "waiting") if name in stages), {})
    entry = {name: value for name, value in decided.items() if name != "stage"}
    candidates = json.loads(decided["candidates"])
    return {
        **entry,
        "candidates": {
            name: date.fromisoformat(since) if since else None for name, since in candidates.items()
        },
        "evidence": json.loads(decided["evidence"]),
        "training_window": chosen.get("training_window"),
        "since": chosen.get("since"),
        "scores": json.loads(chosen["scores"]) if chosen.get("scores") else [],
        "challenger": ended.get("challenger"),
        "against": list(ended.get("rules") or []) if ended.get("stage") == "rejected" else [],
        "person": ended.get("person"),
        "digest": ended.get("digest"),
        "outcome": ended.get("stage"),
        "outcome_reason": ended.get("reason", ""),
        "settled": ended.get("day"),
    }
