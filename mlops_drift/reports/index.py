"""The index of all models, the worst first, as a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_drift.charts.html import rendered
from mlops_drift.charts.sections import Cell, PageTable, Row
from mlops_drift.lifecycle.health import SIGNS, STATES, WORDS, worst_first

_TITLES = ("model", "state", "what", "serves", "waits", "last day", "next")


def index_page(models: Sequence[Mapping[str, Any]]) -> str:
    """Draws a row for each model, with a link to its report; see `published` for its fields."""
    counts = {state: sum(one["health"]["state"] == state for one in models) for state in STATES}
    table = PageTable(_TITLES, [_row(one) for one in worst_first(models)])
    return rendered(
        "reports/index.html.j2",
        {},
        table=table,
        counts={state: n for state, n in counts.items() if n},
        words=WORDS,
        signs=SIGNS,
    )


def _row(one: Mapping[str, Any]) -> Row:
    health = one["health"]
    state = health["state"]
    return Row(
        [
            Cell(one["model"], href=f"{one['model']}.html"),
            Cell(f"{SIGNS[state]} {WORDS[state]}", state),
            next(iter(health["sentences"]), ""),
            f"v{one['serves']}" if one["serves"] else "nobody",
            f"v{one['waits']}" if one["waits"] else "nobody",
            str(one["day"]),
            health["next"],
        ]
    )
