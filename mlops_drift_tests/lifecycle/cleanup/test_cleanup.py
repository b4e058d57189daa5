"""A cleanup of a model with four versions, and all that must go on as if there had been none."""

import json
from dataclasses import replace

import dagster as dg
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

from mlops_drift.cli.main import main
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.jobs import cleanup_job_name
from mlops_drift.lifecycle import promotion as moves
from mlops_drift.lifecycle.cleanup.inventory import tables_by_group
from mlops_drift.lifecycle.decisions import decide_now
from mlops_drift.lifecycle.lineage import trace_day, trace_key, trace_version
from mlops_drift.lifecycle.rebuild import rebuild
from mlops_drift.lifecycle.status import read_status
from mlops_drift.registry.artifacts import Artifacts
from mlops_drift.registry.base import RegistryError
from mlops_drift.store import disk
from mlops_drift.store.records import RemovedError
from mlops_drift_tests import steps
from mlops_drift_tests.lifecycle.cleanup.aged import (
    ANN,
    MODEL,
    TODAY,
    clean,
    contents,
    context,
    do_days,
    kinds,
    parts_of,
)
from mlops_drift_tests.tiny import SPEC, World, day, in_order, write_days


def retrain(parts, first):
    """Trains a version on the days since one, and lets it serve."""
    trained = steps.train(context(parts), since=day(first))
    moves.approve(context(parts), ANN, trained.version)


def outline(plan):
    """What goes and stays, wherever it lies."""
    return [[replace(item, paths=()) for item in items] for items in (plan.items, plan.kept)]


def chain_of(parts, version):
    """What a version rests on, as text, wherever it lies."""
    chain = trace_version(context(parts), version)
    return [repr(link).replace(str(parts.world.root), "") for link in chain]


def test_every_table_of_days_loses_them_with_its_group():
    tables = ModelSpec(**SPEC).tables
    grouped = [table for group in tables_by_group(tables).values() for table in group]
    by_day = [table for table in tables if table.has_days]
    # Which files arrived stays: kept versions were trained on them.
    losing = [table.name for table in by_day if table is not tables.files]
    assert sorted(table.name for table in grouped) == sorted(losing)


def test_a_dry_run_changes_nothing_and_announces_what_goes(before, cleanup):
    files = contents(before.world.data)
    plan = clean(before, dry_run=True)
    assert kinds(plan) == ["days", "training set", "version"]
    assert contents(before.world.data) == files
    assert outline(plan) == outline(cleanup[1])


def test_a_dry_run_makes_nothing_where_nothing_is(tmp_path):
    world = World(tmp_path)
    write_days(world.write_model(MODEL), 1)
    with world.active(), open_lake() as lake:
        assert clean(parts_of(world, lake), dry_run=True).size == 0
    assert not world.data.exists()


def sizes_by_day(parts, table):
    return disk.sizes_by_day(parts.model.lake.snapshot(table))


def stored(parts):
    """The bytes of what goes as a whole, and of days."""
    tables = [table for table in parts.model.tables if table.has_days]
    folders = [parts.world.data / "mlartifacts", parts.model.training_sets.folder]
    return (
        sum(map(disk.size_of, folders)),
        sum(sum(sizes_by_day(parts, table).values()) for table in tables),
    )


def test_what_goes_frees_what_was_announced_and_goes_once(before, after, cleanup):
    items = cleanup[1].items
    days = sum(item.size for item in items if item.kind == "days")
    rest = sum(item.size for item in items if item.kind != "days")
    assert days > 0
    assert rest > 0
    whole, of_days = stored(before)
    left, days_left = stored(after)
    assert left == whole - rest
    # What stays of a file that held several days is written anew.
    assert of_days - days_left == pytest.approx(days, rel=0.05)
    assert clean(after).items == []
    assert list(after.world.data.rglob(".removing-*")) == []


