"""sql, history and restore."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake
from mlops_drift_tests.cli.commands import complaint, printed, run
from mlops_drift_tests.tiny import ROWS, day

HEAVY = {"dagster", "mlflow", "pandas", "sklearn", "lightgbm", "optuna", "scipy"}

# sql


def test_sql_reads_every_table_by_its_name(story):
    query = "SELECT version, count(*) AS n FROM predictions.tiny GROUP BY ALL ORDER BY ALL"
    assert json.loads(printed("sql", query, "--format", "json")) == [
        {"version": 1, "n": 3 * ROWS},
        {"version": 2, "n": 2 * ROWS},
    ]


def test_sql_joins_tables_of_different_stages(story):
    query = """
        SELECT p.day, avg((p.prediction = l.y)::INT) AS accuracy
        FROM predictions.tiny p JOIN landing.tiny_labels l USING (id) GROUP BY ALL ORDER BY ALL
    """
    found = json.loads(printed("sql", query, "--format", "json"))
    assert [row["day"] for row in found] == [str(day(number)) for number in (2, 3, 4, 5)]
    assert [row["accuracy"] > 0.5 for row in found] == [True, False, False, True]


def test_sql_without_a_query_lists_the_tables(story):
    found = {row["table"]: row for row in json.loads(printed("sql", "--format", "json"))}
    assert len(found) == 16
    assert found["landing.tiny_events"]["rows"] == 7 * ROWS
    assert found["landing.tiny_events"]["commits"] >= 7
    assert found["features.tiny"]["columns"].split(", ")[:2] == ["day", "id"]


def test_sql_prints_csv(story):
    text = printed("sql", "SELECT day, version FROM predictions.tiny LIMIT 1", "--format", "csv")
    assert list(csv.DictReader(io.StringIO(text))) == [{"day": str(day(2)), "version": "1"}]


EXACT = "SELECT 9007199254740993 AS n, NULL::BIGINT AS n, 'infinity'::DATE AS d, 'a,\"b' AS t"


def test_sql_prints_values_exactly(nothing_yet):
    text = printed("sql", EXACT, "--format", "csv")
    assert text == 'n,n,d,t\n9007199254740993,,infinity,"a,""b"\n'
    found = json.loads(
        printed("sql", EXACT.replace("BIGINT AS n", "BIGINT AS m"), "--format", "json")
    )
    assert found == [{"n": 9007199254740993, "m": None, "d": "infinity", "t": 'a,"b'}]
    table = printed("sql", EXACT)
    assert "9007199254740993" in table
    assert "infinity" in table


def test_two_columns_of_one_name_are_refused_as_json(nothing_yet):
    assert "more than one column is called 'n'" in complaint("sql", EXACT, "--format", "json")


def test_sql_prints_a_table(story):
    assert "predictions.tiny" in printed("sql")


@pytest.mark.parametrize("value", ["[/x]", "[red]", "\\"])
def test_values_that_look_like_markup_are_printed_as_they_are(story, value):
    text = printed("sql", f"SELECT '{value}' AS \"[bold]name\"")
    assert value in text
    assert "[bold]name" in text


def test_rows_that_are_too_wide_stand_upright_under_their_number(story, monkeypatch):
    query = "SELECT * FROM monitoring.tiny_checks LIMIT 2"
    monkeypatch.setenv("COLUMNS", "60")
    narrow = printed("sql", query).splitlines()
    assert max(map(len, narrow)) <= 60
    assert [line[:5] for line in narrow if line.startswith("row ")] == ["row 1", "row 2"]
    assert narrow[-1] == "2 rows"
    monkeypatch.setenv("COLUMNS", "1000")
    assert "row 1" not in printed("sql", query)


def test_rows_are_counted(nothing_yet):
    assert printed("sql", "SELECT 1 AS x WHERE false").splitlines()[-1] == "0 rows"
    many = printed("sql", "SELECT * FROM range(1200)").splitlines()
    assert many[-1] == "1,200 rows, of which the first 1,000 are shown"
    assert len(many) == 1003


@pytest.mark.parametrize("query", ["SELEC 1", "SELECT * FROM features.tinny"])
def test_wrong_sql_is_answered_with_the_error_and_the_tables(story, query):
    said = complaint("sql", query)
    assert "Error" in said
    assert "The tables are: " in said
    assert "features.tiny" in said


def test_sql_without_a_statement_is_rejected(story):
    assert "holds no statement" in complaint("sql", ";")


def test_sql_before_the_first_day_says_that_there_are_no_tables(nothing_yet):
    assert json.loads(printed("sql", "--format", "json")) == []
    assert "none yet" in complaint("sql", "SELECT * FROM features.tiny")


# the past of a table


def commits(name, *arguments):
    return json.loads(printed("history", name, "--format", "json", *arguments))


def events_on(number, *arguments):
    query = f"SELECT count(*) AS n FROM landing.tiny_events WHERE day = '{day(number)}'"
    return json.loads(printed("sql", query, "--format", "json", *arguments))[0]["n"]


@pytest.fixture
def mistaken(begin):
    """A world in which the events of a day were deleted by mistake, and the commit before that."""
    world = begin("mistaken")
    with world.active():
        before = commits("landing.tiny_events", "--limit", "1")[0]["number"]
        with open_lake() as lake:
            events = find_model("tiny").spec.tables.events
            lake.replace_days(events, day(2), day(2), events.schema.empty_table())
        yield before


def test_history_lists_commits_newest_first(story):
    found = commits("landing.tiny_events")
    assert [one["number"] for one in found] == list(range(len(found)))[::-1]
    assert found[-1]["action"] == "created"
    assert found[0] == {
        "number": len(found) - 1,
        "time": found[0]["time"],
        "action": f"day {day(6)} written",
        "rows_added": ROWS,
        "rows_removed": None,
        "by": None,
        "reason": None,
        "readable": True,
    }
    assert found[0]["time"].endswith("Z")
    assert len(commits("landing.tiny_events", "--limit", "2")) == 2
    assert "created" in printed("history", "landing.tiny_events")


def test_history_of_an_unknown_table_names_the_tables(story):
    said = complaint("history", "features.tinny")
    assert "there is no table 'features.tinny'. Did you mean 'features.tiny'" in said
    assert "The tables are: features.tiny, landing.tiny_columns" in said


def test_a_mistake_is_seen_in_the_past_and_undone_on_record(mistaken):
    name, commit = "landing.tiny_events", str(mistaken)
    assert events_on(2) == 0
    assert events_on(2, "--as-of", commit) == ROWS
    text = printed("restore", name, commit, "--by", "ann", "--reason", "deleted [by mistake]")
    assert f"{name} holds again what it held at commit {commit}; commit {mistaken + 2}" in text
    assert f"changed: 1 day, {day(2)}" in text
    assert f"mlops-drift run tiny --from {day(2)} --until {day(2)} --again" in text
    assert events_on(2) == ROWS
    newest = commits(name, "--limit", "1")[0]
    assert newest["action"] == f"restored to commit {commit}"
    assert (newest["by"], newest["reason"]) == ("ann", "deleted [by mistake]")
    assert {"ann:", "[by", "mistake]"} <= set(printed("history", name).split())
    blank = complaint("restore", name, commit, "--by", "ann", "--reason", " ")
    assert "needs a name and a reason" in blank
    again = complaint("restore", name, commit, "--by", "ann", "--reason", "again")
    assert f"{name} is not restored: it holds what it held at commit {commit}" in again


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sql", "--as-of", "soon", "SELECT 1"], "neither a day such as 2024-10-01 nor the number"),
        (["sql", "--as-of", "3"], "a list of all tables needs a day"),
        (["restore", "features.tiny", "1", "--by", "ann"], "Missing option '--reason'"),
        (["restore", "features.tiny", "-1", "--by", "ann", "--reason", "r"], "No such option"),
    ],
)
def test_wrong_arguments_are_a_mistake_of_usage(story, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_sql_without_a_query_lists_the_tables_of_a_day(story):
    today = datetime.now(UTC).date()
    found = json.loads(printed("sql", "--as-of", str(today), "--format", "json"))
    assert found == json.loads(printed("sql", "--format", "json"))
    assert json.loads(printed("sql", "--as-of", "2024-01-01", "--format", "json")) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["sql", "SELECT count(*) FROM features.tiny"],
        ["sql", "--as-of", "1", "SELECT count(*) FROM features.tiny"],
        ["history", "features.tiny"],
    ],
)
def test_what_only_reads_tables_loads_no_library_that_costs_seconds(story, arguments):
    code = (
        "import sys\nfrom mlops_drift.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"assert not {HEAVY!r} & sys.modules.keys()\n"
    )
    heavy = "assert 'deltalake' not in sys.modules\n" if arguments == ["--help"] else ""
    call = [sys.executable, "-c", code + heavy, *arguments]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
