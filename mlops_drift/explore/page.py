"""An exploration as a web page: one file that needs nothing else."""

from pathlib import Path

from mlops_drift.charts import numbers as shown
from mlops_drift.charts.html import rendered
from mlops_drift.charts.sections import Cell, PageTable, Row, Section, Tile
from mlops_drift.drift.sentences import count
from mlops_drift.explore.column_page import columns_section, distributions_section, drawn_columns
from mlops_drift.explore.pairs_page import pairs_section, target_section
from mlops_drift.explore.result import Exploration, Finding
from mlops_drift.explore.summary import head
from mlops_drift.explore.time_page import time_section

# How each severity looks, and is said without colour.
_STYLES = {"error": "fail", "warning": "unknown", "note": "pass"}
_MOST_OPEN = 25
_GLOSSARY = (
    ("error, warning, note", "a mistake or a leak; worth a look before a model is trained; a fact"),
    (
        "outlier",
        "a value beyond the outer fences of Tukey (1977): 3 interquartile ranges below the first "
        "or above the third quartile; of positive values the upper fence may be that of their "
        "logarithms, if it is wider",
    ),
    ("Pearson's r", "linear correlation, from -1 to 1; missing values are left out by pairs"),
    ("Spearman's rho", "correlation of ranks, from -1 to 1: any rising or falling relation"),
    (
        "Cramér's V",
        "association of two categories, from 0 to 1, with the bias correction of Bergsma (2013)",
    ),
    (
        "eta",
        "correlation ratio: the root of the share of a number's variance that lies between "
        "categories, corrected for bias as epsilon² (Kelley, 1935)",
    ),
    (
        "alone",
        "how well one column predicts the target on rows that it has not seen: AUC of two classes, "
        "Goodman and Kruskal's lambda of more, R² of numbers",
    ),
    (
        "between days",
        "intraclass correlation ICC(1): the share of the variance of rows that lies between days",
    ),
)


def exploration_page(found: Exploration) -> str:
    """Draws an exploration as one self-contained HTML page: what to look at first comes first."""
    anchors = drawn_columns(found)
    sections = (
        columns_section(found, anchors),
        target_section(found, anchors),
        distributions_section(found, anchors),
        pairs_section(found),
        time_section(found),
        _rows_section(found),
    )
    return rendered(
        "explore/page.html.j2",
        {},
        name=Path(found.name).name,
        place=found.name,
        lines=head(found),
        tiles=_tiles(found),
        findings=_findings(found, anchors),
        sections=[one for one in sections if one is not None],
        defs=found.defs,
        glossary=_glossary(),
    )


def _tiles(found: Exploration) -> list[Tile]:
    cells = found.rows * len(found.columns)
    missing = sum(column.missing for column in found.columns)
    severities = [one.severity for one in found.findings]
    gaps = sum(column.missing > 0 for column in found.columns)
    repeated = shown.percent(found.duplicates.whole / found.rows)
    tiles = [
        Tile("errors", f"{severities.count('error'):,}", "mistakes and leaks"),
        Tile("warnings", f"{severities.count('warning'):,}", "worth a look before training"),
        Tile("rows", f"{found.rows:,}", count(len(found.columns), "column")),
        Tile("missing", f"{shown.percent(missing / cells)} %", f"in {count(gaps, 'column')}"),
        Tile("repeated rows", f"{found.duplicates.whole:,}", f"{repeated} %"),
    ]
    if found.timeline:
        days = len(found.timeline.rows)
        tiles.append(Tile("days", f"{days:,}", f"from {found.timeline.first}"))
    return tiles


def _findings(found: Exploration, anchors: dict[str, str]) -> Section:
    rows = [_finding(one, anchors) for one in found.findings]
    titles = ("severity", "column", "finding")
    parts = [PageTable(titles, rows[:_MOST_OPEN])] if rows else []
    if len(rows) > _MOST_OPEN:
        more = rows[_MOST_OPEN:]
        parts.append(PageTable(titles, more, summary=f"{count(len(more), 'more finding')}"))
    lead = "Worst first." if rows else "Nothing stands out."
    return Section("findings", "Look at first", lead, parts)


def _finding(one: Finding, anchors: dict[str, str]) -> Row:
    href = f"#{anchors[one.column]}" if one.column in anchors else None
    name = Cell(one.column or "", href=href)
    return Row([Cell(one.severity, _STYLES[one.severity]), name, one.sentence])


def _rows_section(found: Exploration) -> Section:
    """Repeated rows and keys."""
    duplicates, rows = found.duplicates, found.rows
    facts = [
        Row(["rows that repeat another in all columns", f"{duplicates.whole:,}"]),
    ]
    if duplicates.but_key is not None:
        name = f"rows that repeat another in all columns but {found.key}"
        facts.append(Row([name, f"{duplicates.but_key:,}"]))
    keys = ", ".join(" and ".join(names) for names in duplicates.keys) or "none"
    facts.append(Row(["columns that identify each row", keys]))
    lead = f"Of {count(rows, 'row')}, compared by hashes of 64 bits."
    return Section("rows", "Repeated rows and keys", lead, [PageTable(("what", "found"), facts)])


def _glossary() -> Section:
    rows = [Row([word, text]) for word, text in _GLOSSARY]
    return Section("words", "Words", "", [PageTable(("word", "meaning"), rows)])
