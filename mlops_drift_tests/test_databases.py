"""How the story begins, with events in PostgreSQL and labels from a function: as from files."""

import threading

import dagster as dg
import psycopg
import pytest

from mlops_drift.errors import UserError
from mlops_drift.simulation.instance import open_instance
from mlops_drift.sources.database import reading
from mlops_drift_tests.sources import functions
from mlops_drift_tests.tiny import FIRST, day, events_of, failures

# Each read waits as long as the table `gate` says.
EVENTS = """
    SELECT orders.* FROM orders, gate
    WHERE day BETWEEN :first AND :last AND pg_sleep(gate.seconds) IS NOT NULL
"""
SOURCE = {
    **dict.fromkeys(("path", "day_column"), ...),
    "kind": "separate",
    "events": {
        **dict.fromkeys(("path", "day_column"), ...),
        "kind": "sql",
        "url": "${SHOP_DB}",
        "events": {"query": EVENTS, "day_column": "day"},
    },
    "labels": {
        **dict.fromkeys(("path", "day_column"), ...),
        "kind": "python",
        "labels": f"{functions.__name__}:labels",
    },
}
LAST = day(3)
# What tells where rows were read from, and of which types they were there.
READ = ("landing.tiny_files", "landing.tiny_received")


def fill(postgres):
    """A database with the events of the story; its address."""
    url = postgres.make_database("story")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE gate AS SELECT 0 AS seconds; CREATE TABLE orders "
            "(id bigint PRIMARY KEY, day date, a float8, b float8, c text)"
        )
        with connection.cursor().copy("COPY orders FROM STDIN (FORMAT csv)") as copy:
            for number in range(7):
                copy.write(events_of(number).to_csv(header=False, index=False))
    return url


@pytest.fixture(scope="module")
def told(new_world, postgres):
    """Its server was killed while day 2 was read, and had another password on day 3."""
    world, url = new_world("databases"), fill(postgres)
    world.write_model({"source": SOURCE})
    sentences = []

    def fails(instance, until):
        with pytest.raises(UserError) as caught:
            world.replay(instance, until=until)
        sentences.append(str(caught.value))

    with world.active(), open_instance() as instance:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "PAUSE_SECONDS", 0.01)
            patch.setenv("SHOP_DB", url)
            world.replay(instance, until=day(1))
            postgres.execute("UPDATE gate SET seconds = 60", "story")
            killer = threading.Thread(target=lambda: (postgres.wait_for_read(), postgres.kill()))
            killer.start()
            fails(instance, day(2))
            killer.join()
            postgres.start()
            postgres.execute("UPDATE gate SET seconds = 0", "story")
            world.replay(instance, until=day(2))
            patch.setenv("SHOP_DB", url.replace("9f3a", "9f3b"))
            fails(instance, day(3))
            patch.setenv("SHOP_DB", url)
            world.replay(instance, until=LAST)
        yield world, sentences, instance


def test_a_database_that_is_killed_or_has_another_password_stops_the_run_in_one_sentence(told):
    killed, wrong = told[1]
    assert "sql query of events (SHOP_DB): nothing answers where the database should be" in killed
    assert "sql query of events (SHOP_DB): the database does not accept the user or the" in wrong
    assert "Traceback" not in killed + wrong


def test_rows_sets_versions_and_decisions_are_those_of_files(told, begun_story):
    mine = told[0].tables()
    with begun_story.world.active():
        theirs = begun_story.world.tables()
    assert mine.keys() == theirs.keys()
    for name, content in theirs.items():
        if name not in READ:
            assert mine[name] == content, name


def test_each_day_has_its_origin(told):
    with told[0].lake() as model:
        for table, place in (
            ("events", "sql query of events (SHOP_DB)"),
            ("labels", "mlops_drift_tests.sources.functions:labels"),
        ):
            found = model.landing.origins(table, FIRST, LAST)
            assert len(found) == 4
            assert {row["origin"] for row in found} == {place}
            assert len({row["digest"] for row in found}) == 4


def test_the_password_is_nowhere(told):
    world, _, instance = told
    # Of the other password too, which ends in another digit.
    forms = [*(f"word{space}of{space}9f3" for space in (" ", "+", "%20")), "p@ss/w", "p%40ss%2F"]
    kept = [file for file in world.root.rglob("*") if file.is_file()]
    assert any("mlflow.db" in file.name for file in kept)
    for file in kept:
        content = file.read_bytes()
        assert not [form for form in forms if form.encode() in content], file
    # What is compressed in files.
    assert not [form for form in forms if form in str(world.tables())]
    failed = [run for run in instance.get_runs() if run.status == dg.DagsterRunStatus.FAILURE]
    assert len(failed) == 2
    logs = str([instance.all_logs(run.run_id) for run in failed])
    assert "does not accept the user or the password" in logs
    assert not [form for form in forms if form in logs]


def test_rows_that_come_late_into_a_table_land_late(told, postgres, monkeypatch):
    world, _, instance = told
    monkeypatch.setenv("SHOP_DB", postgres.url("story"))
    postgres.execute(f"INSERT INTO orders VALUES (900000, '{LAST}', 0.5, 0.5, 'blue')", "story")
    with world.active():
        assert failures(world.run_days(instance, day(4))) == {}
    with world.lake() as model:
        landed = model.lake.rows("SELECT * FROM e WHERE id = 900000", e=model.tables.events)
    assert [one["day"] for one in landed] == [LAST]
