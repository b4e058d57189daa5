"""A chain of lineage in the terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from mlops_drift.lineage import Link

# Rows of one link that are shown.
_SHOWN = 12


def print_lineage(title: str, chain: Sequence[Link]) -> None:
    """Prints a chain, each link with its facts."""
    tree = Tree(f"[bold]{escape(title)}[/bold]")
    for link in chain:
        branch = tree.add(f"[bold]{escape(link.what)}[/bold]")
        for name, value in link.facts.items():
            if value is not None:
                branch.add(f"{escape(name)}: {escape(_text(value))}")
        for row in link.rows[:_SHOWN]:
            branch.add(escape(", ".join(f"{name} {_text(value)}" for name, value in row.items())))
        if len(link.rows) > _SHOWN:
            branch.add(f"… and {len(link.rows) - _SHOWN} more")
        if not link.facts and not link.rows:
            branch.add("none")
    Console(highlight=False).print(tree, soft_wrap=True)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}={_text(item)}" for name, item in value.items())
    return str(value)
