"""The policy decides, and a decision ends without a promotion."""

from collections.abc import Iterator, Mapping

from mlops_drift.notifications.base import REASONS, Message, NotificationKind
from mlops_drift.notifications.events import facts_of, shortened
from mlops_drift.notifications.history import History
from mlops_drift.policy.decision import Action, DecisionRecord, Outcome

TITLES: Mapping[Action, str] = {
    "retrain": "retraining begins",
    "alert": "a retraining is due",
    "give_up": "retraining is paused, a person is needed",
}
REQUESTED = "a new version is requested"

# By outcome: what happened, how the title ends, and what it means for the champion and the next.
ENDINGS = {
    "rejected": (
        "version.rejected",
        "is rejected",
        "{champion} serves. The next one needs new labels.",
    ),
    "failed": (
        "training.failed",
        "failed in training",
        "{champion} serves. The next training starts with new labels, or when rows, code or "
        "description have changed.",
    ),
    "waiting": (
        "version.waiting",
        "waits for approval",
        "{champion} serves until a person approves or rejects it.",
    ),
}


class Decision(NotificationKind):
    """One message for each decision, and one for an outcome other than a promotion."""

    name = "decision"

    def messages(self, history: History) -> Iterator[Message]:
        """The decisions, and their outcomes other than promotions."""
        model = history.model
        for record in history.decisions:
            if record.kind not in ("by_hand", "external"):
                version = f"Version {record.version}" if record.version else "First version"
                head = f"{version}, on {record.day}{triggered_by(record)}."
                body = f"{head}\n{shortened(record.reason, REASONS)}"
                is_requested = history.is_external and record.action == "retrain"
                title = f"{model}: {REQUESTED if is_requested else TITLES[record.action]}"
                name, facts = f"{record.id}-decided", decided_facts(record)
                yield self.message(history, name, record.day, title, body, "decision.made", **facts)
            outcome = record.outcome
            if outcome is not None and outcome.status in ENDINGS:
                happened, ending, then = ENDINGS[outcome.status]
                version = f"version {record.challenger}" if record.challenger else "the challenger"
                champion = f"Version {record.version}" if record.version else "No version"
                serving = then.format(champion=champion)
                body = f"{shortened(outcome.reason, REASONS)}\n{serving}"
                title = f"{model}: {version} {ending}"
                name = f"{record.id}-{outcome.status}"
                facts = {"champion": record.version, **outcome_facts(record, outcome)}
                yield self.message(history, name, outcome.day, title, body, happened, **facts)


def triggered_by(record: DecisionRecord) -> str:
    """The triggers of a decision, as the end of a sentence."""
    return f", triggered by {', '.join(record.triggers)}" if record.triggers else ""


def outcome_facts(record: DecisionRecord, outcome: Outcome) -> dict[str, object]:
    """The facts of the outcome of a decision; the version is the challenger, if there is one."""
    return {
        **_identity(record),
        "version": outcome.challenger,
        "training_set": record.training_set,
        "failed_gates": outcome.failed_gates,
        "person": outcome.person,
        "reason": shortened(outcome.reason, REASONS),
    }


def decided_facts(record: DecisionRecord) -> dict[str, object]:
    reason = shortened(record.reason, REASONS)
    evidence = facts_of(record.evidence)
    return {**_identity(record), "champion": record.version, "reason": reason, **evidence}


def _identity(record: DecisionRecord) -> dict[str, object]:
    triggers = {"kind": record.kind, "triggers": record.triggers}
    return {"decision": record.id, "action": record.action, **triggers}
