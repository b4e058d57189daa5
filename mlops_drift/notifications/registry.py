"""The kinds of notifications by name."""

from mlops_drift.notifications.base import NotificationKind
from mlops_drift.notifications.kinds.broken_check import BrokenCheck
from mlops_drift.notifications.kinds.decision import Decision
from mlops_drift.notifications.kinds.failed_check import FailedCheck
from mlops_drift.notifications.kinds.promotion import Promotion

KINDS: dict[str, type[NotificationKind]] = {
    "failed_check": FailedCheck,
    "decision": Decision,
    "promotion": Promotion,
    "broken_check": BrokenCheck,
}


def notification_kind(name: str) -> NotificationKind:
    """The kind that `notifications.about` names.

    Raises:
        ValueError: if there is none.

    >>> notification_kind("promotion").name
    'promotion'
    """
    if name not in KINDS:
        known = ", ".join(map(repr, KINDS))
        raise ValueError(f"there is no notification kind {name!r}; there are {known}")
    return KINDS[name]()
