"""What a cleanup deletes and keeps, on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.cleanup.things import CleanupPlan


def print_plan(spec: ModelSpec, plan: CleanupPlan, deleted: bool) -> None:
    """Prints what is deleted, what is kept although it is old, and the size of both."""
    console = Console(highlight=False)
    if plan.items:
        title = "deleted" if deleted else "can be deleted"
        size = Column("size", justify="right")
        table = Table("kind", "name", size, "reason", title=title, title_justify="left")
        for item in plan.items:
            name, reason = escape(item.name[:32]), escape(item.reason)
            table.add_row(item.kind, name, readable(item.size), reason)
        console.print(table)
    for kept in plan.kept:
        reason = escape("; ".join(kept.needed_by))
        console.print(f"kept: {kept.kind} {escape(kept.name[:32])}: {reason}", soft_wrap=True)
    done = "deleted" if deleted else "can be deleted with --delete"
    summary = f", as of {plan.day}: {len(plan.items)} things, {readable(plan.size)}, {done}"
    if spec.retention.is_empty and not plan.items:
        summary = " keeps everything: its YAML sets no retention"
    console.print(f"{spec.name}{summary}", soft_wrap=True)


def readable(size: int) -> str:
    """A number of bytes, readable.

    >>> readable(512), readable(2_400_000)
    ('512 B', '2.4 MB')
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
