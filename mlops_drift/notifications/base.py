"""A kind of notification, and its messages: a plain text for people, an event for systems."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mlops_drift.notifications.events import event
from mlops_drift.notifications.history import History
from mlops_drift.notifications.ways import ways_in_text

REASONS = 3


@dataclass(frozen=True)
class Message:
    """A message about an episode, which always gets the same id, and the as-of day.

    People read its title and body; other systems get the event, as JSON.
    """

    id: str
    kind: str
    day: date
    title: str
    body: str
    event: str


class NotificationKind(ABC):
    """Turns what happened to a model into messages.

    It is asked every time the sensor runs, so the same episode must get the same message id. Its
    name stands in `notifications.about`.
    """

    name: str

    @abstractmethod
    def messages(self, history: History) -> Iterator[Message]:
        """All messages of this kind; those that are in the outbox already are ignored."""

    def message(
        self,
        history: History,
        name: str,
        day: date,
        title: str,
        body: str,
        happened: str = "",
        /,
        **facts: object,
    ) -> Message:
        """A message of this kind, with what happened, such as `check.failed`, and its facts.

        Facts are what JSON knows, and days. What happened is called as the kind where it is left
        out. A new message ends with what happens next and with links to what the facts name:
        `check`, `version`, `run`, `decision`, `source`.
        """
        data = {"model": history.model, "day": day, **facts, "title": title, "text": body}
        if history.ways and name not in history.sent:
            step, pages = history.ways.next_step(), history.ways.links(history.model, day, facts)
            data |= {"next": step.text, "command": step.command, "links": pages}
            body = f"{body.rstrip()}\n\n{ways_in_text(step, pages)}"
        described = event(happened or self.name, day, history.timezone, data)
        return Message(name, self.name, day, title, body, described)
