import json
from pathlib import Path

import pytest

from mlops_drift import links, settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.report_files import kept_reports
from mlops_drift.reports.model.published import publish_report
from mlops_drift_tests.tiny import day


@pytest.fixture
def published(told_story):
    """Written once more, after the run has done so."""
    with told_story.world.active(), open_lake() as lake:
        model = ModelContext.of(lake, find_model("tiny").spec, open_registry())
        yield publish_report(model), model


def test_the_page_of_the_day_is_kept_beside_the_current_one(published):
    found, _ = published
    assert found.day == day(6)
    assert found.page.read_bytes() == found.kept.read_bytes()
    # The last days of two runs, and those of decisions with an outcome.
    assert kept_reports("tiny").keys() >= {day(3), day(4), day(6)}
    assert kept_reports("tiny")[day(6)] == found.kept
    assert found.page.as_uri() == links.report_page("tiny")


def test_the_page_lies_with_the_version_that_serves(published, tmp_path):
    found, model = published
    version = model.store.versions.promotions()[-1].version
    run = model.registry.run_id("tiny", version)
    logged = model.registry.client.download_artifacts(run, "report/tiny.html", str(tmp_path))
    assert Path(logged).read_bytes() == found.page.read_bytes()


def test_the_index_has_the_model_with_its_state(published):
    found, _ = published
    index = (settings.report_root() / "index.html").read_text("utf-8")
    assert 'href="tiny.html"' in index
    assert found.health.word in index


def test_written_twice_it_is_the_same_and_leaves_no_parts(published):
    _, model = published
    before = {file: file.read_bytes() for file in settings.report_root().rglob("*.*")}
    publish_report(model)
    after = {file: file.read_bytes() for file in settings.report_root().rglob("*.*")}
    assert after == before
    assert json.loads((settings.report_root() / "tiny.json").read_bytes())["model"] == "tiny"
