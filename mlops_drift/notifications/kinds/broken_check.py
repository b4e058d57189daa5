"""A check has no verdict: it raised an error, or its day has no file."""

from collections.abc import Iterator
from datetime import date, timedelta

from mlops_drift.notifications.base import Message, NotificationKind
from mlops_drift.notifications.events import shortened
from mlops_drift.notifications.history import History
from mlops_drift.policy.decision import EPISODE_GAP_DAYS


class BrokenCheck(NotificationKind):
    """One message for each step and day that broke, and for each episode of missing files.

    An episode of missing files ends with `EPISODE_GAP_DAYS` days that have their files; events and
    labels have separate ones. A retry that breaks again belongs to the same message.
    """

    name = "broken_check"

    def messages(self, history: History) -> Iterator[Message]:
        """Broken steps, then missing files."""
        model = history.model
        for broken in history.broken:
            name = f"{model}-{broken.step}-broken-{broken.day}"
            title = f"{model}: {broken.step} broke on {broken.day}"
            error = shortened(broken.error)
            body = (
                f"{error}\n\nIts checks have no verdict and retrain nothing. "
                f"Look at run {broken.run_id}, then run the day again."
            )
            facts = {"step": broken.step, "run": broken.run_id, "error": error}
            yield self.message(history, name, broken.day, title, body, "check.broken", **facts)
        begun: dict[str, date] = {}
        for missing in sorted(history.missing, key=lambda one: (one.day, one.source, one.file)):
            since = begun.get(missing.source, date.min)
            begun[missing.source] = missing.day
            earlier = (missing.day - timedelta(days=n) for n in range(EPISODE_GAP_DAYS + 1))
            ids = [f"{model}-{missing.source}-missing-{day}" for day in earlier]
            is_new = (missing.day - since).days > EPISODE_GAP_DAYS
            if is_new and set(ids).isdisjoint(history.sent):
                title = f"{model}: no file of {missing.source} since {missing.day}"
                body = (
                    f"{shortened(missing.file)} is missing; other days run without it.\n"
                    "Add the file: the next run reads it and repeats what depends on it."
                )
                facts = {"source": missing.source, "file": shortened(missing.file)}
                yield self.message(
                    history, ids[0], missing.day, title, body, "file.missing", **facts
                )
