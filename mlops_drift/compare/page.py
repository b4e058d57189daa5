"""A comparison of two tables as a web page: one file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from jinja2 import Environment, StrictUndefined

from mlops_drift.compare.column_history import (
    NOTHING,
    ColumnHistory,
    change,
    column_histories,
    count,
    distance,
    limit,
    percent,
    probability,
    quantity,
    shares,
)
from mlops_drift.compare.result import ColumnComparison, Comparison
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.schema.verdicts import Verdict, overall

TEMPLATE = "page.html.j2"
WORDS: dict[Verdict, str] = {"fail": "drifted", "unknown": "not judged", "pass": "passed"}

_MAX_BINS = 16
# Of more chunks neighbours are drawn as one, the worst of them.
_MAX_POINTS = 120


@dataclass(frozen=True)
class _Bin:
    """One bin: shares as text and as widths in percent of the largest share."""

    label: str
    is_special: bool
    is_largest_move: bool
    before: str
    after: str
    before_width: float
    after_width: float


@dataclass(frozen=True)
class _Distribution:
    bins: list[_Bin]
    left_out: str


@dataclass(frozen=True)
class _Point:
    """One chunk, or neighbours taken together; x and y in percent of the drawing."""

    verdict: Verdict
    text: str
    x: float
    y: float | None


@dataclass(frozen=True)
class _Trend:
    """The deciding metric over the chunks; y counts from the top."""

    points: list[_Point]
    lines: list[str]
    limit_y: float
    width: float
    summary: str


@dataclass(frozen=True)
class _Card:
    """What the page shows about one column."""

    anchor: str
    name: str
    kind: str
    verdict: Verdict
    reasons: tuple[str, ...]
    chunk: str | None
    effect: str
    metric: str
    limit: str
    meter: float
    short: tuple[str, ...]
    cell: ColumnComparison
    distribution: _Distribution
    numbers: list[tuple[str, str]]
    trend: _Trend | None
    failed: str


def comparison_page(
    comparisons: Sequence[Comparison],
    reference_name: str,
    current_name: str,
    monitor: DriftMonitor,
) -> str:
    """Draws a comparison as one self-contained HTML page, without scripts.

    Every column has its distribution, its numbers and its verdict in words; of chunks also the
    deciding metric over them, and then the distribution is that of the last chunk that failed.
    Of many bins the 16 are shown whose shares changed most.

    Args:
        comparisons: one comparison of two whole tables, or the chunks in their order.
        reference_name: what the reference is called.
        current_name: what the current table is called.
        monitor: what the columns were judged by.

    Returns:
        The HTML.

    Raises:
        ValueError: there is no comparison.

    >>> plan = ColumnComparison("plan", None, None, None, None, None, "unknown", ("no such plan",))
    >>> page = comparison_page([Comparison(None, 9, 9, {"plan": plan})], "a", "b", DriftMonitor())
    >>> page[:15], "no such plan" in page
    ('<!DOCTYPE html>', True)
    """
    histories = column_histories(comparisons, monitor)
    cards = [_card(number, history, comparisons) for number, history in enumerate(histories)]
    by_verdict = {
        verdict: [card for card in cards if card.verdict == verdict]
        for verdict in ("fail", "unknown", "pass")
    }
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("mlops_drift.compare").joinpath(TEMPLATE).read_text("utf-8")
    )
    labels = [comparison.chunk for comparison in comparisons]
    return template.render(
        reference=reference_name,
        current=current_name,
        n_reference=count(comparisons[0].n_reference, "row"),
        n_current=count(sum(comparison.n_current for comparison in comparisons), "row"),
        n_chunks=count(len(comparisons), "chunk"),
        chunks=[] if labels[0] is None else labels,
        cards=cards,
        by_verdict=by_verdict,
        words=WORDS,
        headline=f"{len(by_verdict['fail'])} of {count(len(cards), 'column')} drifted",
        metric=drift_metric(monitor.metric).title,
        threshold=limit(monitor.effect("")[1]),
        null_points=limit(100 * monitor.null_increase),
        alpha=limit(monitor.alpha),
        auc=None if comparisons[0].auc is None else distance(comparisons[0].auc),
    )


def _card(number: int, history: ColumnHistory, comparisons: Sequence[Comparison]) -> _Card:
    cell = history.cells[history.shown]
    value, measures = history.effect(history.shown), cell.measures
    failed = history.failed
    first = comparisons[failed[0]].chunk if failed else None
    return _Card(
        anchor=f"column-{number + 1}",
        name=history.name,
        kind=cell.kind or NOTHING,
        verdict=history.verdict,
        reasons=cell.reasons,
        chunk=comparisons[history.shown].chunk,
        effect=distance(value),
        metric=drift_metric(history.metric).title,
        limit=limit(history.threshold),
        meter=min(100.0, 50 * (value or 0.0) / history.threshold),
        short=(
            distance(measures.value("psi") if measures else None),
            distance(measures.value("ks") if measures else None),
            change(measures.null_reference, measures.null_share) if measures else NOTHING,
            probability(cell.q),
        ),
        cell=cell,
        distribution=_distribution(cell),
        numbers=_numbers(cell),
        trend=_trend(history, [comparison.chunk or "" for comparison in comparisons])
        if comparisons[0].chunk is not None
        else None,
        failed=f"{len(failed)} of {count(len(history.cells), 'chunk')}, first {first}"
        if failed
        else "none",
    )


def _distribution(cell: ColumnComparison) -> _Distribution:
    before, after = shares(cell)
    if cell.column is None:
        return _Distribution([], "")
    moved = np.abs(after - before)
    filled = np.flatnonzero(before + after)
    by_change = filled[np.argsort(-moved[filled], kind="stable")]
    shown, left_out = np.sort(by_change[:_MAX_BINS]), by_change[_MAX_BINS:]
    # The last bins of every column are not ordinary values: other or unseen, non-finite or rare,
    # null; a column of intervals leaves nothing to the first of these.
    first_special = len(before) - (2 if cell.column.edges else 3)
    top = max([*before[shown], *after[shown], 1e-12])
    labels = cell.column.labels
    bins = [
        _Bin(
            # Blank text would leave nothing to read.
            label=labels[i] if labels[i].strip() else repr(labels[i]),
            is_special=bool(i >= first_special),
            is_largest_move=bool(i == by_change[0] and cell.verdict == "fail"),
            before=percent(float(before[i])),
            after=percent(float(after[i])),
            before_width=round(100 * float(before[i] / top), 2),
            after_width=round(100 * float(after[i] / top), 2),
        )
        for i in shown
    ]
    if not len(left_out):
        return _Distribution(bins, "")
    rest = change(float(before[left_out].sum()), float(after[left_out].sum()))
    return _Distribution(
        bins, f"{count(len(left_out), 'more bin')} that changed less, together {rest}"
    )


def _numbers(cell: ColumnComparison) -> list[tuple[str, str]]:
    """The measures that apply to the column, with their names."""
    m = cell.measures
    if m is None:
        return []
    found = [
        *((drift_metric(name).title, distance(value)) for name, value in m.distances.items()),
        ("chi-squared", distance(m.chi2)),
        ("chi-squared p", probability(m.chi2_p)),
        ("KS p", probability(m.ks_p)),
        ("q", probability(cell.q)),
        ("null", change(m.null_reference, m.null_share)),
        ("unseen", _share(m.unseen)),
        ("out of range", _share(m.out_of_range)),
        ("mean", _pair(m.mean_reference, m.mean)),
        ("standard deviation", _pair(m.std_reference, m.std)),
        ("smallest", quantity(m.minimum)),
        ("largest", quantity(m.maximum)),
        *((name.replace("_", " "), quantity(value)) for name, value in cell.tests.items()),
    ]
    return [(name, text) for name, text in found if text != NOTHING]


def _share(share: float | None) -> str:
    return NOTHING if share is None else f"{percent(share)} %"


def _pair(before: float | None, after: float | None) -> str:
    if before is None and after is None:
        return NOTHING
    return f"{quantity(before)} → {quantity(after)}"


def _trend(history: ColumnHistory, labels: Sequence[str]) -> _Trend:
    values = history.judged
    known = [value for value in values if value is not None]
    top = 1.15 * max([*known, 1.25 * history.threshold])
    groups = np.array_split(np.arange(len(values)), min(len(values), _MAX_POINTS))
    points = [
        _point(history, labels, values, group.tolist(), (number + 0.5) / len(groups), top)
        for number, group in enumerate(groups)
    ]
    name = drift_metric(history.metric).title
    spread = f"{distance(min(known))} to {distance(max(known))}" if known else "never judged"
    return _Trend(
        points=points,
        lines=_lines(points),
        limit_y=_height(history.threshold, top),
        width=round(100 / len(groups), 4),
        summary=f"{name} of {history.name} over {count(len(values), 'chunk')}, {labels[0]} to "
        f"{labels[-1]}: {spread}, limit {limit(history.threshold)}, "
        f"failed in {len(history.failed)}",
    )


def _point(
    history: ColumnHistory,
    labels: Sequence[str],
    values: Sequence[float | None],
    group: Sequence[int],
    x: float,
    top: float,
) -> _Point:
    value = max((v for v in (values[i] for i in group) if v is not None), default=None)
    verdict = overall([history.cells[i].verdict for i in group])
    span = labels[group[0]] if len(group) == 1 else f"{labels[group[0]]} to {labels[group[-1]]}"
    text = f"{span}: {WORDS[verdict]}" + ("" if value is None else f", {distance(value)}")
    height = None if value is None else _height(value, top)
    return _Point(verdict, text, round(100 * x, 3), height)


def _height(value: float, top: float) -> float:
    return round(100 * (1 - value / top), 3)


def _lines(points: Sequence[_Point]) -> list[str]:
    """The polylines through the points, broken where there is no value."""
    lines: list[list[str]] = [[]]
    for point in points:
        if point.y is None:
            lines.append([])
        else:
            lines[-1].append(f"{point.x},{point.y}")
    return [" ".join(line) for line in lines if len(line) > 1]
