"""What a publisher leaves for the workers of a service, and when."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import count
from math import nextafter
from pathlib import Path

import msgspec
import pytest

from mlops_drift.errors import UserError
from mlops_drift.lifecycle import publishing
from mlops_drift.lifecycle.publishing import (
    KEPT_VERSIONS,
    NOTICE_SECONDS,
    PIPELINE_NOTICE_SECONDS,
    Publisher,
    serves_at,
)
from mlops_drift.pipeline.scoring import predict_table
from mlops_drift.serving.deployment import (
    CURRENT,
    VERSIONS,
    WINDOWS,
    DeploymentError,
    load,
    read_current,
    write,
)
from mlops_drift.store.records import LandedFile, Promotion
from mlops_drift.store.write_once import WRITING
from mlops_drift_tests.pipeline.orders import put
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.published import TREES, Shops
from mlops_drift_tests.serving.service import only, served
from mlops_drift_tests.tiny import day

NOW = 1_800_000_000.0


def promotion(number, as_of, at=None):
    return Promotion(number, as_of, number, None, "set", "reference", f"d{number}", at=at)


MARCH = [promotion(1, date(2026, 3, 1)), promotion(2, date(2026, 3, 5))]


@pytest.mark.parametrize(
    ("moment", "time_zone", "number"),
    [
        (datetime(2026, 3, 1, 23, 59, tzinfo=UTC), "UTC", None),
        (datetime(2026, 3, 2, 0, 0, tzinfo=UTC), "UTC", 1),
        (datetime(2026, 3, 5, 23, 59, tzinfo=UTC), "UTC", 1),
        (datetime(2026, 3, 6, 0, 0, tzinfo=UTC), "UTC", 2),
        # There it is the next day already.
        (datetime(2026, 3, 5, 23, 30, tzinfo=UTC), "Europe/Berlin", 2),
    ],
)
def test_a_version_serves_from_the_midnight_after_its_promotion(moment, time_zone, number):
    found = serves_at(MARCH, moment, time_zone)
    assert (found and found.number) == number


def test_one_that_is_dated_to_the_second_does_not_wait_for_midnight():
    at = datetime(2026, 3, 5, 12)
    back = promotion(3, date(2026, 3, 5), at)
    assert serves_at([*MARCH, back], datetime(2026, 3, 5, 12, 0, 1, tzinfo=UTC), "UTC") == back


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A model of two versions, of which the first is promoted."""
    shops = Shops(tmp_path_factory.mktemp("shop"))
    shops.promoted(1)
    yield shops
    shops.connection.close()


@pytest.fixture
def publisher(two, tmp_path):
    return Publisher(two.about, tmp_path, lambda: NOW)


def test_a_worker_scores_as_the_batch_does(two, publisher, tmp_path):
    current = publisher.publish()
    assert (current.version, current.at) == (1, int(1e6 * NOW))
    assert read_current(tmp_path) == current
    loaded = load(tmp_path, current)
    rows = two.rows()
    wanted = predict_table(two.shop.spec, two.shop.registry, 1, rows).to_pylist()
    columns = list(two.shop.spec.columns)
    found = loaded.scorer.score(rows.select(columns).to_pylist())
    assert [(one.prediction, one.score, list(one.probabilities)) for one in found] == [
        (one["prediction"], one["score"], one["probabilities"]) for one in wanted
    ]
    assert loaded.kind == "compiled"
    read, ignored = loaded.reader.read([loaded.description.example], int(1e6 * NOW), None)
    assert (len(read), ignored) == (1, 0)


def test_who_serves_already_is_named_once(publisher):
    assert publisher.publish() == publisher.publish()


def test_a_damaged_folder_loads_nothing_and_is_written_again(publisher, tmp_path):
    current = publisher.publish()
    file = tmp_path / VERSIONS / current.folder / "compiled.json"
    file.write_bytes(file.read_bytes().replace(b"0.1", b"0.2", 1))
    with pytest.raises(DeploymentError, match=r"version 1 cannot be loaded: .*compiled\.json"):
        load(tmp_path, current)
    again = publisher.publish()
    # A worker that has loaded it while it was damaged loads it again.
    assert again == msgspec.structs.replace(current, at=int(1e6 * (NOW + NOTICE_SECONDS)))
    assert load(tmp_path, again).number == 1
    assert publisher.publish() == again


def test_what_cannot_be_made_anew_stays_as_it_is(publisher, tmp_path, monkeypatch):
    current = publisher.publish()
    with monkeypatch.context() as short_of_files:
        for name in ("read_folder", "write_folder"):
            short_of_files.setattr(publishing, name, too_many_files)
        with pytest.raises(OSError, match="Too many open files"):
            publisher.publish()
    assert load(tmp_path, current).number == 1
    assert publisher.publish() == current


