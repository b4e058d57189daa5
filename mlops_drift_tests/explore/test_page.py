import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.explore.explore import explore
from mlops_drift.explore.page import exploration_page
from mlops_drift_tests.compare.test_page import Page


@pytest.fixture(scope="module")
def drawn(found):
    return exploration_page(found)


@pytest.fixture(scope="module")
def page(drawn):
    return Page(drawn)


def test_every_link_leads_to_a_place_on_the_page(page):
    places = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    links = [attrs["href"] for attrs in page.find("a")]
    assert len(places) == len(set(places))
    assert links
    assert {link.removeprefix("#") for link in links} <= set(places)


def test_the_page_needs_nothing_else(drawn, page):
    assert all("src" not in attrs for attrs in page.find("script"))
    assert not page.find("link")
    assert "url(http" not in drawn
    assert "src=" not in drawn


def test_every_section_that_there_is_something_to_say_about_is_there(page):
    for title in (
        "Look at first",
        "Columns",
        "What says most about returned",
        "Distributions",
        "What goes together",
        "By day",
        "Repeated rows and keys",
        "For defs.yaml",
    ):
        assert title in page.text


def test_each_picture_of_a_column_has_its_numbers_in_a_table(page):
    cards = [attrs for attrs in page.find("section", class_="card") if "id" in attrs]
    tables = [text for text in page.text if text == "as numbers"]
    assert len(tables) >= len(cards) > 10


def test_names_and_values_are_texts_on_the_page():
    names = {"<b>&\"'": range(20), "y": ["<script>alert(1)</script>", '"'] * 10}
    page = Page(exploration_page(explore(pa.table(names), target="y")))
    assert len(page.find("script")) <= 1
    assert not page.find("b")


def test_a_table_of_nothing_to_draw_is_a_page():
    rows = pa.table({"x": pa.nulls(3), "y": np.ones(3)})
    assert "Look at first" in Page(exploration_page(explore(rows))).text


def test_every_head_has_a_text_and_every_region_a_name_of_its_own(page):
    labels = [attrs["aria-label"] for attrs in page.find("div", role="region")]
    assert len(labels) == len(set(labels)) > 10


def test_every_column_of_a_table_has_a_head(drawn):
    assert '<th scope="col"></th>' not in drawn
