"""The days of the told story once more, the last three sent as requests to a real service."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
from deltalake import DeltaTable

from mlops_drift import settings
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import SPEC, day, events_of, in_order

SINCE, LAST = 4, 6
# What takes longer hangs.
PATIENCE_SECONDS = 120
ABOUT_THE_SOURCE = {"landing.tiny_files", "landing.tiny_received", "predictions.tiny_served"}


def serve():
    """Starts `mlops-drift serve` on the loopback; the process."""
    command = [sys.executable, "-W", "ignore", "-m", "mlops_drift.cli.main", "serve", "tiny"]
    command += ["--port", "0", "--segment-seconds", "0.01"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


@contextmanager
def connected(process):
    """A connection to a service that has said where it is; it is told to end."""
    address = re.search(r"http://([0-9.]+):([0-9]+)", process.stdout.readline())
    connection = HTTPConnection(address[1], int(address[2]), timeout=PATIENCE_SECONDS)
    try:
        yield connection
    finally:
        connection.close()
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)
        process.stdout.close()


def wait_until(is_so):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask(connection, method, path, body=None):
    connection.request(method, path, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    assert answer.status == 200, content
    return content


def rows_of(number):
    """The events of a day as the rows of requests, through the day."""
    midnight = datetime.combine(day(number), datetime.min.time(), UTC)
    events = events_of(number).drop(columns="day").to_dict("records")
    return [
        {**row, "event_time": (midnight + timedelta(minutes=place)).isoformat()}
        for place, row in enumerate(events)
    ]


def send(connection, number):
    """Sends the events of a day, the first five one by one; what was answered."""
    rows, answers = rows_of(number), []
    for row in rows[:5]:
        one = ask(connection, "POST", "/predict", row)
        answers.append((one["request_id"], one["version"], one["key"], one["prediction"]))
    for part in (rows[5:55], rows[55:]):
        many = ask(connection, "POST", "/predict", {"rows": part})
        about = many["request_id"], many["version"]
        answers += [(*about, one["key"], one["prediction"]) for one in many["predictions"]]
    return answers


@pytest.fixture(scope="module")
def replayed(begin):
    """The world of the replay after its days, and what the service has answered by day."""
    world, answers = begin("replay"), {}
    offline = {
        "kind": "files",
        "events": SPEC["source"]["events"],
        "labels": SPEC["source"]["labels"],
    }
    removed = dict.fromkeys(("events", "labels"), ...)
    world.write_model(
        {"source": {"kind": "service", "since": day(SINCE), "offline": offline, **removed}}
    )
    with world.active(), open_instance() as instance, connected(serve()) as connection:
        log = settings.serving_root() / "tiny" / "log"

        def on_step(step, what):
            if what != "running":
                return
            number = (step.first - day(0)).days
            with world.lake() as store:
                version = store.versions.promotions()[-1].version
            wait_until(lambda: who_serves(connection) == version)
            answers[number] = send(connection, number)
            wait_until(lambda: not list(log.glob("*.open")))

        world.replay(instance, until=day(LAST), on_step=on_step)
    return SimpleNamespace(world=world, answers=answers, log=log)


def who_serves(connection):
    return ask(connection, "GET", "/version")["models"]["tiny"]["version"]


def tables_of(world):
    """All tables, without the time of events: files know their day alone.

    Without the checks of the service, too, which must all pass.
    """
    found = {}
    for log in world.data.glob("lake/*/*/_delta_log"):
        rows = DeltaTable(log.parent).to_pyarrow_table().to_pylist()
        of_service = [row for row in rows if row.get("asset") == "serving_metrics"]
        assert "fail" not in {row["verdict"] for row in of_service}
        rows = [row for row in rows if row not in of_service]
        for row in rows:
            row.pop("event_time", None)
        found[f"{log.parent.parent.name}.{log.parent.name}"] = in_order(rows)
    return found


def test_a_service_leads_to_all_that_the_batch_leads_to(replayed, told_story):
    found, expected = tables_of(replayed.world), tables_of(told_story.world)
    assert found.keys() - expected.keys() == {"predictions.tiny_served"}
    for name in expected.keys() - ABOUT_THE_SOURCE:
        assert found[name] == expected[name], name
    with replayed.world.active(), replayed.world.lake() as store:
        assert [(one.version, one.as_of) for one in store.versions.promotions()] == [
            (1, day(1)),
            (2, day(4)),
        ]


def test_every_answer_is_by_who_should_serve_and_in_the_lake_once(replayed):
    versions = {n: {one[1] for one in found} for n, found in replayed.answers.items()}
    assert versions == {4: {1}, 5: {2}, 6: {2}}
    with replayed.world.active(), replayed.world.lake() as store:
        stored = store.lake.rows(
            "SELECT request_id, version, key, prediction, day FROM s", s=store.tables.served
        )
    kept = [tuple(row.values()) for row in stored]
    given = [(*one, day(n)) for n, found in replayed.answers.items() for one in found]
    assert sorted(kept) == sorted(given)
    assert not list(replayed.log.iterdir())


def test_what_was_served_is_what_the_batch_computes_to_the_last_bit(replayed, told_story):
    with told_story.world.active(), told_story.world.lake() as store:
        features = {row["id"]: row for row in store.lake.read(store.tables.features).to_pylist()}
        answers = {row["id"]: row for row in store.lake.read(store.tables.predictions).to_pylist()}
    with replayed.world.active(), replayed.world.lake() as store:
        served = store.lake.read(store.tables.served).to_pylist()
    assert len(served) == 180
    for row in served:
        batch, answer = features[row["key"]], answers[row["key"]]
        assert json.loads(row["features"]) == {name: batch[name] for name in SPEC["columns"]}
        for name in ("version", "score", "probabilities"):
            assert row[name] == answer[name]
        assert row["prediction"] == row["model_prediction"] == answer["prediction"]