def too_many_files(*_):
    raise OSError(24, "Too many open files")


def test_a_file_in_place_of_a_folder_is_mended_as_a_damaged_one(publisher, tmp_path):
    place = tmp_path / VERSIONS / publisher.publish().folder
    shutil.rmtree(place)
    place.write_bytes(b"")
    current = publisher.publish()
    assert load(tmp_path, current).number == 1
    assert read_current(tmp_path) == current


def test_a_folder_in_place_of_the_name_of_who_serves_names_nobody(publisher, tmp_path):
    publisher.publish()
    file = tmp_path / CURRENT
    file.unlink()
    file.mkdir()
    assert read_current(tmp_path) is None
    before = set(tmp_path.iterdir())
    with pytest.raises(IsADirectoryError, match=CURRENT):
        publisher.publish()
    assert set(tmp_path.iterdir()) == before


def test_a_version_that_predicts_otherwise_than_it_was_tested_is_not_loaded(
    two, tmp_path, monkeypatch
):
    tested = publishing._sample

    def by_a_bit(*of):
        found = tested(*of)
        first, *others = found.answers
        other = msgspec.structs.replace(first, score=nextafter(first.score, 1))
        return msgspec.structs.replace(found, answers=[other, *others])

    monkeypatch.setattr(publishing, "_sample", by_a_bit)
    current = Publisher(two.about, tmp_path, lambda: NOW).publish()
    with pytest.raises(DeploymentError, match="predicts 1 of 50 test rows otherwise"):
        load(tmp_path, current)


@pytest.mark.parametrize(("by", "loads"), [(1e-15, True), (1e-6, False)])
def test_a_version_of_an_own_family_may_round_its_test_rows_otherwise(
    two, tmp_path, monkeypatch, by, loads
):
    tested = publishing._sample

    def shifted(*of):
        found = tested(*of)
        first, *others = found.answers
        other = msgspec.structs.replace(first, score=first.score * (1 - by))
        return msgspec.structs.replace(found, answers=[other, *others])

    monkeypatch.setattr(publishing, "_sample", shifted)
    monkeypatch.setattr(publishing, "SHIPPED", {})
    current = Publisher(two.about, tmp_path, lambda: NOW).publish()
    if loads:
        assert load(tmp_path, current).number == current.version
    else:
        with pytest.raises(DeploymentError, match="predicts 1 of 50 test rows otherwise"):
            load(tmp_path, current)


def test_a_version_that_cannot_be_read_leaves_who_served(two, tmp_path):
    before = Publisher(two.about, tmp_path, lambda: NOW).publish()
    store = two.about.store
    baseline = store.training_sets.baseline(store.versions.get(1).training_set, 1)
    away = baseline.rename(baseline.with_name("away"))
    with pytest.raises(FileNotFoundError, match="no such training set or version"):
        Publisher(two.about, tmp_path, lambda: NOW + 5).publish()
    away.rename(baseline)
    assert read_current(tmp_path) == before


def test_a_promotion_changes_all_workers_at_the_same_later_moment(tmp_path_factory, tmp_path):
    shops = Shops(tmp_path_factory.mktemp("shops"))
    publisher = Publisher(shops.about, tmp_path, lambda: NOW)
    assert publisher.publish() is None
    assert read_current(tmp_path) is None
    shops.promoted(1)
    publisher.publish()
    shops.promoted(2)
    second = publisher.publish()
    assert (second.version, second.at) == (2, int(1e6 * (NOW + NOTICE_SECONDS)))
    shops.connection.close()


def test_the_folders_of_the_versions_that_were_named_last_stay(tmp_path_factory, tmp_path):
    shops = Shops(tmp_path_factory.mktemp("shops"))
    publisher = Publisher(shops.about, tmp_path, lambda: NOW)
    named = []
    for seed in range(KEPT_VERSIONS):
        shops.promoted(seed)
        named.append(publisher.publish().folder)
    # A kill has left it.
    (tmp_path / VERSIONS / f"{WRITING}1").mkdir()
    versions = shops.about.store.versions
    first = versions.promotions()[0]
    versions.add_promotion(replace(first, number=KEPT_VERSIONS + 1, decision="back"))
    assert publisher.publish().folder == named[0]
    kept = {one.name for one in (tmp_path / VERSIONS).iterdir()}
    assert kept == set(named)
    # The first was named again since.
    shops.promoted(KEPT_VERSIONS)
    last = publisher.publish().folder
    kept = {one.name for one in (tmp_path / VERSIONS).iterdir()}
    assert kept == {named[0], *named[2:], last}
    shops.connection.close()


