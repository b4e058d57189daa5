"""The training set of a version is made from the source again, which may keep its past or not."""

import json

import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable, write_deltalake

from mlops_drift.cli.main import main
from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.from_source import make_from_source
from mlops_drift.lifecycle.late_days import make_late_features
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_labels
from mlops_drift.pipeline.logged import Description
from mlops_drift.pipeline.training import build_training_set
from mlops_drift.sources.service import Service
from mlops_drift.store.records import VersionRecord
from mlops_drift_tests.pipeline.place import Place, day, describe

LAST = 3


def rows_of(number, key="k"):
    """Events of a day with their labels."""
    ids = [f"{key}{number}{i}" for i in range(10)]
    rows = pd.DataFrame({"id": ids, "day": day(number), "b": range(10)})
    return pa.Table.from_pandas(rows.assign(y=["yes", "no"] * 5), preserve_index=False)


def add(folder, rows):
    write_deltalake(folder / "events", rows.drop_columns(["y"]), mode="append")
    write_deltalake(folder / "labels", rows.select(["id", "day", "y"]), mode="append")


@pytest.fixture
def place(tmp_path):
    """A place whose tables get a commit a day, a late event, and a version trained on all that."""
    tables = {name: {"path": name, "day_column": "day"} for name in ("events", "labels")}
    place = Place(tmp_path, describe(source={"kind": "delta", **tables}))
    model = ModelContext(place.spec, place.model)
    for number in range(LAST + 1):
        add(tmp_path, rows_of(number))
        if number == 2:
            add(tmp_path, rows_of(0, "late").slice(0, 1))
        place.land(number)
        place.land(number, land=land_labels)
        make_features(model, day(number), day(number))
        make_late_features(model, day(number), day(number))
    built = build_training_set(model, day(LAST), None)
    assert built.training_set.rows == 10 * (LAST + 1) + 1
    about = built.id, 10, "linear", "accuracy", 1, 1, 1, 9, ""
    place.model.versions.add(VersionRecord(1, day(LAST), *about))
    return place


def read_again(place):
    then = Description(
        columns=place.spec.columns, target=place.spec.target, training=place.spec.training
    )
    return make_from_source(ModelContext(place.spec, place.model), 1, then, place.source)


def test_a_table_that_has_changed_since_is_read_as_it_was(place):
    for name in ("events", "labels"):
        DeltaTable(place.folder / name).delete("id IN ('k00', 'k13')")
    add(place.folder, rows_of(0, "later"))
    found = read_again(place)
    assert (found.is_same, found.changed, found.problem) == (True, {}, "")


def test_versions_that_are_gone_are_a_problem_in_one_sentence(place):
    table = DeltaTable(place.folder / "events")
    table.delete("id = 'k00'")
    table.vacuum(0, enforce_retention_duration=False, dry_run=False)
    found = read_again(place)
    assert not found.is_same
    assert "cannot be read again" in found.problem


def test_the_requests_of_a_service_are_in_the_lake_only(place):
    place.source = Service(place.source, day(0))
    with pytest.raises(UserError, match="only the lake has them"):
        read_again(place)


def test_the_command_says_whether_the_files_still_make_the_set(told_story, tmp_path):
    world = told_story.world.copy(tmp_path)
    with world.active():
        same = CliRunner().invoke(main, ["rebuild", "tiny", "2", "--from-source"])
        assert same.exit_code == 0, same.output
        assert "its training set, made from the source again, is the same\n" in same.output
        file = next(world.defs.rglob("events.csv"))
        rows = pd.read_csv(file)
        file.write_text(rows.assign(a=rows["a"] + 1).to_csv(index=False))
        other = CliRunner().invoke(main, ["rebuild", "tiny", "2", "--from-source"])
        assert other.exit_code == 1
        assert "again, differs: the source of events of 20" in other.output
        assert "has changed since they landed\n" in other.output
        shown = ["rebuild", "tiny", "2", "--from-source", "--format", "json"]
        told = json.loads(CliRunner().invoke(main, shown).stdout)
        assert (told["is_same"], told["different"]) == (False, 0)
        assert told["from_source"]["changed"].keys() == {"events"}
        file.unlink()
        gone = CliRunner().invoke(main, ["rebuild", "tiny", "2", "--from-source"])
        assert "cannot be made from the source again: " in gone.output
        assert "events.csv" in gone.output
