import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from mlops_drift.compare.compare import compare, compare_chunks
from mlops_drift.compare.page import comparison_page
from mlops_drift_tests.compare.two_tables import (
    DAYS,
    MONITOR,
    by_day,
    drifted,
    table,
    with_column,
)

VOID = {"meta", "col"}


class Page(HTMLParser):
    """Elements with their attributes, and the text of a page whose tags must all be closed."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text, self._open = [], [], []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style", "script") and data.strip():
            self.text.append(" ".join(data.split()))

    def find(self, tag, **wanted):
        return [
            attrs
            for name, attrs in self.elements
            if name == tag and all(attrs.get(key.strip("_")) == v for key, v in wanted.items())
        ]


def draw(*comparisons):
    return comparison_page(comparisons, "past.parquet", "now.parquet", MONITOR)


@pytest.fixture(scope="module")
def page():
    return Page(draw(drifted()))


@pytest.fixture(scope="module")
def chunked():
    return Page(draw(*by_day()))


@pytest.mark.parametrize("comparisons", [[drifted()], by_day()], ids=["whole", "chunks"])
def test_the_page_needs_nothing_else(comparisons):
    text = draw(*comparisons)
    found = Page(text)
    assert not re.search(r"https?:|url\((?!#)|@import|javascript:", text)
    assert {name for name, _ in found.elements}.isdisjoint(
        {"link", "img", "iframe", "object", "base"}
    )
    for _, attrs in found.elements:
        assert "src" not in attrs
        assert attrs.get("href", "#").startswith("#")


def test_the_headline_counts_verdicts_and_links_the_drifted_columns(page):
    assert "2 of 5 columns drifted" in page.text
    assert {"2 drifted", "1 not judged", "2 passed"} <= set(page.text)
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    targets = [attrs["href"][1:] for attrs in page.find("a")]
    # Both drifted columns in the headline, all five in the summary.
    assert len(targets) == 2 + 5
    assert set(targets) <= ids


def test_every_column_has_a_card_with_its_reasons(page):
    cards = page.find("section")
    assert [card["class"] for card in cards] == [
        "card fail",
        "card fail",
        "card unknown",
        "card pass",
        "card pass",
    ]
    for column in drifted().columns.values():
        assert set(column.reasons) <= set(page.text)


def test_bars_are_as_long_as_the_shares():
    past = pa.table({"plan": ["a"] * 500 + ["b"] * 500})
    now = pa.table({"plan": ["a"] * 250 + ["b"] * 750})
    found = Page(draw(compare(past, now)))
    widths = [(bar["class"], bar["width"]) for bar in found.find("rect", rx="1")]
    assert widths == [
        ("past", "66.67%"),
        ("now", "33.33%"),
        ("past", "66.67%"),
        ("now", "100.0%"),
    ]
    assert {"50.0", "25.0", "75.0"} <= set(found.text)


def test_special_bins_are_marked():
    past = pa.table({"x": [1.0, 2.0] * 500})
    now = pa.table({"x": [1.0, 3.0, float("inf"), None] * 250})
    text = draw(compare(past, now))
    rows = re.findall(r'<tr class="([^"]*)">\s*<th scope="row" title="([^"]*)"', text)
    classes = {name: kinds.split() for kinds, name in rows}
    assert "special" not in classes["1"]
    assert all("special" in classes[name] for name in ("other", "non-finite", "null"))
    assert "first" in classes["other"]


def test_of_many_bins_the_sixteen_that_changed_most_are_shown():
    names = [f"model {number:02d}" for number in range(40)]
    past = pa.table({"model": names * 50})
    now = pa.table({"model": names * 30 + names[20:23] * 100})
    found = Page(draw(compare(past, now)))
    shown = [row["title"] for row in found.find("th", scope="row")][1:]
    assert len(shown) == 16
    assert set(names[20:23]) <= set(shown)
    assert shown == sorted(shown)
    assert any(text.startswith("24 more bins that changed less, together") for text in found.text)


@pytest.mark.parametrize("ugly", ["<b>", "</script>", "\"'><img src=x>", "a & b", "{{ 1 }}"])
def test_names_categories_and_chunks_are_escaped(ugly):
    past = pa.table({ugly: [ugly, "b"] * 500})
    now = pa.table({ugly: [ugly] * 1000, "part": [ugly] * 1000})
    found = Page(comparison_page(compare_chunks(past, now, by="part"), ugly, ugly, MONITOR))
    assert found.find("b") == found.find("img") == []
    assert len(found.find("script")) == 1
    assert found.text.count(ugly) >= 5
    assert ugly in [row.get("title") for row in found.find("th", scope="row")]


def test_blank_categories_can_be_read():
    past = pa.table({"x": ["", " ", "a", "a"] * 250})
    titles = [row["title"] for row in Page(draw(compare(past, past))).find("th", scope="row")]
    assert {"''", "' '", "a"} <= set(titles)


def test_every_drawing_has_a_name_or_is_hidden(page, chunked):
    for drawing in [*page.find("svg"), *chunked.find("svg")]:
        named = drawing.get("role") == "img" and drawing.get("aria-label")
        assert named or drawing.get("aria-hidden") == "true"


@pytest.mark.parametrize("by", [None, "month"])
def test_times_stand_apart_and_are_not_counted(by):
    past, now = with_days(table(1), 2023), with_days(table(2), 2024)
    months = with_column(now, "month", ["2024-01"] * now.num_rows)
    found = Page(draw(*compare_chunks(past, months, by=by) if by else [compare(past, now)]))
    assert any(text.startswith("0 of 4 columns drifted") for text in found.text)
    assert "Times (1)" in found.text
    names = [card["aria-labelledby"] for card in found.find("section")]
    assert len(names) == 4
    assert "day" not in found.text
    assert any(text.startswith("day ") for text in found.text)


def with_days(rows, year):
    days = [date(year, 1, 1) + timedelta(number % 30) for number in range(rows.num_rows)]
    return with_column(rows, "day", days)


def test_chunks_are_told_by_column(chunked):
    assert "1 of 4 columns drifted in at least one of 6 chunks" in chunked.text
    assert "2 of 6 chunks, first 2024-01-05" in chunked.text
    # One line of points and one strip of cells for each column.
    for verdict, expected in {"fail": 2, "unknown": 4, "pass": 4 * DAYS - 6}.items():
        assert len(chunked.find("circle", class_=f"point {verdict}")) == expected
        assert len(chunked.find("rect", class_=verdict)) == expected


def test_the_line_breaks_where_a_chunk_was_not_judged(chunked):
    lines = [line["points"].split() for line in chunked.find("polyline")]
    assert [len(line) for line in lines] == [2, 3] * 4


def test_failed_points_are_above_the_limit(chunked):
    label = next(
        drawing["aria-label"]
        for drawing in chunked.find("svg", class_="trend")
        if "moved" in drawing["aria-label"]
    )
    assert label.startswith("JS distance of moved over 6 chunks, 2024-01-01 to 2024-01-06: ")
    assert label.endswith("limit 0.1, failed in 2")
    limit = 0.9 * float(chunked.find("line", class_="limit")[0]["y1"])
    failed = chunked.find("circle", class_="point fail")
    assert all(float(point["cy"]) < limit for point in failed)


def test_the_distribution_is_that_of_the_last_failed_chunk():
    days = [*by_day(), *compare_chunks(table(1), _one_more_day(), by="day")]
    found = Page(draw(*days))
    assert "current, 2024-01-06" in found.text
    assert "current, 2024-01-07" in found.text


def _one_more_day():
    return table(50).append_column("day", pa.array(["2024-01-07"] * 1000))


def test_many_chunks_are_drawn_as_at_most_120_with_their_worst_verdict():
    [_, *quiet, loud] = by_day()
    found = Page(draw(*quiet[-1:] * 499, loud, *quiet[-1:] * 500))
    assert len(found.find("polyline")) == 4
    assert len(found.find("circle")) == 4 * 120


def test_the_auc_is_told_where_it_was_asked_for():
    assert "AUC" not in draw(drifted())
    assert "with an AUC of 0.731 (0.5: not at all" in draw(replace(drifted(), auc=0.7314))


def test_no_comparison_is_refused():
    with pytest.raises(ValueError, match="found none"):
        draw()