def test_a_version_that_loads_slowly_is_named_with_longer_notice(
    two, publisher, tmp_path, monkeypatch
):
    publisher.publish()
    store = two.about.store
    monkeypatch.setattr(store.training_sets, "read_compiled", lambda *of: None)
    monkeypatch.setattr(two.shop.registry, "pickled", lambda *of: b"pipeline", raising=False)
    again = Publisher(two.about, tmp_path, lambda: NOW).publish()
    assert again.at == int(1e6 * (NOW + PIPELINE_NOTICE_SECONDS))


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"folder": "1-', bytes([200, 1])])
def test_a_damaged_name_of_who_serves_is_written_again(publisher, tmp_path, damage):
    current = publisher.publish()
    (tmp_path / CURRENT).write_bytes(damage)
    assert read_current(tmp_path) is None
    assert publisher.publish().folder == current.folder
    assert read_current(tmp_path).version == 1


def test_a_moment_that_a_clock_put_back_has_left_far_ahead_is_named_anew(publisher, tmp_path):
    current = publisher.publish()
    write(tmp_path / CURRENT, msgspec.structs.replace(current, at=current.at + 3_600_000_000))
    assert publisher.publish().at <= int(1e6 * (NOW + NOTICE_SECONDS))


def test_a_lake_that_is_gone_is_no_lake_without_promotions(publisher, two, tmp_path):
    before = publisher.publish()
    lake = Path(two.shop.model.lake.root)
    away = lake.rename(lake.with_name("away"))
    with pytest.raises(UserError, match="no promotion of tiny, and version 1 is served"):
        publisher.publish()
    away.rename(lake)
    assert publisher.publish() == before


VISITS = {
    **TREES,
    "columns": {"visits": {"type": "integer", "derived": True}},
    "inputs": {"customer": {"type": "category"}},
    "features_sql": "SELECT e.id, count(p.id) AS visits FROM events e LEFT JOIN past_events p "
    "USING (customer) GROUP BY e.id",
    "history_days": 3,
    "online": {"entity": "customer"},
}


ROW = {"x": 0.5, "z": 0.0, "city": "rome", "customer": "ann"}


@pytest.fixture
def visited(tmp_path):
    """A version that looks back on visits of two days."""
    shops = Shops(tmp_path / "shop", VISITS, visits=range(500))
    shops.promoted(1)
    for place in 3, 4:
        put(shops.about, "events", place, [ROW | {"id": 2 * place + n} for n in range(2)])
        landed = LandedFile(day(place), "events", "file", "digest", 2)
        shops.about.store.landing.put_files("events", [landed])
    yield shops
    shops.connection.close()


def test_an_event_is_answered_by_its_past_and_an_older_one_is_told_from_when_on(visited, tmp_path):
    noon = datetime.combine(day(5), time(12), UTC)
    publisher = Publisher(visited.about, tmp_path / "served", noon.timestamp)
    loaded = load(tmp_path / "served", publisher.publish())
    service = served(loaded.description, loaded=False, now=int(1e6 * noon.timestamp()))
    only(service).serve(loaded)
    client, asked = Client(service), ROW | {"id": 1}
    assert client.post("/predict", asked).status_code == 200
    [record] = only(service).log.records
    assert record.rows[0].features["visits"] == 4
    answer = client.post("/predict", asked | {"event_time": "2024-03-05T23:59:59Z"})
    assert answer.status_code == 422
    assert answer.json()["error"] == (
        'row 0: event_time is "2024-03-05T23:59:59Z"; it should be a time with its zone, such as '
        "2026-01-31T12:00:00Z, since 2024-03-06T00:00:00+00:00 and not in the future"
    )
    assert client.post("/predict", asked | {"event_time": "2024-03-06T00:00:00Z"}).is_success
    loaded.close()


def test_a_window_that_is_damaged_under_a_worker_is_written_and_loaded_anew(visited, tmp_path):
    clock, served = count(datetime.combine(day(5), time(12), UTC).timestamp()), tmp_path / "served"
    publisher = Publisher(visited.about, served, lambda: float(next(clock)))
    first = publisher.publish()
    window = served / WINDOWS / first.window
    (window / "window.duckdb").write_bytes(b"damaged")
    second = publisher.publish()
    load(served, second).close()
    shutil.rmtree(window)
    window.write_bytes(b"")
    third = publisher.publish()
    load(served, third).close()
    assert publisher.publish() == third
    assert first.at < second.at < third.at
    assert first.window == second.window == third.window
