"""The columns on the page: one table of all, and a picture of each."""

from mlops_drift.charts import numbers as shown
from mlops_drift.charts.sections import Card, Cards, Cell, PageTable, Row, Section
from mlops_drift.drift.sentences import count, excerpt
from mlops_drift.explore.drawings import distribution
from mlops_drift.explore.numeric import label
from mlops_drift.explore.result import Column, Exploration, Groups

# Columns of which pictures are drawn: those with the worst findings.
_MOST_DRAWN = 60


def drawn_columns(found: Exploration) -> dict[str, str]:
    """The columns that are drawn, in the order of the table, with their places on the page."""
    able = [column.name for column in found.columns if column.bars]
    if len(able) > _MOST_DRAWN:
        named = [one.column for one in found.findings if one.column in able]
        first = list(dict.fromkeys([*named, *able]))[:_MOST_DRAWN]
        able = [name for name in able if name in first]
    return {name: f"column-{number}" for number, name in enumerate(able, 1)}


def columns_section(found: Exploration, anchors: dict[str, str]) -> Section:
    """A row a column."""
    titles = (
        *("column", "kind", "missing", "distinct", "lowest", "median", "highest", "outliers"),
        "most frequent",
    )
    numbers = frozenset(("missing", "distinct", "lowest", "median", "highest", "outliers"))
    rows = [_row(column, anchors.get(column.name)) for column in found.columns]
    return Section("columns", "Columns", "", [PageTable(titles, rows, numbers)])


def _row(column: Column, anchor: str | None) -> Row:
    spread, nothing = column.spread, shown.NOTHING
    ends = [nothing] * 3
    if spread is not None:
        is_day = column.kind == "day"
        ends = [label(v, is_day) for v in (spread.minimum, spread.median, spread.maximum)]
    outliers = nothing if column.outliers is None else f"{column.outliers.rows:,}"
    best = next(iter(column.top.items()), None)
    frequent = nothing
    if best is not None and best[1] > 1:
        frequent = f"{_short(best[0])} ({shown.percent(best[1] / column.rows)} %)"
    missing = f"{shown.percent(column.missing / column.rows)} %" if column.missing else "0"
    name = Cell(column.name, href=f"#{anchor}" if anchor else None)
    return Row([name, column.kind, missing, f"{column.distinct:,}", *ends, outliers, frequent])


def distributions_section(found: Exploration, anchors: dict[str, str]) -> Section | None:
    """A card a column."""
    if not anchors:
        return None
    groups = found.groups
    cards = [
        _card(column, anchors[column.name], groups)
        for column in found.columns
        if column.name in anchors
    ]
    lead = "Of all rows."
    if groups is not None:
        what = "class" if groups.kind == "classes" else "quarter"
        lead = f"Shares within each {what} of {groups.column}, of all rows."
    left_out = len(found.columns) - len(anchors)
    if left_out:
        lead += f" {count(left_out, 'column')} without values, or with less to say, not drawn."
    return Section("distributions", "Distributions", lead, [Cards(cards)])


def _card(column: Column, anchor: str, groups: Groups | None) -> Card:
    labels = groups.labels if groups else ()
    rows_of = groups.rows if groups else ()
    text = f"{column.kind}, {count(column.distinct, 'value')}"
    if column.missing:
        text += f", {shown.percent(column.missing / column.rows)} % missing"
    if column.spread is not None and column.kind != "day":
        spread = column.spread
        text += f"; mean {shown.quantity(spread.mean)}, deviation {shown.quantity(spread.std)}"
    if column.rest:
        text += f"; {column.rest:,} rows with rarer values are not drawn"
    picture = distribution(column, labels, rows_of)
    return Card(column.name, picture, text, None, _table(column, groups), anchor)


def _table(column: Column, groups: Groups | None) -> PageTable:
    by_group = groups is not None and bool(column.bars[0].by_group)
    labels = [f"{label}, %" for label in groups.labels] if groups and by_group else []
    titles = ["value" if column.has_values else "from … to", "rows", "%", *labels]
    rows = []
    for bar in column.bars:
        cells = [_short(bar.label), f"{bar.rows:,}", shown.percent(bar.rows / column.rows)]
        if groups and by_group:
            pairs = zip(bar.by_group, groups.rows, strict=True)
            cells += [shown.percent(n / max(1, whole)) for n, whole in pairs]
        rows.append(Row(cells))
    if groups and by_group and column.mean_by_group:
        means = [shown.quantity(mean) for mean in column.mean_by_group]
        rows.append(Row(["mean", shown.NOTHING, shown.NOTHING, *means]))
    return PageTable(titles, rows, frozenset(titles[1:]), "as numbers")


def _short(text: str) -> str:
    return excerpt(text) or repr(text)
