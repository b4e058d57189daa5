"""How a model is, in a few lines: a word with its sign, why, and what happens next."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from mlops_drift.lifecycle.health import SIGNS, WORDS, State

_STYLES: Mapping[State, str] = {
    "failing": "bold red",
    "waiting": "bold magenta",
    "unknown": "bold yellow",
    "healthy": "bold green",
}


def state_of(health: Mapping[str, Any]) -> Text:
    """The state with its sign and colour."""
    state: State = health["state"]
    return Text(f"{SIGNS[state]} {WORDS[state]}", _STYLES[state])


def print_headline(console: Console, status: Mapping[str, Any]) -> None:
    """Prints the state of a model, why, and what happens next with the command of a person."""
    health = status["health"]
    day = f", as of {status['last_day']}" if status["last_day"] else ""
    head = Text(f"{status['model']}: ", "bold")
    console.print(head.append_text(state_of(health)).append(day, "not bold"))
    for sentence in health["sentences"]:
        console.print(Text(sentence))
    console.print(Text(f"Next: {health['next']}"))
    if health["command"]:
        # Not broken by us, so that it can be copied.
        console.print(Text(f"  {health['command']}", "bold"), soft_wrap=True)
