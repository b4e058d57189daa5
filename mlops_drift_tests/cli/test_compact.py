"""compact."""

import json

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


def test_a_model_that_has_never_run_has_nothing_to_put_together(nothing_yet):
    assert printed("compact", "tiny") == "tiny: 0 files of days, nothing to put together\n"
    assert "tinny" in complaint("compact", "tinny")
