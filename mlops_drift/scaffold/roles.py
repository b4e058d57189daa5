"""Which columns are the key, the days and the label."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_drift.errors import UserError
from mlops_drift.scaffold.table import FileColumns

KEY_NAME = re.compile(r"(^|[_ ])(id|key|uuid|no|number)$|id$", re.IGNORECASE)
DAY_NAME = re.compile(r"day|date|time|^ts$|^dt$", re.IGNORECASE)
DATE_LIKE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b")
LABEL_NAME = re.compile(r"^(label|target|truth|outcome|class|y)$|label|target", re.IGNORECASE)


@dataclass(frozen=True)
class Choices:
    """What the user has chosen; None leaves it to the files."""

    key: str | None = None
    day: str | None = None
    label_day: str | None = None
    label: str | None = None
    positive: str | None = None


@dataclass(frozen=True)
class Roles:
    """The columns that are no features."""

    key: str
    day: str
    label_day: str
    label: str


def find_roles(
    events: FileColumns, labels: FileColumns, choices: Choices
) -> tuple[Roles, dict[str, str]]:
    """The roles in two files, which may be the same, with reasons; a UserError if none fits."""
    same = events.path == labels.path
    why: dict[str, str] = {}
    key, why["key"] = _key(events, labels, choices.key)
    day, why["day"] = _day(events, choices.day, "--day")
    wanted = choices.label_day
    if wanted is None and same:
        wanted = day
    elif wanted is None and choices.day in labels.of_kind("day"):
        wanted = choices.day
    label_day, why["label_day"] = _day(labels, wanted, "--label-day")
    taken = {key, label_day, *([day] if same else [])}
    able = [name for name in labels.columns if name not in taken]
    if not same:
        able = [name for name in able if name not in events.columns] or able
    label, why["label"] = _label(able, labels, choices.label, same)
    return Roles(key, day, label_day, label), why


def _key(events: FileColumns, labels: FileColumns, chosen: str | None) -> tuple[str, str]:
    common = [name for name in events.columns if name in labels.columns]
    if chosen is not None:
        _require(chosen, common, "--key", "a column of both files")
        values = events.columns[chosen]
        if not values.is_unique:
            raise UserError(
                f"--key {chosen!r}: {values.missing} of {events.rows} events have none, and "
                f"{events.rows - values.missing - values.distinct} repeat another's; a key "
                "identifies one event"
            )
        return chosen, "chosen with --key"
    unique = [name for name in common if events.columns[name].is_unique]
    able = [name for name in unique if events.columns[name].kind in ("integer", "text")]
    if not able:
        raise UserError(
            f"no column is in both {events.path.name} and {labels.path.name} and identifies each "
            f"event; both have {_listed(common)}. Give the key the same name in both files, and "
            "each event a value of its own"
        )

    def rank(name: str) -> tuple[bool, float]:
        """First by its name, then by the share of the labels that belong to an event."""
        found = labels.columns[name].texts.isin(set(events.columns[name].present))
        return bool(KEY_NAME.search(name)), float(found.mean())

    best = max(able, key=rank)
    return best, f"in both files, different in every event{_instead(able, best, '--key')}"


def _day(file: FileColumns, chosen: str | None, option: str) -> tuple[str, str]:
    able = file.of_kind("day")
    if chosen is not None:
        _require(chosen, able, option, f"a column of days of {file.path.name}")
        return chosen, f"chosen with {option}" if option == "--day" else ""
    if not able:
        raise UserError(
            f"{file.path.name} has no column of days such as 2024-10-01{_nearly_days(file)}; add "
            "one: of an event its day, of a label the day on which it became known"
        )
    best = max(able, key=lambda name: (bool(DAY_NAME.search(name)), -file.columns[name].missing))
    return best, f"a column of days{_instead(able, best, option)}"


def _nearly_days(file: FileColumns) -> str:
    """The column that may be meant for days, with what it holds; nothing if there is none."""
    named = [values for name, values in file.columns.items() if DAY_NAME.search(name)]
    firsts = {name: next(iter(values.present), "") for name, values in file.columns.items()}
    dated = [name for name, first in firsts.items() if DATE_LIKE.match(str(first))]
    if dated:
        return f" ({dated[0]!r} holds {firsts[dated[0]]})"
    return f" ({named[0].name!r} {named[0].problem or 'holds none'})" if named else ""


def _label(
    able: Sequence[str], labels: FileColumns, chosen: str | None, same: bool
) -> tuple[str, str]:
    if chosen is not None:
        _require(chosen, list(labels.columns), "--label", f"a column of {labels.path.name}")
        return chosen, "chosen with --label"
    named = able if len(able) == 1 else [name for name in able if LABEL_NAME.search(name)]
    if len(named) != 1:
        raise UserError(
            f"which column of {labels.path.name} is the label? It may be {_listed(able)}; name it "
            "with --label"
        )
    where = "; it is in the file of the events" if same else ""
    return named[0], f"the label{where}{_instead(able, named[0], '--label')}"


def _require(chosen: str, able: Sequence[str], option: str, what: str) -> None:
    if chosen not in able:
        raise UserError(f"{option} {chosen!r} is not {what}; these are: {_listed(able)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _instead(able: Sequence[str], best: str, option: str) -> str:
    others = [name for name in able if name != best]
    return f"; also possible with {option}: {_listed(others)}" if others else ""
