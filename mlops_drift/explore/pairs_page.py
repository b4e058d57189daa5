"""What goes together, and what predicts the target, on the page."""

from mlops_drift.charts import numbers as shown
from mlops_drift.charts.sections import Card, Cards, Cell, Figure, PageTable, Row, Section
from mlops_drift.explore.alone import ALONE
from mlops_drift.explore.drawings import correlations, ranking
from mlops_drift.explore.findings import MEASURES
from mlops_drift.explore.result import Exploration

_MOST_BARS, _MOST_NUMBERS = 15, 16


def target_section(found: Exploration, anchors: dict[str, str]) -> Section | None:
    """How well each column alone predicts the target."""
    if not found.alone:
        return None
    measure = ALONE[found.alone[0].measure]
    first = found.alone[:_MOST_BARS]
    picture = ranking([one.column for one in first], [one.value for one in first], measure)
    rows = [
        Row(
            [
                Cell(one.column, href=f"#{anchors[one.column]}" if one.column in anchors else None),
                shown.distance(one.value),
                Cell("may leak", "fail") if one.leak else "",
                one.leak,
            ]
        )
        for one in found.alone
    ]
    titles = ("column", measure, "leak", "why")
    table = PageTable(titles, rows, frozenset([measure]), f"all {len(rows)} columns as numbers")
    lead = (
        f"{measure} of each column alone, learned on one half of {_sample(found)} and measured on "
        "the other. One that is almost perfect is suspected to leak the target: to be known only "
        "when the target is."
    )
    title = f"What says most about {found.target}"
    return Section("target", title, lead, [Cards([Card(measure, picture, table=table)])])


def pairs_section(found: Exploration) -> Section | None:
    """The strongest pairs, and the correlations of numbers."""
    if not found.pairs and len(found.numbers) < 2:
        return None
    parts: list[Figure | PageTable] = []
    rows = [
        Row([one.first, one.second, MEASURES[one.measure], shown.distance(one.value)])
        for one in found.pairs
    ]
    if rows:
        titles = ("column", "and", "measure", "value")
        parts.append(PageTable(titles, rows[:12], frozenset(["value"])))
        if len(rows) > 12:
            more = f"{len(rows) - 12} more pairs"
            parts.append(PageTable(titles, rows[12:], frozenset(["value"]), more))
    if len(found.numbers) > 1:
        parts.append(_matrix(found))
    lead = f"Measured on {_sample(found)}; pairs weaker than 0.1 or than chance are not listed."
    return Section("pairs", "What goes together", lead, parts)


def _matrix(found: Exploration) -> Figure:
    """Spearman's correlations of the numbers that have the strongest ones."""
    strength = [
        max((abs(value) for j, value in enumerate(row) if value is not None and j != i), default=0)
        for i, row in enumerate(found.spearman)
    ]
    order = sorted(range(len(strength)), key=lambda i: -strength[i])[:_MOST_NUMBERS]
    places = sorted(order)
    names = [found.numbers[i] for i in places]
    matrix = [[found.spearman[i][j] for j in places] for i in places]
    rows = [
        Row([name, *(shown.distance(value) for value in values)])
        for name, values in zip(names, matrix, strict=True)
    ]
    left_out = len(found.numbers) - len(places)
    note = f"{left_out} further columns have weaker ones" if left_out else ""
    table = PageTable(["column", *names], rows, frozenset(names), "as numbers")
    title = "Spearman's rank correlation of numbers"
    return Figure(title, correlations(names, matrix), table, note or title)


def _sample(found: Exploration) -> str:
    if found.sampled == found.rows:
        return "all rows"
    return f"a sample of {found.sampled:,} rows, the same each time"
