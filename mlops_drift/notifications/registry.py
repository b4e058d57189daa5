"""The kinds of notifications by name."""

from mlops_drift.notifications.base import NotificationKind
from mlops_drift.plugins import load

# What only the webhook of `policy.action` gets.
REQUEST = "request"

KINDS = {
    "failed_check": "mlops_drift.notifications.kinds.failed_check:FailedCheck",
    "decision": "mlops_drift.notifications.kinds.decision:Decision",
    "promotion": "mlops_drift.notifications.kinds.promotion:Promotion",
    "broken_check": "mlops_drift.notifications.kinds.broken_check:BrokenCheck",
    REQUEST: "mlops_drift.notifications.kinds.request:Request",
}


def notification_kind(name: str) -> NotificationKind:
    """The kind that `notifications.about` names; a ValueError if there is none."""
    return load("notifications", name, KINDS, NotificationKind)()  # type: ignore[type-abstract]
