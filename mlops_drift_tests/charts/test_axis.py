from datetime import date, timedelta
from math import inf, isfinite, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_drift.charts.axis import columns, days, fitting, numbers, rows, text_width
from mlops_drift_tests.tiny import day


@example([1 / 3], False)
@given(st.lists(st.none() | st.floats()), st.booleans())
def test_every_finite_number_has_a_place_on_an_axis(values, from_zero):
    axis = numbers(values, from_zero=from_zero)
    known = [value for value in values if value is not None and isfinite(value)]
    assert all(0 <= axis.share(value) <= 1 for value in known)
    assert len(axis.ticks) <= 7
    assert all(0 <= axis.share(place) <= 1 for place, _ in axis.ticks)
    texts = [text for _, text in axis.ticks]
    assert len(set(texts)) == len(texts)
    assert max(map(len, texts), default=0) < 20


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.71, 0.95], ["0.70", "0.75", "0.80", "0.85", "0.90", "0.95"]),
        ([30, 30], ["28.5", "29.0", "29.5", "30.0", "30.5", "31.0", "31.5"]),
        ([0, 1234], ["0", "500", "1,000"]),
        ([-2e9, 2e9], ["-2000000000", "-1000000000", "0", "1000000000", "2000000000"]),
        ([1e-7, 3e-7], ["1e-07", "1.5e-07", "2e-07", "2.5e-07", "3e-07"]),
        ([nan, inf, None], []),
    ],
    ids=["a metric", "all equal", "counts", "large", "small", "nothing finite"],
)
def test_numbers_at_an_axis_are_round_and_have_the_decimals_they_need(values, texts):
    assert [text for _, text in numbers(values).ticks] == texts


def test_bars_stand_on_the_edge_unless_they_go_both_ways():
    assert numbers([2, 8], from_zero=True).low == 0
    assert numbers([-2, 8], from_zero=True).low < -2
    assert numbers([2, 8]).low > 1


@pytest.mark.parametrize("count", [1, 2, 8, 9, 40, 4000])
def test_few_days_are_named_and_every_day_has_a_place(count):
    found = [day(0) + timedelta(number) for number in range(count)]
    axis = days(found)
    assert min(count, 4) <= len(axis.ticks) <= 8
    if count <= 40:
        assert axis.ticks[0] == (day(0).toordinal(), str(day(0)))
    assert all(0 < axis.share(one.toordinal()) < 1 for one in (found[0], found[-1]))


def test_a_year_is_named_where_it_begins():
    names = [text for _, text in days([date(2023, 12, 30), date(2024, 1, 2)]).ticks]
    assert names == ["2023-12-30", "12-31", "2024-01-01", "01-02"]
    assert days([]).ticks == ()


@pytest.mark.parametrize(
    ("months", "named"), [(3, 8), (4, 4), (8, 8), (12, 6), (36, 6), (60, 5), (120, 5)]
)
def test_of_many_months_only_some_first_days_are_named(months, named):
    last = date(2020 + (months - 1) // 12, (months - 1) % 12 + 1, 28)
    texts = [text for _, text in days([date(2020, 1, 1), last]).ticks]
    assert len(texts) == named
    assert texts[0] == ("2020-01-01" if months < 4 else "Jan 2020")


def test_names_stand_from_top_to_bottom_or_from_left_to_right():
    assert rows(["a", "b"]).share(0) == columns(["a", "b"], 600).share(1) == 0.75
    many = columns([f"class {number}" for number in range(30)], 576)
    assert [place for place, _ in many.ticks] == [*range(0, 30, 3)]
    assert rows([]).ticks == columns([], 576).ticks == []


@given(st.text(), st.sampled_from([30, 200]))
def test_a_text_fits_in_one_line(text, width):
    cut = fitting(text, width)
    assert text_width(cut) <= width
    assert not cut or cut.isprintable()
    if not cut.endswith("…"):
        assert cut.split() == "".join(c if c.isprintable() else " " for c in text).split()
