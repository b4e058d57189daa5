"""The decision log of a model on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape


def print_log(model: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Prints decisions in their order, each with its outcome."""
    console = Console(highlight=False)
    if not entries:
        console.print(f"{escape(model)}: no decisions yet")
    for entry in entries:
        for line in log_lines(entry):
            console.print(escape(line), soft_wrap=True)


def log_lines(entry: Mapping[str, Any]) -> list[str]:
    """A decision as lines of the log.

    >>> from datetime import date
    >>> entry = {"day": date(2024, 10, 5), "action": "retrain", "rules": ["model_age"],
    ...     "version": 1, "reason": "31 days old", "decision": "churn-v1-2024-10-05",
    ...     "training_window": None, "outcome": "rejected", "settled": date(2024, 10, 6),
    ...     "outcome_reason": "F1 is 0.4.", "against": ["test_f1"]}
    >>> print(*log_lines(entry), sep=chr(10))
    2024-10-05  retrain (model_age), version 1 serves: 31 days old
    2024-10-06    rejected by test_f1: F1 is 0.4.  [churn-v1-2024-10-05]
    """
    serving = f"version {entry['version']} serves" if entry["version"] else "no version serves"
    rules = f" ({', '.join(entry['rules'])})" if entry["rules"] else ""
    lines = [f"{entry['day']}  {entry['action']}{rules}, {serving}: {entry['reason']}"]
    if entry["training_window"]:
        lines.append(f"{entry['day']}    trained on {entry['training_window']}")
    if entry["outcome"]:
        against = f" by {', '.join(entry['against'])}" if entry["against"] else ""
        lines.append(
            f"{entry['settled']}    {entry['outcome']}{against}: {entry['outcome_reason']}  "
            f"[{entry['decision']}]"
        )
    return lines
