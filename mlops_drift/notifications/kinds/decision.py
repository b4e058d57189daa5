"""The policy decides, and a decision ends without a promotion."""

from collections.abc import Iterator, Mapping

from mlops_drift.notifications.base import NotificationKind
from mlops_drift.notifications.history import Decided, History
from mlops_drift.notifications.message import REASONS, Message, shortened
from mlops_drift.policy.decision import MANUAL, Action

TITLES: Mapping[Action, str] = {
    "retrain": "retraining begins",
    "alert": "a retraining is due",
    "give_up": "retraining is paused, a person is needed",
    "wait": "the retraining waits",
    "nothing": "no retraining",
    "promote": "a version is promoted by hand",
    "rollback": "the champion is rolled back",
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
    """One message for each decision, and one for an outcome other than a promotion.

    >>> from datetime import date
    >>> day = date(2024, 10, 5)
    >>> entry = Decided("churn-v3-2024-10-05", day, "retrain", ["performance_drop"], 3,
    ...     "accuracy fell to 0.700", "waiting", day, 4, "all gates passed")
    >>> decided, ended = Decision().messages(History("churn", decisions=[entry]))
    >>> print(decided.title)
    churn: retraining begins
    >>> print(decided.body)
    Version 3, on 2024-10-05, triggered by performance_drop.
    accuracy fell to 0.700
    >>> print(ended.title)
    churn: version 4 waits for approval
    >>> print(ended.body)
    all gates passed
    Approve or reject it: mlops-drift approve churn, or materialize champion.
    """

    name = "decision"

    def messages(self, history: History) -> Iterator[Message]:
        """The decisions, and their outcomes other than promotions."""
        for entry in history.decisions:
            if MANUAL not in entry.rules:
                yield self._decided(history.model, entry)
            if entry.outcome in ENDINGS and entry.settled is not None:
                ending, then = ENDINGS[entry.outcome]
                version = f"version {entry.challenger}" if entry.challenger else "the challenger"
                yield self.message(
                    f"{entry.decision}-{entry.outcome}",
                    entry.settled,
                    f"{history.model}: {version} {ending}",
                    f"{shortened(entry.outcome_reason, REASONS)}\n"
                    f"{then.format(model=history.model)}",
                )

    def _decided(self, model: str, entry: Decided) -> Message:
        version = f"Version {entry.version}" if entry.version else "First version"
        return self.message(
            f"{entry.decision}-decided",
            entry.day,
            f"{model}: {TITLES[entry.action]}",
            f"{version}, on {entry.day}{triggered_by(entry)}.\n{shortened(entry.reason, REASONS)}",
        )


def triggered_by(entry: Decided) -> str:
    """The triggers of a decision, as the end of a sentence."""
    return f", triggered by {', '.join(entry.rules)}" if entry.rules else ""
