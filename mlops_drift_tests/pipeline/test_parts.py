"""A range of days that does not fit into memory is done in parts, and is what it would be."""

import duckdb
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline import parts as module
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import EVENTS, LABELS, land_events
from mlops_drift.pipeline.parts import BYTES_OF_A_CELL, parts
from mlops_drift.sources.base import MissingDayError
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.records import LandedFile
from mlops_drift_tests.pipeline.place import Place, day, describe, two_a_day, write
from mlops_drift_tests.pipeline.served import Served, features_of, shifted
from mlops_drift_tests.steps import do_days, opened


@pytest.fixture
def place(tmp_path):
    """A place of a model with two columns, in memory of 100 MiB."""
    with duckdb.connect(config={"memory_limit": "100MiB"}) as database:
        yield Place(tmp_path, lake=MemoryLake(tmp_path, database))


@pytest.fixture
def one_day_at_a_time(monkeypatch):
    return lambda: monkeypatch.setattr(module, "BYTES_OF_A_CELL", 2**60)


def brought(place, counts, source=EVENTS):
    files = [LandedFile(day(number), source, None, None, n) for number, n in counts.items()]
    for file in files:
        place.model.landing.put_files(source, [file])


def split(place, first, last, source=EVENTS):
    model = ModelContext(place.spec, place.model)
    found = parts(model, source, day(first), day(last))
    return [((a - day(0)).days, (b - day(0)).days) for a, b in found]


def test_the_first_day_of_all_tells_what_the_others_bring(place):
    assert split(place, 0, 9) == [(0, 0)] + [(n, n) for n in range(1, 10)]
    found = parts(ModelContext(place.spec, place.model), EVENTS, day(0), day(9))
    assert next(found) == (day(0), day(0))
    brought(place, {0: 5})
    assert list(found) == [(day(1), day(9))]


def test_parts_fit_into_memory_if_their_days_are_like_the_largest_known(place):
    fitting = 100 * 2**20 // (BYTES_OF_A_CELL * len(place.spec.columns))
    brought(place, {0: 10, 3: fitting // 4, 5: 20})
    assert split(place, 6, 12) == [(6, 9), (10, 12)]
    # What is known of the week before counts, and of the days themselves.
    assert split(place, 11, 16) == [(11, 16)]
    brought(place, {20: fitting // 2})
    assert split(place, 11, 20) == [(11, 12), (13, 14), (15, 16), (17, 18), (19, 20)]


def test_days_that_are_each_too_large_stand_alone(place):
    brought(place, {0: 10**12})
    assert split(place, 1, 3) == [(1, 1), (2, 2), (3, 3)]


def test_labels_are_counted_apart_from_events(place):
    brought(place, {0: 10**12})
    brought(place, {0: 1}, LABELS)
    assert split(place, 1, 3, LABELS) == [(1, 3)]


def test_days_that_brought_nothing_are_one_part(place):
    brought(place, {0: 0})
    assert split(place, 1, 4000) == [(1, 4000)]


def test_what_lands_in_parts_is_what_lands_at_once_and_so_again(tmp_path, one_day_at_a_time):
    found = []
    rows = [*two_a_day(5), ["k0", day(3), "1"], ["k11", day(4), "x"], ["late", "soon", "1"]]
    # Since the days ran, one got more rows, and of another a value was changed.
    later = [["more1", day(1), "5"], ["more3", day(3), "5"], *rows[:4], ["k20", day(2), "9"]]
    for name in ("once", "parts"):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, rows)
        place = Place(folder)
        place.land(0)
        seen = [place.land(1, 4)]
        write(folder, later + rows[5:])
        seen.append(place.land(0, 4))
        written = make_features(ModelContext(place.spec, place.model), day(1), day(4))
        tables = place.model.tables
        kept = (tables.events, tables.quarantined, tables.received, tables.checks, tables.files)
        stored = [sorted(map(str, place.model.lake.read(one).to_pylist())) for one in kept]
        told = [(one.rows, one.quarantined, one.account) for one in seen]
        found.append((told, written, stored))
        one_day_at_a_time()
    assert found[0] == found[1]
    assert [sum(quarantined.values()) for _, quarantined, _ in found[0][0]] == [2, 3]


def test_a_missing_file_leaves_the_parts_before_it(tmp_path):
    place = Place(tmp_path, describe("{day}.csv"))
    write(tmp_path, two_a_day(1), f"{day(0)}.csv")
    with pytest.raises(MissingDayError, match=str(day(1))):
        place.land(0, 1, land_events)
    assert {row["day"] for row in place.events()} == {day(0)}
    assert [row["day"] for row in place.model.landing.missing_files(day(0), day(1))] == [day(1)]


def test_drift_of_days_in_parts_is_that_of_all_at_once(tmp_path, database, one_day_at_a_time):
    found = []
    for name in ("once", "parts"):
        served = Served(MemoryLake(tmp_path / name, database))
        served.promote(1, on=-1)
        served.put_days(*(features_of(n) for n in range(5)), shifted(5), shifted(6))
        days = served.measure(0, 6)
        served.measure(3, 5)
        found.append(
            (served.stored("drift"), served.stored("profiles"), [d.verdicts for d in days])
        )
        one_day_at_a_time()
    assert found[0] == found[1]


def test_a_model_in_parts_predicts_and_finds_the_same(story, tmp_path, one_day_at_a_time):
    found = []
    for name in ("once", "parts"):
        world = story.world.copy(tmp_path / name)
        with world.active(), opened(world) as about:
            lake, tables = about.store.lake, about.store.tables
            nothing = tables.predictions.schema.empty_table()
            lake.replace_days(tables.predictions, day(3), day(5), nothing)
            do_days(world, about, 3, 5)
            kept = (tables.features, tables.predictions, tables.drift, tables.checks)
            found.append([sorted(map(str, lake.read(one).to_pylist())) for one in kept])
        one_day_at_a_time()
    assert found[0] == found[1]
    assert all(found[0])
