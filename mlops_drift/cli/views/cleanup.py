"""What a cleanup deletes and keeps, on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.cleanup.stored import CleanupPlan


def print_plan(spec: ModelSpec, plan: CleanupPlan, deleted: bool) -> None:
    """Prints what is deleted, what is kept although it is old, and the size of both."""
    console = Console(highlight=False)
    if plan.items:
        table = Table(title="deleted" if deleted else "can be deleted", title_justify="left")
        for column in ("what", "name", "size", "why"):
            table.add_column(column, justify="right" if column == "size" else "left")
        for item in plan.items:
            table.add_row(
                item.kind, escape(item.name[:32]), readable(item.size), escape(item.reason)
            )
        console.print(table)
    for kept in plan.kept:
        console.print(
            f"kept: {kept.kind} {escape(kept.name[:32])}: {escape(kept.reason)}", soft_wrap=True
        )
    console.print(_summary(spec, plan, deleted), soft_wrap=True)


def _summary(spec: ModelSpec, plan: CleanupPlan, deleted: bool) -> str:
    if spec.retention.is_empty and not plan.items:
        return f"{spec.name} keeps everything: its YAML sets no retention"
    done = "deleted" if deleted else "can be deleted with --delete"
    return f"{spec.name}, as of {plan.day}: {len(plan.items)} things, {readable(plan.size)}, {done}"


def readable(size: int) -> str:
    """A number of bytes, readable.

    >>> readable(512), readable(2_400_000)
    ('512 B', '2.4 MB')
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
