"""`reset`: a model starts again, and nothing of another one is touched."""

import os

import dagster as dg
import pytest
from click.testing import CliRunner
from filelock import FileLock
from rich.filesize import decimal

from mlops_drift import settings
from mlops_drift.assets.common import MODEL_TAG
from mlops_drift.cli.main import main
from mlops_drift.gateways import open_studies
from mlops_drift.lifecycle.report_files import current_report, kept_reports
from mlops_drift.lifecycle.reset import find_belongings
from mlops_drift.serving.log.segments import attend, is_attended
from mlops_drift.serving.records import ServedRow
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests import steps
from mlops_drift_tests.service_traffic import log as write_log
from mlops_drift_tests.service_traffic import log_folder
from mlops_drift_tests.tiny import day, write_days


def reset(*arguments, **options):
    return CliRunner().invoke(main, ["reset", *arguments], **options)


def belongings(world, model="tiny"):
    with steps.opened(world, model) as about:
        return find_belongings(about, open_studies())


@pytest.fixture(scope="module")
def world(begin):
    """`tiny`, which has begun, beside `other`, which has landed a day."""
    made = begin("reset")
    write_days(made.write_model(name="other"), 1)
    with made.active():
        with open_instance() as instance:
            assert made.run_days(instance, day(0), model="other").success
        yield made


def test_nothing_is_removed_without_a_yes(world):
    before = belongings(world)
    result = reset("tiny", input="n\n")
    assert result.exit_code == 1
    assert "1 versions" in result.stdout
    assert belongings(world) == before


@pytest.mark.parametrize("of", ["run", "dagster"])
def test_a_model_with_an_open_run_is_not_reset(world, of):
    before = belongings(world)
    with open_instance() as instance:
        if of == "run":
            with FileLock(settings.lock_root() / "run-tiny.lock"):
                result = reset("tiny", "--yes")
        else:
            job = world.definitions.resolve_job_def("tiny_daily")
            run = instance.create_run_for_job(
                job, status=dg.DagsterRunStatus.STARTED, tags={MODEL_TAG: "tiny"}
            )
            result = reset("tiny", "--yes")
            instance.delete_run(run.run_id)
    assert result.exit_code == 1
    assert ("under way" if of == "run" else "is open") in result.stderr
    assert belongings(world) == before


@pytest.fixture
def log(world):
    """The log of a service of `tiny`, whose answers are in no table yet."""
    with steps.opened(world) as about:
        write_log(about, 0, [ServedRow("k", 0, {}, "no", "RULES")], None, workers=1)
        return log_folder(about)


def test_a_model_whose_service_runs_is_not_reset(world, log):
    first, second = attend(log.parent), attend(log.parent)
    before = belongings(world)
    for worker in first, second:
        result = reset("tiny", "--yes")
        assert result.exit_code == 1
        assert "a service of tiny runs; end it, and reset the model then" in result.stderr
        assert belongings(world) == before
        os.close(worker)
    assert not is_attended(log.parent)


def test_what_the_log_alone_has_is_said_before_it_is_removed(world, log):
    size = sum(one.stat().st_size for one in log.iterdir())
    assert belongings(world).unshipped == size
    assert not belongings(world).is_empty
    result = reset("tiny", input="n\n")
    assert f"{decimal(size)} of answers in the log are in no table yet" in result.stdout
    assert log.is_dir()


def test_a_reset_model_starts_again_and_others_stay(world):
    assert current_report("tiny").exists()
    tables = {name: rows for name, rows in world.tables().items() if ".other" in name}
    others = belongings(world, "other")
    result = reset("tiny", "--yes")
    assert result.exit_code == 0, result.output
    assert "tiny starts again" in result.stdout
    found = belongings(world)
    assert (found.rows, found.versions, found.runs, found.studies) == (0, (), (), ())
    assert found.is_empty
    assert found.unshipped == 0
    assert not kept_reports("tiny")
    assert not current_report("tiny").exists()
    assert "tiny" not in (settings.report_root() / "index.html").read_text("utf-8")
    assert world.tables() == tables
    assert belongings(world, "other") == others
    with open_instance() as instance:
        assert not instance.get_runs(dg.RunsFilter(tags={MODEL_TAG: "tiny"}))
        assert instance.get_runs(dg.RunsFilter(tags={MODEL_TAG: "other"}))
        assert {key.path[0] for key in instance.all_asset_keys()} == {"other"}
    assert "nothing to remove" in reset("tiny").stdout


def test_after_a_reset_the_same_days_lead_to_version_1_again(world):
    result = CliRunner().invoke(main, ["run", "tiny", "--until", str(day(1)), "--step", "2"])
    assert result.exit_code == 0, result.output
    assert belongings(world).versions == (1,)
