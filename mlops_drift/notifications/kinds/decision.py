"""The policy decides, and a decision ends without a promotion."""

from collections.abc import Iterator, Mapping

from mlops_drift.notifications.base import REASONS, Message, NotificationKind, shortened
from mlops_drift.notifications.history import History
from mlops_drift.policy.decision import Action, DecisionRecord

TITLES: Mapping[Action, str] = {
    "retrain": "retraining begins",
    "alert": "a retraining is due",
    "give_up": "retraining is paused, a person is needed",
}

# By outcome: how the title ends, and what happens next.
ENDINGS = {
    "rejected": ("is rejected", "The champion still serves. The next one needs new labels."),
    "failed": (
        "failed in training",
        "The champion still serves. The next training starts with new labels, or when rows, code "
        "or description have changed.",
    ),
    "waiting": (
        "waits for approval",
        "Approve or reject it: mlops-drift approve {model}, or materialize champion.",
    ),
}


class Decision(NotificationKind):
    """One message for each decision, and one for an outcome other than a promotion."""

    name = "decision"

    def messages(self, history: History) -> Iterator[Message]:
        """The decisions, and their outcomes other than promotions."""
        model = history.model
        for record in history.decisions:
            if record.kind != "by_hand":
                version = f"Version {record.version}" if record.version else "First version"
                head = f"{version}, on {record.day}{triggered_by(record)}."
                body = f"{head}\n{shortened(record.reason, REASONS)}"
                title = f"{model}: {TITLES[record.action]}"
                yield self.message(f"{record.id}-decided", record.day, title, body)
            outcome = record.outcome
            if outcome is not None and outcome.status in ENDINGS:
                ending, then = ENDINGS[outcome.status]
                version = f"version {record.challenger}" if record.challenger else "the challenger"
                body = f"{shortened(outcome.reason, REASONS)}\n{then.format(model=model)}"
                title = f"{model}: {version} {ending}"
                yield self.message(f"{record.id}-{outcome.status}", outcome.day, title, body)


def triggered_by(record: DecisionRecord) -> str:
    """The triggers of a decision, as the end of a sentence."""
    return f", triggered by {', '.join(record.triggers)}" if record.triggers else ""
