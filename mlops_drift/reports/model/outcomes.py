"""The sections on what was predicted, which labels came, and what landed."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from itertools import accumulate, pairwise

from markupsafe import Markup

from mlops_drift.charts.axis import Axis, days
from mlops_drift.charts.numbers import number, share
from mlops_drift.charts.plot import Boxes, Line, Mark, Plot
from mlops_drift.charts.sections import Cell, Figure, PageTable, Row, Section
from mlops_drift.charts.svg import svg
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.sentences import count
from mlops_drift.monitors.business_value import BusinessValueDrop
from mlops_drift.monitors.drift import ANSWERS
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.reports.model.reading import ReportData

WIDTH, _HEIGHT = 1120, 130
_STYLES = ("blue", "amber", "green", "purple", "red", "grey")
# Slices that are listed, reasons of quarantined rows, columns with nulls.
_SLICES, _REASONS, _COLUMNS = 12, 10, 10


def predictions_section(data: ReportData) -> Section | None:
    """The mix of predictions by day, and how many have a label; None before any was made."""
    if not data.predicted:
        return None
    classes = data.spec.target.is_classification
    plot = _classes(data) if classes else _quartiles(data)
    title = "Share of each predicted class by day" if classes else "Quartiles of predictions by day"
    mix = Figure(title, Markup(svg([plot], WIDTH, in_page=True)), _mix_table(data))
    labelled = _labelled(data)
    lead = "What was predicted each day, and for how much of it the label has come."
    return Section("predictions", "Predictions and labels", lead, [mix, *labelled])


def _classes(data: ReportData) -> Plot:
    by_day: dict[date, Counter[str]] = defaultdict(Counter)
    for row in data.predicted:
        by_day[row["day"]][row["prediction"]] += row["n"]
    names = [*(data.spec.target.classes or [])]
    rest = 0
    if len(names) > len(_STYLES):
        whole_span = sum(by_day.values(), Counter[str]())
        most = sorted(names, key=lambda name: -whole_span[name])[: len(_STYLES) - 1]
        rest, names = len(names) - len(most), [name for name in names if name in most]
    labels = [*names, *([f"{rest} other classes"] if rest else [])]
    boxes: list[list[tuple[float, float, float, float]]] = [[] for _ in labels]
    for day, counts in by_day.items():
        ends = [0.0, *accumulate(counts[name] / counts.total() for name in names)]
        x = day.toordinal()
        for place, (low, high) in enumerate(pairwise([*ends, 1.0] if rest else ends)):
            boxes[place].append((x - 0.46, low, x + 0.46, high))
    marks = [
        Boxes(label, style, found, 0.75)
        for label, style, found in zip(labels, _STYLES, boxes, strict=False)
    ]
    ticks = [(0, "0 %"), (0.5, "50 %"), (1, "100 %")]
    return Plot("", marks, days(data.days), Axis(0, 1, ticks, grid=True), _HEIGHT)


def _quartiles(data: ReportData) -> Plot:
    rows = [(row["day"].toordinal(), *row["quartiles"]) for row in data.predicted]
    marks: list[Mark] = [
        Boxes(
            "half of the predictions",
            "blue",
            [(x - 0.5, a, x + 0.5, b) for x, a, _, b in rows],
            0.25,
        ),
        Line("median", "blue", [(x, middle) for x, _, middle, _ in rows]),
    ]
    return Plot("", marks, days(data.days), None, _HEIGHT)


def _mix_table(data: ReportData) -> PageTable:
    rows = []
    if data.spec.target.is_classification:
        titles = ["day", "version", "predictions", *(data.spec.target.classes or [])]
        by_day: dict[tuple[date, int], Counter[str]] = defaultdict(Counter)
        for row in data.predicted:
            by_day[row["day"], row["version"]][row["prediction"]] += row["n"]
        for (day, version), counts in sorted(by_day.items(), reverse=True):
            shares = [share(counts[name] / counts.total()) for name in titles[3:]]
            rows.append(Row([str(day), f"v{version}", number(counts.total()), *shares]))
    else:
        titles = ["day", "version", "predictions", "lower quartile", "median", "upper quartile"]
        for row in reversed(data.predicted):
            quartiles = [number(value) for value in row["quartiles"]]
            rows.append(Row([str(row["day"]), f"v{row['version']}", number(row["n"]), *quartiles]))
    return PageTable(titles, rows, frozenset(titles[2:]), "Predictions of every day as numbers")


def _labelled(data: ReportData) -> list[Figure]:
    found = {day: known for day, known in data.labelled.items() if known[0]}
    if not found:
        return []
    boxes = [
        (day.toordinal() - 0.46, 0.0, day.toordinal() + 0.46, labelled / served)
        for day, (served, labelled) in found.items()
    ]
    ticks = [(0, "0 %"), (0.5, "50 %"), (1, "100 %")]
    plot = Plot(
        "",
        [Boxes("predictions with a label", "green", boxes, 0.75)],
        days(data.days),
        Axis(0, 1, ticks, grid=True),
        80,
    )
    rows = [
        Row(
            [
                _ages(one["age_from"], one["age_until"]),
                number(one["predictions"]),
                number(one["unlabelled"]),
                share(one["unlabelled"] / one["predictions"]),
            ]
        )
        for one in data.status["label_coverage"]
    ]
    titles = ("age of predictions", "predictions", "without label", "share without label")
    title = "Share of the predictions of a day whose label has come"
    table = PageTable(titles, rows, frozenset(titles[1:])) if rows else None
    return [Figure(title, Markup(svg([plot], WIDTH, in_page=True)), table)]


def _ages(first: int, last: int) -> str:
    return count(last, "day") if first == last else f"{first} to {count(last, 'day')}"


def quality_section(data: ReportData) -> Section:
    """What landed by day, what was quarantined and why, and which columns lack values."""
    events, labels = data.landed["events"], data.landed["labels"]
    rejected: Counter[date] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for row in data.quarantined:
        rejected[row["day"]] += row["n"]
        reasons[row["source"], row["reason"]] += row["n"]
    marks = [
        _bars("events", "blue", events),
        *([_bars("quarantined", "red", rejected)] * bool(rejected)),
    ]
    plot = Plot("", marks, days(data.days), None, 90)
    rows = [
        Row([str(day), number(events.get(day)), number(labels.get(day)), number(rejected[day])])
        for day in reversed(data.days)
    ]
    titles = ("day", "events", "labels that arrived", "quarantined rows")
    table = PageTable(titles, rows, frozenset(titles[1:]), "Rows of every day as numbers")
    picture = Markup(svg([plot], WIDTH, in_page=True))
    parts: list[Figure | PageTable] = [Figure("Events by day", picture, table)]
    if reasons:
        worst = [
            Row([source, reason, number(n)])
            for (source, reason), n in reasons.most_common(_REASONS)
        ]
        parts.append(
            PageTable(("source", "quarantined because", "rows"), worst, frozenset(["rows"]))
        )
    parts += _nulls(data)
    lead = f"{sum(events.values()):,} events and {sum(labels.values()):,} labels arrived, "
    lead += f"{rejected.total():,} rows were quarantined."
    return Section("quality", "Data quality", lead, parts)


def _bars(label: str, style: str, counts: Mapping[date, int]) -> Boxes:
    boxes = [(day.toordinal() - 0.46, 0.0, day.toordinal() + 0.46, n) for day, n in counts.items()]
    return Boxes(label, style, boxes, 0.75)


def _nulls(data: ReportData) -> list[PageTable]:
    """The columns with the most nulls lately, beside the training set."""
    reference, recent = data.reference, data.window(max(data.spec.monitors.drift.windows))
    if reference is None or not recent:
        return []
    found = []
    for name, column in reference.columns.items():
        if name in recent and name not in (*ANSWERS, data.spec.target.column):
            before = column.counts[-1] / max(1, column.counts.sum())
            found.append((_null_share(recent[name]), float(before), name))
    shown = [one for one in sorted(found, reverse=True) if one[0] or one[1]][:_COLUMNS]
    rows = [Row([name, share(now), share(before)]) for now, before, name in shown]
    titles = ("column", "null lately", "null in training")
    return [PageTable(titles, rows, frozenset(titles[1:]))] if rows else []


def _null_share(profile: ColumnProfile) -> float:
    return float(profile.counts[-1] / profile.n) if profile.n else 0.0


def slices_section(data: ReportData) -> Section | None:
    """The worst slices of the serving version, and its business value by production day."""
    parts: list[Figure | PageTable] = []
    if data.slices:
        titles = ("slice", "verdict", "value", "limit", "rows", "finding")
        shown = worst_first(data.slices)[:_SLICES]
        rows = [
            Row(
                [
                    one.subject,
                    Cell(one.verdict, one.verdict),
                    number(one.value),
                    number(one.threshold),
                    number(one.n),
                    one.reason,
                ]
            )
            for one in shown
        ]
        parts.append(PageTable(titles, rows, frozenset(("value", "limit", "rows"))))
    worth = value_by_day(data)
    if worth:
        points = [(day.toordinal(), value) for day, value in sorted(worth.items())]
        plot = Plot("", [Line("value of all predictions", "green", points)], days(data.days))
        rows = [
            Row([str(day), number(value)]) for day, value in sorted(worth.items(), reverse=True)
        ]
        table = PageTable(("day", "value"), rows, frozenset(["value"]), "Value of every day")
        title = f"Business value by production day, together {number(sum(worth.values()))}"
        parts.append(Figure(title, Markup(svg([plot], WIDTH, in_page=True)), table))
    if not parts:
        return None
    return Section(
        "slices", "Slices and value", "Parts of the events, and what predictions are worth.", parts
    )


def value_by_day(data: ReportData) -> Mapping[date, float]:
    """The business value of the labelled predictions of each day; empty where none is declared.

    Where windows are longer than a day, that of the shortest ones that do not overlap.
    """
    rows = [row for row in data.performance if row["check"] == BusinessValueDrop.name]
    window = min((row["window"] for row in rows), default=1)
    mine = [row for row in rows if row["window"] == window]
    last = {row["version"]: row["production_day"] for row in mine}
    found: dict[date, float] = defaultdict(float)
    for row in mine:
        if (last[row["version"]] - row["production_day"]).days % window == 0:
            found[row["production_day"]] += row["value"] * row["n"]
    return found
