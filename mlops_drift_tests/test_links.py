"""Addresses of pages, and whether they lead somewhere."""

import re
from datetime import date
from html import unescape

import dagster as dg
import pytest

from mlops_drift import links, settings
from mlops_drift.gateways import open_registry
from mlops_drift_tests.links import addresses_in, problem_of


def test_every_kind_of_page_is_found(story, instance):
    registry, run = open_registry(), instance.get_runs(limit=1)[0].run_id
    ui = settings.mlflow_ui()
    pages = [
        links.group_page("tiny"),
        links.asset_page("tiny", "champion"),
        links.asset_page("tiny", "events", story.world.spec().start_date),
        links.check_page("tiny", "performance_metrics", "performance_drop"),
        links.run_page(run),
        registry.version_page("tiny", 2, ui),
        registry.file_page("tiny", 2, "gates/gates.json", ui),
    ]
    assert [problem_of(page, story.world.definitions, instance) for page in pages] == [""] * 7


def test_the_report_is_a_file_with_a_place_for_each_day(story, instance, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "report_root", lambda: tmp_path)
    spec = story.world.spec()
    page, later = (links.report_page("tiny", day) for day in (spec.start_date, spec.end_date))
    assert "tiny.html is missing" in problem_of(page, story.world.definitions, instance)
    (tmp_path / "tiny.html").write_text(f'<p id="{spec.start_date}">')
    assert problem_of(page, story.world.definitions, instance) == ""
    problem = problem_of(later, story.world.definitions, instance)
    assert problem.endswith(f"has no place {spec.end_date}")


def test_a_browser_is_led_to_the_day_of_a_report_that_is_served_else_to_its_asset(monkeypatch):
    assert links.report_link("tiny", date(2024, 3, 5)).endswith("/assets/tiny/report")
    monkeypatch.setenv("MLOPS_DRIFT_REPORTS", "http://reports")
    assert links.report_link("tiny") == "http://reports/tiny.html"
    assert links.report_link("tiny", date(2024, 3, 5)) == "http://reports/tiny.html#2024-03-05"


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("http://127.0.0.1:3000/assets/tiny/nothing", "no asset"),
        ("http://127.0.0.1:3000/assets/tiny/champion?checkDetail=nothing", "no check nothing"),
        ("http://127.0.0.1:3000/assets/tiny/events?partition=1999-01-01", "no partition"),
        ("http://127.0.0.1:3000/assets?asset-selection=group%3A%22other%22", "no group"),
        ("http://127.0.0.1:3000/runs/nothing", "no run nothing"),
        ("http://127.0.0.1:5000/#/models/tiny/versions/2", "without the view"),
        (
            "http://127.0.0.1:5000/#/models/tiny/versions/9?workflowType=machine_learning",
            "not found",
        ),
        ("http://elsewhere/", "no page of ours"),
    ],
)
def test_a_page_that_is_not_there_is_named(page, problem, story, instance):
    assert problem in problem_of(page, story.world.definitions, instance)


def test_addresses_are_found_in_any_text():
    text = 'see: http://a/b?c=d\n[x](file:///e/f.html#1) <a href="https://g">h</a>'
    assert addresses_in(text) == ["http://a/b?c=d", "file:///e/f.html#1", "https://g"]


def test_every_link_of_the_reports_leads_somewhere(story, instance):
    pages = sorted(settings.report_root().rglob("*.html"))
    assert len(pages) >= 3
    for page in pages:
        found = set(re.findall(r'href="([^"]+)"', page.read_text(encoding="utf-8")))
        assert found, page
        for address in map(unescape, found):
            if "://" not in address:
                address = (page.parent / address).as_uri()
            assert problem_of(address, story.world.definitions, instance) == "", page


def test_every_link_of_dagsters_pages_leads_somewhere(story, instance):
    found = set()
    for record in instance.get_runs():
        for event in instance.all_logs(record.run_id):
            found |= set(addresses_of(event.dagster_event))
    for key in instance.all_asset_keys():
        latest = instance.get_latest_materialization_event(key)
        found |= set(addresses_of(latest.dagster_event)) if latest else set()
    # Of the report, of decisions, of a failed check, and of a version and its run in MLflow.
    for part in ("/report", "/decisions", "checkDetail", "/models/", "/experiments/"):
        assert any(part in address for address in found), part
    for address in sorted(found):
        assert problem_of(address, story.world.definitions, instance) == ""


def addresses_of(event):
    """The addresses in the metadata of a materialization, an observation or a check."""
    data = event.event_specific_data if event else None
    about = getattr(data, "materialization", None) or getattr(data, "asset_observation", None)
    metadata = (about or data).metadata if about or hasattr(data, "metadata") else {}
    urls = (value for value in (metadata or {}).values() if isinstance(value, dg.UrlMetadataValue))
    return [value.url for value in urls]
