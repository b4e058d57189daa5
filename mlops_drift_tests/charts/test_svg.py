"""What every chart has: axes, an explanation, colours for both schemes, and texts that are safe."""

from itertools import pairwise

import pytest

from mlops_drift.charts.axis import Axis
from mlops_drift.charts.plot import Boxes, Dots, Line, Plot, Rule
from mlops_drift.charts.svg import WIDTH, svg
from mlops_drift_tests.charts.drawing import Drawing

TEN = Axis(0, 10)


def drawn(*marks, **about):
    return Drawing(svg([Plot(about.pop("title", "f1"), marks, TEN, TEN, **about)]))


def test_a_line_goes_through_its_points_and_limits_from_side_to_side():
    found = drawn(
        Line("values", "blue", [(0, 0), (5, 10), (10, 5)]),
        Rule("limit", "red dashed", 5),
        Rule("at", "red dashed", 5, of_y=False),
    )
    (left, base), (middle, top), (right, half) = found.points("values")
    assert (base - top, middle - left) == (220, (right - left) / 2)
    assert half == (top + base) / 2
    assert found.points("limit") == [(left, half), (right, half)]
    assert found.points("at") == [(middle, top), (middle, base)]
    assert found.labels() == ["values", "limit", "at"]


def test_points_that_are_not_finite_are_left_out_and_marks_without_any_are_not_explained():
    nan, inf = float("nan"), float("inf")
    found = drawn(
        Line("line", "blue", [(0, 1), (1, None), (2, nan), (inf, 2), (4, 3)], "round"),
        Line("nothing", "blue", [(0, nan)]),
        Boxes("boxes", "grey", [(0, 0, 1, 1), (0, nan, 1, 1)]),
        Rule("no limit", "red", nan),
    )
    assert len(found.points("line")) == 2
    assert len(found.boxes("boxes")) == 1
    assert found.labels() == ["line", "boxes"]


def test_a_line_breaks_where_it_should_at_a_point_without_a_place():
    through = [(0, 1), (1, 2), (2, None), (3, float("nan")), (4, 1), (5, None)]
    assert [len(piece) for piece in drawn(Line("a", "blue", through)).pieces("a")] == [3]
    broken = drawn(Line("a", "blue", through, breaks=True))
    assert [len(piece) for piece in broken.pieces("a")] == [2, 1]


def test_dots_tell_their_text_where_one_points_at_them():
    line = Line("line", "blue", [(0, 0), (5, 10)])
    ring = Dots("kept", "blue", [(5, 10, "<b>"), (6, None, "nowhere")], "hollow")
    found = drawn(line, ring)
    sample, (x, y, text) = found.dots("hollow")
    assert sample[2] == "kept"
    assert (x + 4, y) == pytest.approx(found.points("line")[1])
    assert text == "<b>"


def test_lines_that_hide_each_other_are_named_apart_at_their_ends():
    lines = [Line(f"line {n}", "blue", [(0, 2), (10, 2)]) for n in range(5)]
    found = drawn(*lines, Rule("limit", "red", 1), Dots("dots", "grey", [(1, 1, "")]), at_ends=True)
    names = [*(line.label for line in lines), "limit"]
    places = [found.place(name) for name in names]
    end, base = found.points("line 0")[-1][0], found.points("line 0")[0][1] + 220 * 0.2
    assert all(x > end for x, _ in places)
    assert all(later - y >= 13 for (_, y), (_, later) in pairwise(places))
    assert places[-1][1] < base + 5
    assert all(x < end for x, y in [found.place("dots")])


def test_a_plot_without_numbers_says_so():
    assert "no numbers" in drawn().texts()
    assert "no numbers" not in drawn(Rule("", "red", 1)).texts()


def test_the_explanation_takes_more_rows_above_the_plot_where_it_is_long():
    found = drawn(*(Rule(f"limit number {n} of many", "red", n) for n in range(9)))
    places = [found.place(label) for label in found.labels()]
    rows = sorted({y for _, y in places})
    assert len(rows) > 1
    assert all(y > found.place("f1")[1] for y in rows)
    assert found.points("limit number 8 of many")[0][1] > rows[-1]
    assert all(x < WIDTH - 100 for x, _ in places)


def test_notes_stand_above_the_plot_and_do_not_overlap():
    texts = [f"retrain: a check named {n}" for n in range(12)]
    found = drawn(Rule("limit", "red", 10), notes=[(n * 10 / 11, t) for n, t in enumerate(texts)])
    places = [found.place(text) for text in texts]
    limit = found.points("limit")[0][1]
    assert all(0 < x < WIDTH and y < limit for x, y in places)
    for row in {y for _, y in places}:
        xs = sorted(x for x, y in places if y == row)
        assert all(later - x > 120 for x, later in pairwise(xs))
    for number, text in enumerate(texts):
        (x, _), (same, base) = found.points(text)
        assert x == same
        assert found.points(texts[0])[0][0] + number * 10 < x + 1
        assert base == found.points(texts[0])[1][1]


@pytest.mark.parametrize(
    "name",
    ["<b>&amp;\"'</b>", "$x$", "😀\ud800", "a\nb\x00\x1b[0m", "x" * 9000, "{{ 7 * 7 }}", "]]>"],
)
def test_texts_are_shown_as_they_are_in_one_line_as_far_as_they_fit(name):
    found = drawn(Rule(name, "red", 1), title=name, notes=[(1, name)])
    expected = " ".join(name.replace("\ud800", "").replace("\x00\x1b", " ").split())
    for text in (*found.texts(), found.root[0].text):
        assert text == expected or (text.endswith("…") and expected.startswith(text[:-1]))
    assert not list(found.root.iter("b"))


def test_plots_stand_one_above_the_other():
    one, three = (Drawing(svg([Plot(f"plot {n}", []) for n in range(count)])) for count in (1, 3))
    assert three.height == 3 * one.height
    assert [three.place(f"plot {n}")[1] for n in range(3)] == [
        one.place("plot 0")[1] + n * one.height for n in range(3)
    ]
    assert three.root[0].text == "plot 0; plot 1; plot 2"


def test_a_plot_without_a_title_is_called_by_what_is_in_it():
    found = drawn(Rule("limit", "red", 1), Boxes("", "blue", [(0, 0, 1, 1)]), title="")
    assert found.root[0].text == "limit"
    assert found.texts("title") == []
    assert drawn(title="").root[0].text == "chart"


def test_a_picture_has_colours_of_its_own_for_light_and_dark_pages():
    text = svg([Plot("f1", [])])
    light, dark = text.split("@media screen and (prefers-color-scheme: dark)")
    for name in ("paper", "grid", "blue", "red", "grey", "amber", "green", "purple"):
        assert f".chart .{name} {{" in light
        assert f".chart .{name} {{" in dark
