"""sql, history and restore."""

import csv
import io
import json

import pytest

from mlops_drift_tests.cli.commands import complaint, printed
from mlops_drift_tests.tiny import ROWS, day

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
    assert len(found) == 15
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
