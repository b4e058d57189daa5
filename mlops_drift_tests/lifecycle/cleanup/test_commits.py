"""The commits that training sets were built of, after the days were written again and cleaned."""

import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.cleanup.commits import commits_kept, forget_old_commits
from mlops_drift.lifecycle.lineage import trace_version
from mlops_drift.pipeline.training import build_training_set, train_challenger
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.store import disk, forgetting
from mlops_drift.store.queries import run_sql
from mlops_drift.store.readable import is_readable
from mlops_drift_tests.lifecycle.cleanup.aged import MODEL, clean
from mlops_drift_tests.pipeline.test_features import landed, spec_of
from mlops_drift_tests.store.travels import rewrite_in_one_file
from mlops_drift_tests.tiny import SPEC, day, merged


@pytest.fixture
def trained(lake):
    """A model with a version, whose features and labels were written day by day."""
    spec = spec_of()
    about = ModelContext(spec, landed(lake, spec), MemoryRegistry())
    built = build_training_set(about, day(4), None)
    train_challenger(about, built.id, day(4), lambda trial: None)
    return about


def tables(about):
    return [about.store.tables.features, about.store.tables.labels]


def forget_at_once(about):
    """Takes from the tables the week for which replaced files stay."""
    for table in tables(about):
        stored = DeltaTable(about.store.lake.uri(table))
        never = {"delta.deletedFileRetentionDuration": "interval 0 seconds"}
        stored.alter.set_table_properties(never)


def write_all_again(about):
    """Writes every day without its first row, then all of them in one file."""
    lake = about.store.lake
    for table in tables(about):
        for row in lake.rows("SELECT DISTINCT day FROM t", t=table):
            rows = lake.read(table)
            rows = rows.filter(pc.equal(rows["day"], row["day"])).slice(1)
            lake.replace_days(table, row["day"], row["day"], rows)
        rewrite_in_one_file(lake, table)


def clean_files(about, kept):
    for table in tables(about):
        disk.remove_old_files(about.store.lake.root, table, kept.get(table.name, ()))


def commits_of(about):
    [record] = about.store.training_sets.records()
    return [record.features_snapshot, record.labels_snapshot]


def readable(about):
    uri = about.store.lake.uri
    pairs = zip(tables(about), commits_of(about), strict=True)
    return [is_readable(uri(table), number) for table, number in pairs]


def test_the_rows_of_a_training_set_are_at_its_commits_after_rewriting_and_cleanup(trained):
    forget_at_once(trained)
    write_all_again(trained)
    clean_files(trained, commits_kept(trained.store, days_go=False))
    lake, [features, labels] = trained.store.lake, tables(trained)
    at = commits_of(trained)
    assert not is_readable(lake.uri(features), at[0] + 3)
    [record] = trained.store.training_sets.records()
    parts = trained.store.training_sets.read(record.training_set).parts
    for rows in parts.values():
        known = zip(
            *(rows[name].to_pylist() for name in ("id", "a", "c", "made", "y")), strict=True
        )
        sql = f"SELECT id, a, c, made FROM {features.name}"
        then = {tuple(row.values()) for row in run_sql(lake, sql, as_of=at[0]).to_pylist()}
        answers = run_sql(lake, f"SELECT id, y FROM {labels.name}", as_of=at[1]).to_pylist()
        true = {row["id"]: row["y"] for row in answers}
        for *values, label in known:
            assert tuple(values) in then
            assert true[values[0]] == label


def test_explain_names_the_commits_and_says_when_they_are_gone(trained):
    def snapshots():
        [found] = [one for one in trace_version(trained, 1) if one.what == "table snapshots"]
        return list(found.facts.values())

    numbers = commits_of(trained)
    assert snapshots() == [f"commit {number}" for number in numbers]
    forget_at_once(trained)
    write_all_again(trained)
    clean_files(trained, {})
    assert snapshots() == [f"commit {number}, which can no longer be read" for number in numbers]


def test_commits_of_training_sets_are_not_forgotten(trained, monkeypatch):
    monkeypatch.setattr(forgetting, "KEPT_COMMITS", 1)
    features, _ = tables(trained)
    for _ in range(12):
        write_all_again(trained)
    assert forget_old_commits(trained.store)
    assert readable(trained) == [True, True]
    assert not is_readable(trained.store.lake.uri(features), commits_of(trained)[0] + 12)
    shutil.rmtree(trained.store.training_sets.folder)
    assert forget_old_commits(trained.store)
    assert readable(trained) == [False, False]


def test_commits_of_a_training_set_that_was_removed_are_not_kept(trained):
    kept = commits_kept(trained.store, days_go=False)
    names = [table.name for table in tables(trained)]
    assert kept == {name: {number} for name, number in zip(names, commits_of(trained), strict=True)}
    shutil.rmtree(trained.store.training_sets.folder)
    assert commits_kept(trained.store, days_go=True) == dict.fromkeys(names, frozenset())


def test_where_days_are_deleted_a_commit_that_holds_one_is_not_kept(trained):
    features, labels = tables(trained)
    empty = features.schema.empty_table()
    trained.store.lake.replace_days(features, day(0), day(0), empty)
    assert commits_kept(trained.store, days_go=False)[features.name]
    kept = commits_kept(trained.store, days_go=True)
    assert (kept[features.name], kept[labels.name]) == (frozenset(), {commits_of(trained)[1]})


def retained(parts, **retention):
    """The world with another retention, without the week for which replaced files stay."""
    parts.spec = ModelSpec(**merged(SPEC, merged(MODEL, {"retention": retention})))
    about = ModelContext(parts.spec, parts.model, parts.registry)
    forget_at_once(about)
    return about


def days_on_disk(parts, table):
    """The days of which a table has a file."""
    folder = Path(parts.model.lake.uri(table))
    files = [file for file in folder.rglob("*.parquet") if "_delta_log" not in file.parts]
    query = "SELECT DISTINCT day FROM read_parquet(?)"
    with parts.model.lake.cursor() as cursor:
        return sorted(row[0] for row in cursor.execute(query, [list(map(str, files))]).fetchall())


def test_a_cleanup_keeps_the_commits_of_versions_where_all_days_stay(free):
    about = retained(free, landing_days=None)
    write_all_again(about)
    assert "old files" in {item.kind for item in clean(free).items}
    records = {one.training_set: one for one in about.store.training_sets.records()}
    kept = [records[one.training_set] for one in about.store.versions.all()[1:]]
    for table, name in zip(tables(about), ("features_snapshot", "labels_snapshot"), strict=True):
        assert all(is_readable(about.store.lake.uri(table), getattr(one, name)) for one in kept)
    assert "old files" not in {item.kind for item in clean(free).items}


def test_a_cleanup_frees_the_space_of_deleted_days_though_versions_name_commits_of_them(free):
    about = retained(free)
    clean(free)
    clean(free)
    features, labels = tables(about)
    assert days_on_disk(free, features)[0] == day(9)
    assert days_on_disk(free, labels)[0] == day(9)
    assert day(9) + timedelta(days=5) in days_on_disk(free, features)