def test_days_go_and_stay_as_the_limits_say(after):
    kept = {
        table.name: min(sizes_by_day(after, table), default=None)
        for table in after.model.tables
        if table.has_days
    }
    assert kept == {
        # Version 3 has served since day 10, version 2 since day 8: messages rest on both.
        "monitoring.tiny_drift": day(8),
        "monitoring.tiny_checks": day(8),
        "landing.tiny_files": day(0),
        "monitoring.tiny_label_arrivals": day(10),
        "predictions.tiny": day(10),
        "monitoring.tiny_profiles": day(10),
        "features.tiny": day(9),
        "landing.tiny_labels": day(9),
        # The labels of day 9 are about events of day 8.
        "landing.tiny_events": day(8),
        "landing.tiny_quarantined": None,
        # No challenger has ever waited.
        "predictions.tiny_shadow": None,
        "monitoring.tiny_shadow": None,
        # No service has answered, and nobody elsewhere predicts.
        "predictions.tiny_served": None,
        "landing.tiny_predictions": None,
    }


def test_the_record_stays_and_names_what_went(before, after):
    versions = before.model.versions.all()
    assert after.model.versions.promotions() == before.model.versions.promotions()
    assert after.model.versions.all() == versions
    assert after.model.decisions.records() == before.model.decisions.records()
    [removal] = after.model.versions.removals().values()
    assert (removal.version, removal.day) == (1, TODAY)
    assert removal.training_set == versions[0].training_set


def test_who_serves_and_who_did_before_stay_whole(cleaned):
    assert {int(one.version) for one in Artifacts(cleaned.registry, "tiny").versions()} == {2, 3}
    for record in cleaned.model.versions.all()[1:]:
        cleaned.registry.pipeline("tiny", record.version)
        cleaned.model.training_sets.read(record.training_set)
        cleaned.model.training_sets.read_reference(record.training_set, record.version)
    back = moves.rollback(context(cleaned), ANN)
    assert (back.version, back.previous) == (2, 3)


def test_a_removed_version_is_rejected_with_the_day_of_its_removal(after):
    message = f"version 1 was removed by the retention on {TODAY}"
    with pytest.raises(RemovedError, match=message):
        moves.approve(context(after), ANN, 1)
    with pytest.raises(RemovedError, match=message):
        moves.rollback(context(after), ANN, 1)
    with pytest.raises(RegistryError, match="has no version 1 of tiny"):
        open_registry().pipeline("tiny", 1)


def test_versions_are_traced_after_a_cleanup_as_before_or_as_removed(aged, after):
    with aged.active(), open_lake() as lake:
        whole = chain_of(parts_of(aged, lake), 2)
    with after.world.active():
        assert chain_of(after, 2) == whole
    found = trace_version(context(after), 2)
    assert next(link for link in found if link.what == "origins").rows
    removed, *_ = trace_version(context(after), 1)
    assert f"on {TODAY} by the retention" in removed.facts["removed"]
    with pytest.raises(RemovedError, match=f"version 1 was removed by the retention on {TODAY}"):
        rebuild(context(after), 1)


