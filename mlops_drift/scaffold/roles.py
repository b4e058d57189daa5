"""Which columns are the key, the days and the label."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_drift.scaffold.table import FileColumns, ProposalError

_KEY = re.compile(r"(^|[_ ])(id|key|uuid|no|number)$|id$", re.IGNORECASE)
_DAY = re.compile(r"day|date|time|^ts$|^dt$", re.IGNORECASE)
_LABEL = re.compile(r"^(label|target|truth|outcome|class|y)$|label|target", re.IGNORECASE)


@dataclass(frozen=True)
class Choices:
    """What the user has chosen; None leaves it to the files."""

    key: str | None = None
    day: str | None = None
    label_day: str | None = None
    label: str | None = None
    positive: str | None = None


@dataclass(frozen=True)
class Guess:
    """A value with the reason for it."""

    value: str
    why: str


@dataclass(frozen=True)
class Roles:
    """The columns that are no features."""

    key: Guess
    day: Guess
    label_day: Guess
    label: Guess


def find_roles(events: FileColumns, labels: FileColumns, choices: Choices) -> Roles:
    """Finds them in two files, which may be the same.

    Raises:
        ProposalError: if there is no candidate, or no way to choose between several.
    """
    key = _key(events, labels, choices.key)
    day = _day(events, choices.day, "--day")
    same = events.path == labels.path
    wanted = choices.label_day or (
        choices.day if same or choices.day in labels.of_kind("day") else None
    )
    if same and wanted is None:
        wanted = day.value
    label_day = _day(labels, wanted, "--label-day")
    taken = {key.value, label_day.value, *([day.value] if same else [])}
    able = [name for name in labels.columns if name not in taken]
    if not same:
        able = [name for name in able if name not in events.columns] or able
    return Roles(key, day, label_day, _label(able, labels, choices.label, same))


def _key(events: FileColumns, labels: FileColumns, chosen: str | None) -> Guess:
    common = [name for name in events.columns if name in labels.columns]
    if chosen is not None:
        _require(chosen, common, "--key", "a column of both files")
        values = events.columns[chosen]
        if not values.is_unique:
            raise ProposalError(
                f"--key {chosen!r}: {values.missing} of {events.rows} events have none, and "
                f"{events.rows - values.missing - values.distinct} repeat another's; a key "
                "identifies one event"
            )
        return Guess(chosen, "chosen with --key")
    able = [
        name
        for name in common
        if events.columns[name].kind in ("integer", "text") and events.columns[name].is_unique
    ]
    if not able:
        raise ProposalError(
            f"no column is in both {events.path.name} and {labels.path.name} and identifies each "
            f"event; both have {_listed(common)}. Give the key the same name in both files, and "
            "each event a value of its own"
        )
    best = max(able, key=lambda name: (bool(_KEY.search(name)), _shared(events, labels, name)))
    return Guess(
        best, f"in both files, and different in every event{_instead(able, best, '--key')}"
    )


def _shared(events: FileColumns, labels: FileColumns, name: str) -> float:
    """Share of the labels that belong to an event."""
    return float(labels.columns[name].texts.isin(set(events.columns[name].present)).mean())


def _day(file: FileColumns, chosen: str | None, option: str) -> Guess:
    able = file.of_kind("day")
    if chosen is not None:
        _require(chosen, able, option, f"a column of days of {file.path.name}")
        return Guess(chosen, f"chosen with {option}" if option == "--day" else "")
    if not able:
        odd = [name for name in file.columns if _DAY.search(name)]
        raise ProposalError(
            f"{file.path.name} has no column of days such as 2024-10-01"
            + (f" ({odd[0]!r} {file.columns[odd[0]].problem or 'holds none'})" if odd else "")
            + "; add one: of an event its day, of a label the day on which it became known"
        )
    best = max(able, key=lambda name: (bool(_DAY.search(name)), -file.columns[name].missing))
    return Guess(best, f"a column of days{_instead(able, best, option)}")


def _label(able: Sequence[str], labels: FileColumns, chosen: str | None, same: bool) -> Guess:
    if chosen is not None:
        _require(chosen, list(labels.columns), "--label", f"a column of {labels.path.name}")
        return Guess(chosen, "chosen with --label")
    named = [name for name in able if _LABEL.search(name)]
    if not able or (len(able) > 1 and len(named) != 1):
        raise ProposalError(
            f"which column of {labels.path.name} is the label? It may be {_listed(able)}; name it "
            "with --label"
        )
    [best] = named if len(able) > 1 else able
    where = "; it is in the file of the events" if same else ""
    return Guess(best, f"the label{where}{_instead(able, best, '--label')}")


def _require(chosen: str, able: Sequence[str], option: str, what: str) -> None:
    if chosen not in able:
        raise ProposalError(f"{option} {chosen!r} is not {what}; these are: {_listed(able)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _instead(able: Sequence[str], best: str, option: str) -> str:
    others = [name for name in able if name != best]
    return f"; also possible with {option}: {_listed(others)}" if others else ""
