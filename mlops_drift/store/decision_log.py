"""The decisions on a model: an append-only table, one row a stage."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import attrgetter

import pyarrow as pa
from pydantic import TypeAdapter

from mlops_drift.learning.windows import WindowChoice, WindowScore
from mlops_drift.policy.decision import IDLE, Decision, DecisionRecord, Outcome
from mlops_drift.schema.days import days_between
from mlops_drift.sql import literal
from mlops_drift.store.lake import Lake
from mlops_drift.store.records import DecisionRow
from mlops_drift.store.tables import Table

# A decision has only one of these outcomes; one that waits for a person gets one later.
FINAL = ("promoted", "rejected", "failed", "requested")

_SCORES = TypeAdapter(tuple[WindowScore, ...])
_OUTCOME = TypeAdapter(Outcome)
_DECISION = TypeAdapter(Decision)


class DecisionLog:
    """The decisions on one model, and what its retrainings have made so far."""

    def __init__(self, lake: Lake, table: Table) -> None:
        self._lake, self._table = lake, table

    def records(self, *, idle: bool = True, idle_since: date = date.min) -> list[DecisionRecord]:
        """All decisions by day, then those of the policy before those of people.

        Those to do nothing, which each day may have, from a day on or not at all.
        """
        return _records(self._acting(idle_since if idle else None))

    def get(self, decision: str) -> DecisionRecord | None:
        """One decision to do something; None if it is not on record."""
        mine = [row for row in self._acting() if row.decision == decision]
        return next(iter(_records(mine)), None)

    def _acting(self, idle_since: date | None = None) -> list[DecisionRow]:
        """All stages of decisions to do something, and the other decisions from a day on."""
        idle = f" OR day >= '{idle_since}'" if idle_since else ""
        return self._rows(f"WHERE coalesce(action, '') NOT IN {IDLE}{idle} ORDER BY sequence")

    def _rows(self, clauses: str) -> list[DecisionRow]:
        return self._lake.records(DecisionRow, f"SELECT * FROM d {clauses}", d=self._table)

    def rejections(self) -> dict[int, list[tuple[date, date]]]:
        """By champion, when challengers in its place were rejected, and as of when made."""
        days: dict[int, list[tuple[date, date]]] = {}
        for record in self.records(idle=False):
            outcome = record.outcome
            if record.version and outcome and outcome.status == "rejected" and outcome.challenger:
                days.setdefault(record.version, []).append((outcome.day, record.day))
        return days

    def waiting(self, first: date, last: date) -> dict[date, DecisionRow]:
        """The stage of the challenger that waits on each day; the last that began of several.

        It waits on a day if its wait began at the end of an earlier day and no outcome is of an
        earlier day: what is recorded at the end of a day changes nothing on that day or before it.
        """
        rows = [row for row in self._acting() if row.stage in ("waiting", *FINAL)]
        rows.sort(key=attrgetter("day", "decision"))
        ended = {row.decision: row.day for row in rows if row.stage in FINAL}
        return {
            day: row
            for day in days_between(first, last)
            for row in rows
            if row.stage == "waiting" and row.challenger
            if row.day < day <= ended.get(row.decision, date.max)
        }

    def training_set(self, retraining: str) -> DecisionRow | None:
        """The training set that a retraining built, else the one built last; with its day."""
        return self._last("built", retraining)

    def challenger(self, retraining: str) -> DecisionRow | None:
        """The version that a retraining trained, else the one trained last."""
        return self._last("trained", retraining)

    def _last(self, stage: str, retraining: str) -> DecisionRow | None:
        mine = f"decision = {literal(retraining)}"
        last = f"WHERE stage = '{stage}' ORDER BY {mine} DESC, sequence DESC LIMIT 1"
        return next(iter(self._rows(last)), None)

    def record(self, decision: Decision) -> bool:
        """Records a decision once; whether it was not there yet."""
        facts = {name: getattr(decision, name) for name in Decision.__dataclass_fields__}
        facts["candidates"] = _json(decision.candidates)
        facts["evidence"] = _json([vars(check) for check in decision.evidence])
        return self._append(DecisionRow(facts.pop("id"), "decided", **facts), ("decided",))

    def record_window(self, decision: str, day: date, chosen: WindowChoice, reason: str) -> None:
        """Records which rows a training takes, once."""
        scores = _json([vars(score) for score in chosen.scores])
        row = DecisionRow(decision, "chosen", day, training_window=chosen.name, reason=reason)
        self._append(replace(row, since=chosen.since, scores=scores), ("chosen",))

    def record_training_set(self, retraining: str, as_of: date, training_set: str) -> None:
        """Records what a retraining has built; the same as the last one is on record already."""
        self._append_numbered(DecisionRow(retraining, "built", as_of, training_set=training_set))

    def record_challenger(self, retraining: str, as_of: date, version: int) -> None:
        """Records what a retraining has trained; the same as the last one is on record already."""
        self._append_numbered(DecisionRow(retraining, "trained", as_of, challenger=version))

    def record_outcome(self, decision: str, outcome: Outcome) -> bool:
        """Records what became of a decision, of the final outcomes only one; whether it was new."""
        facts = dict(vars(outcome))
        stage = facts.pop("status")
        same = FINAL if stage in FINAL else (stage,)
        return self._append(DecisionRow(decision, stage, **facts), same)

    def _append(self, row: DecisionRow, same: Sequence[str]) -> bool:
        decision = [row.decision]
        return self._lake.append_unless(self._table, vars(row), decision=decision, stage=same)

    def _append_numbered(self, row: DecisionRow) -> None:
        """Appends a stage unless the one before says the same.

        That is the last one of the decision; by hand, where nothing is decided, the last of all.
        """

        def build(existing: pa.Table) -> pa.Table | None:
            rows = [DecisionRow(**each) for each in existing.to_pylist()]
            stages = [each for each in rows if each.stage == row.stage]
            mine = [each for each in rows if each.decision == row.decision]
            is_decided = any(each.stage == "decided" for each in mine)
            alike = [each for each in mine if each.stage == row.stage]
            among = alike if alike or is_decided else stages
            before = max(among, key=attrgetter("sequence"), default=None)
            if before and _made(before) == _made(row):
                return None
            numbered = replace(row, sequence=max((each.sequence for each in stages), default=0) + 1)
            new = pa.Table.from_pylist([vars(numbered)], schema=self._table.schema)
            return pa.concat_tables([existing, new])

        self._lake.rewrite(self._table, build)


def _made(row: DecisionRow) -> tuple[date, str | None, int | None]:
    return row.day, row.training_set, row.challenger


def _json(content: object) -> str:
    return json.dumps(content, default=str)


def _records(rows: Sequence[DecisionRow]) -> list[DecisionRecord]:
    stages: dict[str, dict[str, DecisionRow]] = {}
    for row in rows:
        stages.setdefault(row.decision, {})[row.stage] = row
    found = [_record(by_stage) for by_stage in stages.values() if "decided" in by_stage]
    return sorted(found, key=lambda record: (record.day, record.sequence, record.id))


def _record(stages: Mapping[str, DecisionRow]) -> DecisionRecord:
    decided = stages["decided"]
    chosen, built = stages.get("chosen"), stages.get("built")
    ended = next((stages[name] for name in (*FINAL, "waiting") if name in stages), None)
    decision = _DECISION.validate_python(
        {
            **vars(decided),
            "id": decided.decision,
            "labelled": decided.labelled or 0,
            "candidates": json.loads(decided.candidates or "{}"),
            "evidence": json.loads(decided.evidence or "[]"),
        }
    )
    return DecisionRecord(
        **vars(decision),
        window=chosen.training_window if chosen else None,
        since=chosen.since if chosen else None,
        scores=_SCORES.validate_python(json.loads(chosen.scores or "[]")) if chosen else (),
        training_set=built.training_set if built else None,
        outcome=_OUTCOME.validate_python({**vars(ended), "status": ended.stage}) if ended else None,
    )
