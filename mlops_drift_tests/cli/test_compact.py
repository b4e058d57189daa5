"""compact."""

import json
import re

from mlops_drift.store import forgetting
from mlops_drift_tests.cli.commands import complaint, printed


def test_it_lists_the_tables_with_fewer_files_and_then_has_nothing_to_do(begin):
    world = begin("few_files")
    with world.active():
        before = world.tables()
        text = printed("compact", "tiny")
        found = json.loads(printed("compact", "tiny", "--format", "json"))
        again = printed("compact", "tiny")
        assert world.tables() == before
    assert "features.tiny" in text
    assert "no row has changed" in text
    files = {table["table"]: (table["before"], table["after"]) for table in found["tables"]}
    assert (found["model"], files["features.tiny"], files["training.tiny_sets"]) == (
        "tiny",
        (2, 2),
        (0, 0),
    )
    total = sum(after for _, after in files.values())
    assert again == f"tiny: {total} files of days, nothing to put together\n"
    assert f"{total} now" in text


def test_it_says_how_many_commits_are_forgotten(begin, monkeypatch):
    monkeypatch.setattr(forgetting, "KEPT_COMMITS", 1)
    world = begin("forgetful")
    with world.active():
        before, status = world.tables(), printed("status", "tiny")
        text = printed("compact", "tiny")
        again = json.loads(printed("compact", "tiny", "--format", "json"))
        assert (world.tables(), printed("status", "tiny")) == (before, status)
        checks = json.loads(printed("history", "monitoring.tiny_checks", "--format", "json"))
    assert re.match(r"tiny: [0-9]+ old commits forgotten\n", text)
    assert again["forgotten_commits"] == 0
    # Delta reads the last one from its checkpoint on.
    assert 1 < len(checks) <= 11


def test_a_model_that_has_never_run_has_nothing_to_put_together(nothing_yet):
    assert printed("compact", "tiny") == "tiny: 0 files of days, nothing to put together\n"
    assert "tinny" in complaint("compact", "tinny")
