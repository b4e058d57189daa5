import re
from html.parser import HTMLParser

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.reports.model.page import report_page
from mlops_drift.reports.model.reading import read_report
from mlops_drift_tests.tiny import day

VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page as one reads it: its text, its ids, its links; every element must be closed."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.texts, self.tables, self.open = [], [], [], 0, []
        self.addresses = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tables += tag == "table"
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found["href"])
        self.addresses += [found[name] for name in ("src", "data", "action") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if not {"style", "script"} & set(self.open):
            self.texts.append(" ".join(text.split()))

    @property
    def text(self):
        return " ".join(filter(None, self.texts))


@pytest.fixture(scope="module")
def drawn(told_story):
    """The page of the story: the rule turned, a retraining has mended it."""
    with told_story.world.active(), open_lake() as lake:
        model = ModelContext.of(lake, find_model("tiny").spec, open_registry())
        return [report_page(read_report(model, 90)) for _ in range(2)]


@pytest.fixture(scope="module")
def page(drawn):
    return Page(drawn[0])


def test_the_same_state_gives_the_same_bytes(drawn):
    assert drawn[0] == drawn[1]


def test_it_answers_what_a_person_asks(page):
    for answer in (
        "serves",
        "waits for approval nobody",
        "Next:",
        "performance_drop",
        "retrain",
        "promoted",
        "trained as of",
        "in all",
    ):
        assert answer in page.text, answer


def test_every_section_is_there_once(page):
    sections = "performance checks drift predictions quality versions decisions cost glossary"
    assert [one for one in page.ids if one in sections.split()] == sections.split()
    assert len(page.ids) == len(set(page.ids))


def test_each_day_has_a_row_that_links_lead_to(page):
    assert {str(day(number)) for number in range(7)} <= set(page.ids)


def test_it_asks_no_server_for_anything(drawn, page):
    assert not page.addresses
    assert not re.search(r"@import|url\((?!#)|<link|fetch\(|import\(", drawn[0])


def test_what_a_drawing_shows_is_also_in_a_table(drawn, page):
    drawings = drawn[0].count('<div class="panel drawn"')
    assert drawings >= 5
    assert page.tables >= drawings


def test_a_page_of_fewer_days_begins_later_and_has_those_that_labels_take(told_story):
    with told_story.world.active(), open_lake() as lake:
        model = ModelContext.of(lake, find_model("tiny").spec, open_registry())
        found = Page(report_page(read_report(model, 2)))
    assert str(day(6)) in found.ids
    assert str(day(4)) in found.ids
    assert str(day(3)) not in found.ids


def test_a_model_that_no_version_serves_says_so(rejected_story):
    with rejected_story.active(), open_lake() as lake:
        model = ModelContext.of(lake, find_model("tiny").spec, open_registry())
        found = Page(report_page(read_report(model, 90)))
    assert "rejected" in found.text


def test_before_a_first_day_there_is_no_report(new_world):
    world = new_world("empty")
    world.write_model()
    with world.active(), open_lake() as lake:
        model = ModelContext.of(lake, find_model("tiny").spec, open_registry())
        assert read_report(model, 90) is None
