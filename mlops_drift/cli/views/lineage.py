"""A chain of lineage on the terminal: short for reading, or in full for an audit."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Column
from rich.text import Text

from mlops_drift.charts.numbers import number, value_and_limit
from mlops_drift.console import (
    SIGNS,
    STYLES,
    cells,
    fixed,
    numeric,
    open_console,
    print_table,
    table_of,
)
from mlops_drift.learning.gates.margins import margin
from mlops_drift.lifecycle.lineage import Facts, Link
from mlops_drift.policy.decision import EXTERNAL_CAUSE

# Rows of one link that are shown.
_SHOWN = 30
# Enough of a hash to tell it from others.
_SHORT = 12
_HASH = re.compile(r"\b[0-9a-f]{32,}\b")


def print_lineage(title: str, chain: Sequence[Link]) -> None:
    """Prints a chain: a sentence for the facts of a link, a table for its rows."""
    console = open_console()
    console.print(Text(title, "bold"))
    for link in chain:
        console.print()
        console.print(Text(link.what.capitalize(), "bold"))
        if link.what == "gates":
            _print_gates(console, link.rows)
            continue
        for line in _SENTENCES.get(link.what, _listed)(link.facts):
            shown = Text(_HASH.sub(lambda found: found[0][:_SHORT], line))
            # An address is no longer one when it is broken.
            console.print(shown, soft_wrap="://" in line)
        if link.rows:
            _print_rows(console, link.rows)
        elif not link.facts:
            console.print("none")
    console.print(Text("\nWith all digits, hashes and digests: --full", "dim"))


def _print_gates(console: Console, gates: Sequence[Mapping[str, Any]]) -> None:
    passed = sum(gate["verdict"] == "pass" for gate in gates)
    table = table_of(*fixed("", "gate"), *numeric("value"), Column(""), *numeric("limit", "n"))
    for gate in gates:
        verdict = gate["verdict"]
        value, limit = value_and_limit(gate["value"], gate["threshold"])
        table.add_row(
            Text(SIGNS[verdict], STYLES[verdict]),
            f"{gate['gate']}{_by_chance(gate)}",
            value,
            "" if verdict == "unknown" else str(gate["direction"] or ""),
            limit,
            f"{gate['n']:,}",
        )
    print_table(console, table)
    console.print(Text(f"{passed} of {len(gates)} pass", "dim"))


def _by_chance(gate: Mapping[str, Any]) -> str:
    """Why a gate passes though its value is beyond its limit; empty where it is within."""
    names = ("gate", "verdict", "value", "threshold", "direction")
    found = margin(*(gate[name] for name in names)) if gate["direction"] else None
    return ", not significant" if found and found.passes_by_chance else ""


def _print_rows(console: Console, rows: Sequence[Facts]) -> None:
    names = list(dict.fromkeys(name for row in rows[:_SHOWN] for name in row))
    filled = [name for name in names if any(row.get(name) not in ("", None) for row in rows)]
    table = table_of(*(_column(name, [row.get(name) for row in rows]) for name in filled))
    for row in rows[:_SHOWN]:
        texts = [_short(row.get(name)) for name in filled]
        table.add_row(*cells(_HASH.sub(lambda found: found[0][:_SHORT], text) for text in texts))
    print_table(console, table)
    if len(rows) > _SHOWN:
        console.print(Text(f"… and {len(rows) - _SHOWN:,} more", "dim"))


def _column(name: str, values: Sequence[object]) -> Column:
    is_number = all(value is None or isinstance(value, int | float) for value in values)
    justify: Literal["left", "right"] = "right" if is_number else "left"
    return Column(name.replace("_", " "), overflow="fold", justify=justify)


def _short(value: object) -> str:
    """A value for reading, a fraction in few digits; nothing for None."""
    if isinstance(value, float):
        return number(value)
    return "" if value is None else str(value)


def _listed(facts: Facts) -> Iterator[str]:
    """Facts by name, those that are there."""
    for name, value in facts.items():
        if value is not None and not name.endswith("_digest"):
            yield f"{name}: {_short(value)}"


def _version(facts: Facts) -> Iterator[str]:
    test = next(name for name in facts if name.startswith("test "))
    name = f"Version {facts['version']} of {facts['model']} ({facts['family']})"
    yield f"{name}: {test} {facts[test]}."
    if removed := facts.get("removed"):
        yield f"It was removed {removed}."
    params: Any = facts.get("params")
    if isinstance(params, Mapping):
        shown = ", ".join(f"{name} {_short(_as_number(value))}" for name, value in params.items())
        yield f"Its parameters are {shown}."
    for page in ("MLflow", "Dagster"):
        if page in facts:
            yield f"{page}: {facts[page]}"


def _as_number(value: object) -> object:
    """A parameter, which the registry keeps as a text, as the number that it is."""
    try:
        return float(str(value))
    except ValueError:
        return value


def _promotion(facts: Facts) -> Iterator[str]:
    instead = f" in place of version {facts['replaces']}" if facts["replaces"] else ""
    yield (f"Promoted to serve from {facts['serves since']}{instead} by {facts['approved by']}.")
    if facts["comment"]:
        yield f"Comment: {facts['comment']}"
    if facts["reason"]:
        asked = f" ({facts['triggers']})" if facts["triggers"] else ""
        verb = "Recorded as" if facts["triggers"] == EXTERNAL_CAUSE else "Trained by"
        yield f"{verb} decision {facts['decision']}{asked}: {facts['reason']}"


def _training_set(facts: Mapping[str, Any]) -> Iterator[str]:
    parts = ""
    if "train rows" in facts:
        parts = (
            f" ({facts['train rows']:,} to train, {facts['test rows']:,} to test) of events of "
            f"{facts['events']}"
        )
    yield f"{facts['rows']:,} rows{parts}, trained as of {facts['trained as of']}."
    if sample := facts.get("sample"):
        yield f"A sample: {sample}."
    if facts["folder"] == "removed":
        yield "The retention has removed it."


def _code(facts: Facts) -> Iterator[str]:
    if "git_sha" in facts:
        yield f"Commit {facts['git_sha']}."


def _day(facts: Mapping[str, Any]) -> Iterator[str]:
    landed, failed = facts["events"], facts["failed checks"]
    yield f"{landed:,} events landed, {failed:,} numbers of checks failed."
    if facts["removed"]:
        yield f"Since then {facts['removed']}."


_SENTENCES: Mapping[str, Callable[[Facts], Iterator[str]]] = {
    "day": _day,
    "version": _version,
    "promotion": _promotion,
    "training set": _training_set,
    "code": _code,
}


def lineage_lines(title: str, chain: Sequence[Link]) -> Iterator[str]:
    """The lines of a chain in full, each link with its facts below it.

    >>> from datetime import date
    >>> chain = [Link("served by", rows=[{"version": 2, "predictions": 50}]), Link("labels")]
    >>> print(*lineage_lines("churn, 2024-10-05", chain), sep=chr(10))
    churn, 2024-10-05
    served by
      version 2, predictions 50
    labels
      none
    """
    yield title
    for link in chain:
        yield link.what
        for name, value in link.facts.items():
            if value is not None:
                yield f"  {name}: {_text(value)}"
        for row in link.rows[:_SHOWN]:
            text = ", ".join(
                f"{name} {_text(value)}" for name, value in row.items() if value not in ("", None)
            )
            yield f"  {text}"
        if len(link.rows) > _SHOWN:
            yield f"  … and {len(link.rows) - _SHOWN} more"
        if not link.facts and not link.rows:
            yield "  none"


def _text(value: object) -> str:
    if isinstance(value, float):
        # All digits: a value is traced here.
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_text(item)}" for name, item in value.items())
    return str(value)
