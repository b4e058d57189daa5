import json

import pytest

from mlops_drift.cli.errors import NOT_SERVING
from mlops_drift_tests.cli.commands import complaint, printed, run
from mlops_drift_tests.tiny import ROWS, day, events_of, labels_of, write_days

# run


def test_run_prints_kpi_versions_decisions_and_alarms(story):
    text = printed("run", "tiny")
    for title in (
        "accuracy by production day",
        "Versions",
        "Decisions",
        "Failed checks: 2 numbers",
    ):
        assert title in text
    assert f"tiny: ✓ HEALTHY, as of {day(6)}" in text
    assert "performance_drop" in text
    assert "promoted" in text


def test_an_unknown_model_is_answered_with_the_known_ones(story):
    said = complaint("run", "tinny")
    assert "there is no model 'tinny'; there are churn, glassware, insurance, tiny" in said


def test_days_that_the_model_does_not_have_are_rejected(story):
    said = complaint("run", "tiny", "--until", str(day(7)))
    assert f"--until {day(7)}: tiny has days from {day(0)} to {day(6)}" in said


@pytest.mark.parametrize("arguments", [["--until", "tomorrow"], ["--step", "0"]])
def test_options_that_cannot_be_read_are_usage_errors(story, arguments):
    result = run("run", "tiny", *arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr


def test_a_day_that_fails_is_explained_with_its_cause(nothing_yet):
    said = complaint("run", "tiny", "--until", str(day(1)))
    assert f"tiny, {day(0)} to {day(0)}: run " in said
    assert "tiny__events: " in said
    assert "events.csv: no such file" in said
    assert "SourceError" not in said


def test_a_mistake_in_features_sql_is_explained_as_such(new_world):
    world = new_world("mistaken")
    folder = world.write_model({"columns": {"twice": {"type": "number", "derived": True}}})
    (folder / "features.sql").write_text("SELECT id, 2 * aa AS twice FROM events")
    write_days(folder, 1)
    with world.active():
        said = complaint("run", "tiny", "--until", str(day(0)))
    assert f"features.sql, {day(0)}: " in said
    assert "aa" in said
    assert "The query may read events, past_events and past_labels" in said


# status


def test_status_tells_the_champion_the_counts_the_checks_and_what_is_next(story):
    found = json.loads(printed("status", "tiny", "--format", "json"))
    assert (found["model"], found["last_day"]) == ("tiny", str(day(6)))
    assert (
        found["champion"].items()
        >= {
            "version": 2,
            "as_of": str(day(4)),
            "metric": "accuracy",
            "family": "linear",
            "rows": ROWS,
        }.items()
    )
    counts = [found[name] for name in ("events", "labels", "rejected", "predictions")]
    assert counts == [7 * ROWS, 6 * ROWS, 0, 5 * ROWS]
    assert {check["check"]: check["verdict"] for check in found["checks"]} == {
        "data_quality": "pass",
        "estimated_performance": "pass",
        "feature_drift": "pass",
        "freshness": "pass",
        "label_drift": "pass",
        "model_age": "pass",
        # The test split of version 2 has 18 rows: too few to compare with.
        "prediction_drift": "unknown",
        "null_spike": "pass",
        "performance_drop": "pass",
        "volume": "unknown",
    }
    assert found["next"] == "nothing: no failed check of version 2 that may retrain"
    assert [row["outcome"] for row in found["decisions"]] == ["promoted", "promoted"]


def test_status_as_text_tells_the_same(story):
    text = printed("status", "tiny")
    assert f"tiny: ✓ HEALTHY, as of {day(6)}" in text
    assert "Champion: version 2 (linear), trained as of 2024-03-05, serves since 2024-03-06" in text
    assert f"{7 * ROWS} events" in text
    assert "performance_drop ✓ pass" in " ".join(text.split())
    assert printed("status", "tiny") == text


def test_status_without_a_model_shows_all_the_worst_first(story):
    found = json.loads(printed("status", "--format", "json"))
    assert [one["model"] for one in found] == ["churn", "glassware", "insurance", "tiny"]
    assert [one["health"]["state"] for one in found] == ["unknown"] * 3 + ["healthy"]
    rows = [line.split()[:3] for line in printed("status").splitlines()[2:]]
    assert rows[0] == ["churn", "?", "UNKNOWN"]
    assert rows[3] == ["tiny", "✓", "HEALTHY"]


def test_status_before_the_first_day_says_what_to_do(nothing_yet):
    found = json.loads(printed("status", "tiny", "--format", "json"))
    assert (found["last_day"], found["champion"], found["events"]) == (None, None, 0)
    assert found["next"] == "materialize a first day"
    assert "Champion: none yet" in printed("status", "tiny")


def test_status_where_no_row_could_be_used_says_why(nothing_yet):
    folder = nothing_yet.defs / "tiny"
    events_of(0).assign(day="1.3.2024").to_csv(folder / "events.csv", index=False)
    labels_of(0).to_parquet(folder / "labels.parquet", index=False)
    assert run("run", "tiny", "--until", str(day(0))).exit_code == NOT_SERVING
    found = json.loads(printed("status", "tiny", "--format", "json"))
    assert found["next"] == (
        "repair the source, of which no row could be used (day: 1.3.2024 is not a day such as "
        "2024-10-01); all of them are in landing.tiny_quarantined"
    )


def test_an_unknown_environment_is_answered_with_the_known_ones(nothing_yet, monkeypatch):
    monkeypatch.setenv("MLOPS_DRIFT_ENV", "prd")
    told = complaint("log", "tiny")
    assert told == "Error: MLOPS_DRIFT_ENV is 'prd'; it should be one of dev, staging, prod\n"


def test_a_data_folder_that_is_a_file_is_told_without_a_traceback(nothing_yet, monkeypatch):
    file = nothing_yet.root / "file"
    file.touch()
    monkeypatch.setenv("MLOPS_DRIFT_DATA", str(file))
    assert str(file) in complaint("run", "tiny", "--until", str(day(0)))


def test_help_of_every_command_is_there():
    for command in ("init", "run", "status", "reset", "sql", "history", "restore"):
        assert "Usage:" in printed(command, "--help")