def test_a_version_that_the_registry_has_lost_is_an_error_without_a_traceback(free):
    Artifacts(free.registry, "tiny").unlist(1)
    result = CliRunner().invoke(main, ["explain", "tiny", "--version", "1"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: sqlite:///")
    assert "mlflow.db?timeout=120 has no version 1 of tiny" in result.output


def test_events_and_days_are_traced_after_a_cleanup(after):
    about, model = context(after), after.model
    gone = f"the retention has removed the rows of days before {day(9)}"
    unknown = {
        "version": 1,
        "training set": model.versions.get(1).training_set,
        "unknown": "the set was removed",
    }
    chain = {link.what: link for link in trace_key(about, "11003")}
    assert chain["event"].facts["day"] == day(11)
    assert unknown in chain["in training sets"].rows
    learned = model.training_sets.read(model.versions.get(2).training_set).train["id"][0].as_py()
    assert learned < 9000
    chain = {link.what: link for link in trace_key(about, str(learned))}
    assert chain["event"].facts == {"id": str(learned), "removed": gone}
    assert {row["version"] for row in chain["in training sets"].rows if "part" in row} == {2, 3}
    # Of an event that no version has learned from nothing is left.
    with pytest.raises(UserError, match=f"no event of tiny has the id '7003'; {gone}"):
        trace_key(about, "7003")
    assert trace_day(about, day(3))[0].facts["removed"] == gone
    assert trace_day(about, day(10))[0].facts["removed"] is None


def test_a_day_of_a_removed_version_is_rejected_with_the_reason(cleaned):
    with pytest.raises(RemovedError, match=f"version 1 was removed by the retention on {TODAY}"):
        do_days(cleaned, 6, 6)


# What comes after


def later_rows(world):
    """Every row that is about a day after the cleanup, and all rows of tables without days."""
    found = {}
    for log in world.data.glob("lake/*/*/_delta_log"):
        name = f"{log.parent.parent.name}/{log.parent.name}"
        if name.endswith("_removed"):
            continue
        table = DeltaTable(log.parent)
        rows = table.to_pyarrow_table().to_pylist()
        if "delta.dataSkippingStatsColumns" in table.metadata().configuration:
            rows = [row for row in rows if row["day"] > TODAY]
        for row in rows:
            # A retraining by hand has the id of its run.
            if row.get("stage") in ("built", "trained"):
                row["decision"] = None
        found[name] = in_order(rows)
    return found


def test_later_days_and_trainings_are_those_of_a_world_without_cleanup(aged, cleanup, tmp_path):
    seen = {}
    assert cleanup[1].size > 0
    for name in ("cleaned", "untouched"):
        (tmp_path / name).mkdir()
        world = (cleanup[0] if name == "cleaned" else aged).copy(tmp_path / name)
        with world.active(), open_lake() as lake:
            parts = parts_of(world, lake)
            at_once = decide_now(ModelContext(parts.spec, parts.model), TODAY)
            counts = parts.model.labels.counts(TODAY)
            do_days(parts, 15, 17)
            retrain(parts, 15)
            do_days(parts, 18, 18)
            if name == "cleaned":
                assert clean(parts).size > 0
            status = read_status(ModelContext(parts.spec, parts.model))
            seen[name] = (
                at_once,
                counts,
                {key: status[key] for key in ("champion", "next", "labels_without_event")},
                [(row["check"], row["verdict"], row["reason"]) for row in status["checks"]],
                decide_now(ModelContext(parts.spec, parts.model), day(18)),
                parts.model.labels.counts(day(18)),
            )
            seen[name, "rows"] = later_rows(world)
    assert seen["cleaned"] == seen["untouched"]
    cleaned, untouched = seen["cleaned", "rows"], seen["untouched", "rows"]
    assert cleaned.keys() == untouched.keys()
    assert cleaned["predictions/tiny"]
    for name, rows in untouched.items():
        assert cleaned[name] == rows, name


# The job and the command


def test_the_job_is_a_dry_run_by_default(free):
    job = free.world.definitions.resolve_job_def(cleanup_job_name("tiny"))
    [op] = [node.name for node in job.nodes]

    def run(**config):
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(
                instance=instance, run_config={"ops": {op: {"config": config}}}
            )
            [output] = [event for event in result.all_events if event.is_successful_output]
            return result.output_for_node(op), output.step_output_data.metadata

    before = contents(free.world.data / "lake")
    shown, metadata = run()
    assert contents(free.world.data / "lake") == before
    rows = [record.data for record in metadata["can be deleted"].records]
    assert shown == {
        "items": len(rows),
        "bytes": sum(row["size"] for row in rows),
        "dry_run": True,
    }
    assert {"version", "training set", "days"} == {row["kind"] for row in rows}
    assert "3" in {record.data["name"] for record in metadata["stays"].records}
    done, metadata = run(dry_run=False)
    assert done == {**shown, "dry_run": False}
    assert len(metadata["removed"].records) == len(rows)


def test_the_command_shows_then_deletes(free):
    def call(*arguments):
        result = CliRunner().invoke(main, ["cleanup", "tiny", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "can be deleted with --delete" in call()
    would = json.loads(call("--format", "json"))
    assert would["deleted"] is False
    assert {item["kind"] for item in would["items"]} == {"days", "training set", "version"}
    assert would["day"] == str(TODAY)
    did = json.loads(call("--delete", "--format", "json"))
    assert did == {**would, "deleted": True}
    assert "0 things, 0 bytes" in call()
    rejected = CliRunner().invoke(
        main, ["rollback", "tiny", "--to", "1", "--by", "ann", "--reason", "r"]
    )
    assert rejected.exit_code == 1
    assert f"version 1 was removed by the retention on {TODAY}" in rejected.output
