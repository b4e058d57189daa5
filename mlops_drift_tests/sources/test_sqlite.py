"""Tables and queries of a SQLite file."""

import sqlite3
from contextlib import closing

import pytest

from mlops_drift.sources.base import SourceError
from mlops_drift_tests.sources.sql_rows import FIRST, SECOND, TABLE, THIRD, ids, rows_of, source


@pytest.fixture
def file(tmp_path):
    """The folder of a SQLite file."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript(
            """
            CREATE TABLE orders (id integer, day text, x real, mixed, bytes blob);
            INSERT INTO orders VALUES (1, '2024-03-01', 0.5, 1, x'00'),
                (2, '2024-03-02T23:30:00-02:00', 1, 'a', NULL), (3, '2024-03-03', NULL, 0.1, NULL),
                (9223372036854775807, '2024-03-01 10:00', 2, NULL, NULL), (5, NULL, 1, 1, NULL);
            """
        )
    return tmp_path


def sqlite(folder, **options):
    return source(folder, url="sqlite:///shop.db", **options)


def test_sqlite_is_read_relative_to_the_folder_of_the_yaml(file):
    found = sqlite(file).events(FIRST, SECOND)
    assert ids(found) == [1, 2**63 - 1]
    assert found.origins[FIRST].place == "sql orders"
    assert found.parts[0].unusable == ("bytes",)
    later = sqlite(file).events(THIRD, THIRD)
    assert ids(later) == [2, 3]
    assert sorted(row["mixed"] for row in rows_of(later)) == ["0.1", "a"]
    query = "SELECT * FROM orders WHERE date(day) BETWEEN :first AND date(:last, '+1 day')"
    assert ids(
        sqlite(file, events={"query": query, "day_column": "day"}).events(SECOND, THIRD)
    ) == [2, 3]


def test_an_option_that_the_driver_cannot_read_is_one_sentence(file):
    with pytest.raises(SourceError, match="cannot read an option in `url`; correct it"):
        source(file, url="sqlite:///shop.db?timeout=many").events(FIRST, FIRST)


def test_numbers_as_days_are_an_error_and_not_left_out(file):
    with closing(sqlite3.connect(file / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE epochs AS SELECT 1 AS id, 1709251200 AS day")
    with pytest.raises(
        SourceError, match="the day column 'day' holds BIGINT; it should hold dates"
    ):
        sqlite(file, events={"table": "epochs", "day_column": "day"}).events(FIRST, FIRST)


def test_days_that_are_written_otherwise_are_read_too(file):
    with closing(sqlite3.connect(file / "shop.db")) as connection, connection:
        connection.execute("INSERT INTO orders (id, day) VALUES (6, '2024-3-1'), (7, '2024/03/02')")
    assert ids(sqlite(file).events(FIRST, FIRST)) == [1, 6, 2**63 - 1]
    assert ids(sqlite(file).events(SECOND, SECOND)) == [7]


def test_a_day_that_is_none_is_left_out_with_a_warning(file):
    query = "SELECT id, coalesce(day, 'soon') AS day FROM orders WHERE :first <= :last"
    found = sqlite(file, events={"query": query, "day_column": "day"}).events(FIRST, FIRST)
    assert ids(found) == [1, 2**63 - 1]
    assert found.note == "1 row is of no day and left out: 'day' is 'soon'"


def test_sqlite_says_what_is_wrong_in_one_sentence(file):
    query = "SELECT day FROM orders WHERE day BETWEEN :first AND :last"
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) "
    for events, sentence in [
        (TABLE | {"table": "order"}, "sql order: there is no such table"),
        (TABLE | {"day_column": "Date"}, "the day column 'Date' is missing; found 'id', 'day'"),
        ({"query": query.replace("FROM", "FORM")}, "the database rejects it: near"),
        ({"query": "DELETE FROM orders WHERE :first < :last OR 1 RETURNING *"}, "it writes"),
    ]:
        with pytest.raises(SourceError) as caught:
            sqlite(file, events={"day_column": "day", **events}).events(FIRST, FIRST)
        assert sentence in str(caught.value)
    slow = {"query": f"{counting} SELECT count(*), :first, :last FROM n", "day_column": "day"}
    with pytest.raises(SourceError, match=r"reading took longer than 0\.1 seconds"):
        sqlite(file, events=slow, timeout_seconds=0.1).events(FIRST, FIRST)
    with closing(sqlite3.connect(file / "shop.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceError, match="another process is writing the database; run the"):
            source(file, url="sqlite:///shop.db?timeout=0").events(FIRST, FIRST)
    (file / "text.db").write_text("no database" * 50)
    with pytest.raises(SourceError, match="the file is no database of SQLite; correct `url`"):
        source(file, url="sqlite:///text.db").events(FIRST, FIRST)
    (file / "shop.db").unlink()
    with pytest.raises(SourceError, match="the SQLite file that `url` of the source names does"):
        sqlite(file).events(FIRST, FIRST)
    assert not (file / "shop.db").exists()
