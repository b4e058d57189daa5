"""A comparison of two tables as a web page: one file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from mlops_drift.charts import numbers
from mlops_drift.charts.html import rendered
from mlops_drift.compare.column_history import ColumnHistory, column_histories, shares
from mlops_drift.compare.result import ColumnComparison, Comparison
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.measures import Measures
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.sentences import count
from mlops_drift.schema.verdicts import Verdict, overall

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
    history: ColumnHistory
    bins: list[_Bin]
    left_out: str
    trend: _Trend | None
    failed: str


def comparison_page(
    comparisons: Sequence[Comparison], reference_name: str, current_name: str, monitor: DriftMonitor
) -> str:
    """Draws a comparison as one self-contained HTML page, which also works without its script.

    Of chunks it shows the deciding metric over them, and the distributions of the last that failed.

    Raises:
        ValueError: there is no comparison.
    """
    histories = column_histories(comparisons, monitor)
    judged = [history for history in histories if not history.is_time]
    cards = [_card(f"column-{n}", history) for n, history in enumerate(judged, 1)]
    chunks = histories[0].chunks if histories else (None,)
    filters = {one.__name__: one for one in (numbers.distance, numbers.probability, numbers.change)}
    return rendered(
        "compare/page.html.j2",
        {**filters, "numbers": _numbers},
        reference=reference_name,
        current=current_name,
        n_reference=count(comparisons[0].n_reference, "row"),
        n_current=count(sum(comparison.n_current for comparison in comparisons), "row"),
        n_chunks=count(len(comparisons), "chunk"),
        chunks=[] if chunks[0] is None else chunks,
        cards=cards,
        times=[history for history in histories if history.is_time],
        by_verdict={word: [c for c in cards if c.history.verdict == word] for word in WORDS},
        words=WORDS,
        nothing=numbers.NOTHING,
        n_columns=count(len(cards), "column"),
        title_of=lambda metric: drift_metric(metric).title,
        monitor=monitor,
        auc=comparisons[0].auc,
    )


def _card(anchor: str, history: ColumnHistory) -> _Card:
    failed, labels = history.failed, [chunk or "" for chunk in history.chunks]
    trend = None if history.chunks[0] is None else _trend(history, labels)
    of_all = f"{len(failed)} of {count(len(labels), 'chunk')}"
    text = f"{of_all}, first {labels[failed[0]]}" if failed else "none"
    return _Card(anchor, history, *_distribution(history.cell), trend, text)


def _distribution(cell: ColumnComparison) -> tuple[list[_Bin], str]:
    """The bins that changed most, and what the others are together."""
    before, after = shares(cell)
    if cell.column is None:
        return [], ""
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
            before=numbers.percent(float(before[i])),
            after=numbers.percent(float(after[i])),
            before_width=round(100 * float(before[i] / top), 2),
            after_width=round(100 * float(after[i] / top), 2),
        )
        for i in shown
    ]
    if not len(left_out):
        return bins, ""
    rest = numbers.change(float(before[left_out].sum()), float(after[left_out].sum()))
    return bins, f"{count(len(left_out), 'more bin')} that changed less, together {rest}"


def _numbers(cell: ColumnComparison) -> list[tuple[str, str]]:
    """The measures that apply to the column, with their names."""
    m = cell.measures
    if m is None:
        return []
    found = [
        *((drift_metric(name).title, numbers.distance(m.value(name))) for name in m.distances),
        ("chi-squared", numbers.distance(m.chi2)),
        ("chi-squared p", numbers.probability(m.chi2_p)),
        ("KS p", numbers.probability(m.ks_p)),
        ("q", numbers.probability(cell.q)),
        ("null", numbers.change(m.null_reference, m.null_share)),
        ("unseen", _share(m.unseen)),
        ("out of range", _share(m.out_of_range)),
        *(_of_values(m) if cell.column and not cell.column.are_moments else []),
        *((name.replace("_", " "), numbers.quantity(value)) for name, value in cell.tests.items()),
    ]
    return [(name, text) for name, text in found if text != numbers.NOTHING]


def _of_values(m: Measures) -> list[tuple[str, str]]:
    return [
        ("mean", _pair(m.mean_reference, m.mean)),
        ("standard deviation", _pair(m.std_reference, m.std)),
        ("smallest", numbers.quantity(m.minimum)),
        ("largest", numbers.quantity(m.maximum)),
    ]


def _share(share: float | None) -> str:
    return numbers.NOTHING if share is None else f"{numbers.percent(share)} %"


def _pair(before: float | None, after: float | None) -> str:
    if before is None and after is None:
        return numbers.NOTHING
    return f"{numbers.quantity(before)} → {numbers.quantity(after)}"


def _trend(history: ColumnHistory, labels: Sequence[str]) -> _Trend:
    values = history.judged
    known = [value for value in values if value is not None]
    top = 1.15 * max([*known, 1.25 * history.threshold])
    groups = np.array_split(np.arange(len(values)), min(len(values), _MAX_POINTS))
    points = []
    for number, group in enumerate(groups):
        first, last = labels[group[0]], labels[group[-1]]
        verdict = overall([history.cells[i].verdict for i in group])
        value = numbers.highest(values[i] for i in group)
        text = f"{first if len(group) == 1 else f'{first} to {last}'}: {WORDS[verdict]}"
        text += "" if value is None else f", {numbers.distance(value)}"
        x = round(100 * (number + 0.5) / len(groups), 3)
        points.append(_Point(verdict, text, x, None if value is None else _height(value, top)))
    bounds = [numbers.distance(bound) for bound in (min(known), max(known))] if known else []
    spread = " to ".join(bounds) or "never judged"
    return _Trend(
        points=points,
        lines=_lines(points),
        limit_y=_height(history.threshold, top),
        width=round(100 / len(groups), 4),
        summary=f"{drift_metric(history.metric).title} of {history.name} over "
        f"{count(len(values), 'chunk')}, {labels[0]} to {labels[-1]}: {spread}, limit "
        f"{history.threshold:g}, failed in {len(history.failed)}",
    )


def _height(value: float, top: float) -> float:
    return round(100 * (1 - value / top), 3)


def _lines(points: Sequence[_Point]) -> list[str]:
    """The polylines through the points, broken where there is no value."""
    runs = groupby(points, key=lambda point: point.y is None)
    lines = [[f"{point.x},{point.y}" for point in run] for is_gap, run in runs if not is_gap]
    return [" ".join(line) for line in lines if len(line) > 1]
