"""A retraining, step by step: rows chosen, a set built, a challenger trained, gated, promoted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.reference import Reference
from mlops_drift.errors import UserError, is_interruption
from mlops_drift.learning.gates.base import GateResult
from mlops_drift.learning.windows import WindowChoice
from mlops_drift.lifecycle.decisions import inputs_digest
from mlops_drift.lifecycle.promotion import OvertakenError, promote
from mlops_drift.pipeline.baseline import record_baseline
from mlops_drift.pipeline.gates import evaluate_gates
from mlops_drift.pipeline.labelled import labelled_rows
from mlops_drift.pipeline.training import (
    OnTrial,
    StoredSet,
    Trainer,
    TrainingSetError,
    build_training_set,
    train_challenger,
)
from mlops_drift.policy.decision import DecisionRecord, Outcome, Status
from mlops_drift.registry.base import CHALLENGER, run_name
from mlops_drift.store.records import DecisionRow, Promotion, VersionRecord
from mlops_drift.store.troubles import sentence_of


class RetrainingRun:
    """One retraining; each step finds in the log what the steps before it have made.

    A step that was interrupted can be done again. What a step of a decision raises ends the
    decision, with the reason on record: `on_outcome` is called with its id then. A retraining by
    hand is named after its run.
    """

    def __init__(
        self, model: ModelContext, name: str, on_outcome: Callable[[str], None] = lambda name: None
    ) -> None:
        self._model, self._log, self._name = model, model.store.decisions, name
        self._on_outcome = on_outcome
        self.decision = self._log.get(name)

    @property
    def version(self) -> int:
        """The challenger; by hand, the one trained last where this run has trained none."""
        return self._made(self._log.challenger(self._name), "challenger").challenger or 0

    def build_training_set(
        self, as_of: date | None = None, since: date | None = None
    ) -> tuple[StoredSet, WindowChoice | None]:
        """Builds the training set, of the training window that it chooses for a decision.

        By hand, of all events or of those since a day, as known on the last day that has features
        or on an earlier one.
        """
        decision, chosen = self.decision, None
        day = decision.day if decision else as_of or self._model.store.landing.last_day()
        if day is None:
            raise TrainingSetError(
                f"{self._model.spec.name} has no features yet; materialize the daily assets of "
                "some days first"
            )
        with self._ending():
            self._name_run(day)
            if decision and decision.candidates:
                chosen = self._choose_window(decision)
                since = chosen.since
            stored = build_training_set(self._model, day, since)
            self._log.record_training_set(self._name, day, stored.id)
        return stored, chosen

    def _choose_window(self, decision: DecisionRecord) -> WindowChoice:
        """The training window that predicts the most recent labelled rows best; recorded once."""
        from mlops_drift.learning.window_choice import choose_window

        spec, candidates = self._model.spec, decision.candidates
        starts = [day for day in candidates.values() if day is not None]
        since = min(starts) if len(starts) == len(candidates) else None
        labelled = labelled_rows(self._model, decision.day, since)
        described = spec.columns, spec.target, spec.training, spec.key
        chosen = choose_window(labelled.rows, candidates, *described)
        sentence = window_sentence(chosen, spec) + labelled.note
        self._log.record_window(decision.id, decision.day, chosen, sentence)
        return chosen

    def train(
        self, on_trial: OnTrial = lambda trial: None, trainer: Trainer | None = None
    ) -> tuple[VersionRecord, bool]:
        """Trains the challenger, or finds the one made from the same set, spec and code.

        Returns:
            The version, and whether it is new.
        """
        built = self._made(self._log.training_set(self._name), "training_set")
        with self._ending():
            record, is_new = train_challenger(
                self._model, built.training_set or "", built.day, on_trial, trainer=trainer
            )
            self._log.record_challenger(self._name, built.day, record.version)
        self._name_run(built.day, record.version, "" if is_new else ", trained before")
        return record, is_new

    def _name_run(self, day: date, version: int | None = None, ending: str = "") -> None:
        """Names the run under way, such as `v3 2024-10-05 performance_drop`."""
        name = run_name(day, self.decision.cause if self.decision else "by hand", version)
        self._model.registry.name_run(self._model.spec.name, name + ending)

    def judge_gates(self) -> list[GateResult]:
        """Evaluates the gates; a decision whose challenger does not pass them all is rejected."""
        version = self.version
        with self._ending():
            gates = evaluate_gates(self._model, version)
        if against := [gate for gate in gates if gate.verdict != "pass"]:
            reason = " ".join(gate.summary for gate in against)
            self._end("rejected", reason, version, tuple(gate.name for gate in against))
        return gates

    def record_baseline(self) -> tuple[pa.Table, Reference]:
        """Freezes the baseline of the challenger: its test predictions, and its reference."""
        with self._ending():
            return record_baseline(self._model, self.version)

    def await_approval(self) -> bool:
        """Lets the challenger wait for a person where the policy wants that; whether it waits."""
        if self.decision is None or self._model.spec.policy.approval != "manual":
            return False
        passed = f"version {self.version} passed its gates"
        reason = f"{passed} and waits for a person who approves or rejects it"
        self._end("waiting", reason, self.version)
        return True

    def promote(self, judged: Sequence[GateResult] | None = None) -> Promotion | None:
        """Promotes the challenger of a decision; None if it was overtaken, and so rejected.

        Its gates are verified again, or are `judged` already.
        """
        if self.decision is None:
            raise ValueError(f"{self._name} is no decision; by hand, a version is approved")
        version = self.version
        with self._ending():
            try:
                promoted = promote(self._model, version, self.decision.day, self._name, judged)
            except OvertakenError as error:
                self._end("rejected", str(error), version)
                return None
        self._on_outcome(self._name)
        return promoted

    def carry_out(self, trainer: Trainer | None = None) -> None:
        """Carries out a decision from its first step to its outcome; a failed training is one."""
        try:
            self.build_training_set()
            self.train(trainer=trainer)
            gates = self.judge_gates()
            if all(gate.verdict == "pass" for gate in gates):
                self.record_baseline()
                if not self.await_approval():
                    self.promote(gates)
        except Exception:
            record = self._log.get(self._name)
            if record is None or record.outcome is None:
                raise

    def _made(self, row: DecisionRow | None, asset: str) -> DecisionRow:
        if row is not None:
            return row
        name = self._model.spec.name
        raise TrainingSetError(
            f"{name}/{asset} has never been materialized; materialize it first, or run the job "
            f"{name}_retraining, which does everything in order"
        )

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Ends the decision with what is raised, unless the same command can go on.

        It can after a person stopped it, a disk or a database could not be written, or a promotion
        was interrupted. Data that nothing can be learned from reject the decision.
        """
        try:
            yield
        except TrainingSetError as error:
            self._end("rejected", str(error))
            raise
        except Exception as error:
            if not self._is_resumable(error):
                self._end("failed", _first_line(error))
            raise

    def _is_resumable(self, error: Exception) -> bool:
        is_of_the_machine = sentence_of(error) and not isinstance(error, MemoryError)
        begun = [item.decision for item in self._model.store.versions.promotions()]
        return bool(is_of_the_machine or is_interruption(repr(error)) or self._name in begun)

    def _end(
        self,
        status: Status,
        reason: str,
        challenger: int | None = None,
        failed_gates: tuple[str, ...] = (),
    ) -> None:
        """Records the outcome of a decision; a retraining by hand has none."""
        if self.decision is None:
            return
        day = self.decision.day
        digest = inputs_digest(self._model, day) if status == "failed" else None
        outcome = Outcome(status, day, reason, challenger, failed_gates, digest=digest)
        self._log.record_outcome(self._name, outcome)
        self._on_outcome(self._name)
        if outcome.status == "rejected" and challenger:
            self._model.registry.remove_alias(self._model.spec.name, CHALLENGER, challenger)
        if status in ("rejected", "failed"):
            # A name that cannot be written must not hide why a training failed.
            with suppress(Exception):
                self._name_run(day, challenger, f", {status}")


def window_sentence(chosen: WindowChoice, spec: ModelSpec) -> str:
    """Which rows were taken, and why, in one sentence."""
    start = chosen.since or spec.start_date
    if len(chosen.scores) < 2:
        return f"{chosen.name}: events from {start} on, the only training window there is"
    listed = ", ".join(f"{score.name} {score.value:.3f}" for score in chosen.scores)
    return (
        f"{chosen.name}: events from {start} on predict the {chosen.evaluated_rows} most recent "
        f"labelled rows best ({spec.training.metric}: {listed})"
    )


def _first_line(error: Exception) -> str:
    """The first line of an error; a bug's with its kind."""
    text = str(error).strip().partition("\n")[0]
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}".rstrip(": ")
