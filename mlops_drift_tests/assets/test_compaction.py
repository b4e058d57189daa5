"""The asset `compaction`: what it reports, and that no table has other rows."""

from mlops_drift.jobs import compaction_job_name
from mlops_drift.simulation.instance import QUIET, open_instance
from mlops_drift_tests.tiny import materialization


def test_it_reports_the_files_of_each_table_that_has_fewer_and_changes_no_row(begin):
    world = begin("compacted")
    with world.active(), open_instance() as instance:
        before = world.tables()
        job = world.definitions.resolve_job_def(compaction_job_name("tiny"))
        runs = [job.execute_in_process(instance=instance, run_config=QUIET) for _ in range(2)]
        assert world.tables() == before
    first, second = (materialization(run, "tiny", "compaction") for run in runs)
    changed = {row["table"]: row for row in rows_of(first["tables"])}
    features = {"table": "features.tiny", "before": 4, "after": 2}
    assert changed["features.tiny"] == features
    fewer = sum(row["before"] - row["after"] for row in changed.values())
    assert first["files before"] - first["files"] == fewer
    assert second["files before"] == second["files"] == first["files"]
    assert rows_of(second["tables"]) == []


def rows_of(metadata):
    return [record.data for record in metadata.records]
