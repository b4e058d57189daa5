"""The ways on from a message: what happens next, and the pages that show what it is about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from mlops_drift import links


@dataclass(frozen=True)
class NextStep:
    """What the policy does next and why, and the command where a person is needed."""

    text: str
    command: str | None = None


@dataclass(frozen=True)
class Ways:
    """What a message needs of the system around it; asked only for messages that are new.

    Attributes:
        next_step: what happens next, as of now.
        version_page: address of a version; None where its registry has no pages.
        decision_run: the run that carries out a decision; None before there is one.
        assets: the asset that each check is shown with.
    """

    next_step: Callable[[], NextStep]
    version_page: Callable[[int], str | None]
    decision_run: Callable[[str], str | None]
    assets: Mapping[str, str]

    def links(self, model: str, day: date, facts: Mapping[str, object]) -> dict[str, str]:
        """The addresses of the pages of a message, by what they show; from its facts."""
        return {"report": links.report_page(model, day), **dict(self._of_facts(model, day, facts))}

    def _of_facts(
        self, model: str, day: date, facts: Mapping[str, object]
    ) -> Iterator[tuple[str, str]]:
        triggers = cast(Sequence[str], facts.get("triggers", ()))
        check = cast(str, facts.get("check") or next(iter(triggers), ""))
        if check in self.assets:
            yield "check", links.check_page(model, self.assets[check], check)
        if source := cast(str | None, facts.get("source")):
            yield source, links.asset_page(model, source, day)
        version = cast(int | None, facts.get("version") or facts.get("champion"))
        if version and (page := self.version_page(version)):
            yield "version", page
        decision = cast(str | None, facts.get("decision"))
        run = facts.get("run") or (self.decision_run(decision) if decision else None)
        if run:
            yield "run", links.run_page(cast(str, run))


def ways_in_text(step: NextStep, pages: Mapping[str, str]) -> str:
    """The last lines of a message.

    >>> print(ways_in_text(NextStep("nothing: no failed check"), {"run": "http://host/runs/1f"}))
    next: nothing: no failed check
    run: http://host/runs/1f
    """
    command = {"command": step.command} if step.command else {}
    lines = {"next": step.text, **command, **pages}
    return "\n".join(f"{name}: {text}" for name, text in lines.items())
