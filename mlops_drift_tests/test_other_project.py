"""The wheel in a project as `create-dagster` makes it, without this checkout."""

import json
import sqlite3
import zipfile

import pandas as pd
import pytest
import yaml

from mlops_drift.project import CHECKOUT
from mlops_drift_tests.other_project import OtherProject, build_wheel
from mlops_drift_tests.postgres import OPEN_DATABASE
from mlops_drift_tests.tiny import day, events_of, labels_of

pytest.importorskip("pip", reason="a wheel is built by pip, which is not installed")
pytest.importorskip("dagster_dg_cli", reason="dagster-dg-cli is not installed")

# In one process, since each imports Dagster first.
DG = """
import sys
from dagster_dg_cli.cli import create_dg_cli
for arguments in (
    [*"scaffold defs mlops_drift.MonitoredModel orders".split(), *sys.argv[1:]],
    "scaffold defs mlops_drift.MonitoredModel blank".split(),
    "check yaml".split(),
    "list components".split(),
    "list defs --json".split(),
):
    create_dg_cli()(arguments, standalone_mode=False)
"""


# The first day whose labels follow another rule, the day that they arrive on, and days in all.
TURN, LAST, DAYS = 2, 3, 10


def run(project, last, **options):
    """Runs the model up to a day, two days together; what it printed."""
    asked = ("run", "orders", "--until", str(last), "--step", "2", "--format", "json")
    return project.mlops_drift(*asked, **options)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def scaffolded(wheel, tmp_path_factory):
    """A project with a scaffolded model, and what dg said."""
    folder = tmp_path_factory.mktemp("other")
    found = OtherProject(folder, wheel)
    files = [folder / "events.csv", folder / "labels.csv"]
    events = pd.concat([events_of(number) for number in range(DAYS)])
    labels = pd.concat([labels_of(number, flipped=number >= TURN) for number in range(DAYS - 1)])
    events.to_csv(files[0], index=False)
    labels.to_csv(files[1], index=False)
    given = ("--events", files[0], "--labels", files[1])
    # Else it requires that the project is installed.
    said = found.run("-c", DG, *given, PYTHONPATH=str(found.package.parent))
    (found.package / "defs" / "blank" / "defs.yaml").unlink()
    return found, said


@pytest.fixture(scope="module")
def project(scaffolded):
    scaffolded[0].make_quick("orders")
    return scaffolded[0]


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    package = CHECKOUT / "mlops_drift"
    files = {
        str(file.relative_to(CHECKOUT))
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as opened:
        assert {name for name in opened.namelist() if ".dist-info/" not in name} == files


def test_dg_makes_checks_and_lists_a_model(scaffolded):
    found, said = scaffolded
    assert "All component YAML validated successfully." in said
    assert "mlops_drift.MonitoredModel" in said
    for name in ("orders/champion", "blank/champion", "visits", "orders_retraining"):
        assert f'"{name}"' in said
    assert "different in every event" in (found.package / "defs/orders/defs.yaml").read_text()


@pytest.fixture(scope="module")
def ran(project):
    """What ten days printed, run from within the project, and the files before and after."""
    before = project.files()
    return run(project, day(DAYS - 1), at="src/shop"), before, project.files()


def test_ten_days_end_in_a_failed_check_and_a_retraining(ran):
    found = json.loads(ran[0])
    assert (found["first_day"], found["last_day"]) == (str(day(0)), str(day(DAYS - 1)))
    assert "performance_drop" in {one["check"] for one in found["alarms"]}
    assert [one["version"] for one in found["versions"] if one["promoted"]] == [1, 2]


def test_state_is_only_in_the_data_folder_of_the_project(ran, project):
    _, before, after = ran
    assert before == after
    made = {file.name for file in (project.root / "data").iterdir()}
    assert {"lake", "mlflow.db", "dagster"} <= made


def test_the_command_line_imports_nothing_else_of_the_project(ran):
    assert "imported" not in ran[0]


_CHECKS = """
{ assetNodes(group: {
    groupName: "orders", repositoryName: "__repository__", repositoryLocationName: "shop"
  }) {
    assetKey { path }
    assetChecksOrError { ... on AssetChecks { checks {
      name executionForLatestMaterialization { status evaluation { success } }
} } } } }
"""
_RUNS = """
query($job: String!) { runsOrError(filter: {pipelineName: $job}) { ... on Runs { results {
  status repositoryOrigin { repositoryLocationName }
} } } }
"""


@pytest.fixture(scope="module")
def elsewhere(project, postgres):
    """The variables of the same project with other places: data, and Dagster in PostgreSQL."""
    pytest.importorskip("dagster_postgres", reason="dagster-postgres is not installed")
    home, data = project.home / "dagster", project.home / "state"
    home.mkdir()
    # SQLAlchemy 2.1 would take the newer driver, whose dialect Dagster does not write.
    address = postgres.make_database(OPEN_DATABASE).replace("postgresql:", "postgresql+psycopg2:")
    described = {
        "storage": {"postgres": {"postgres_url": address}},
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "DefaultRunCoordinator",
        },
    }
    (home / "dagster.yaml").write_text(yaml.safe_dump(described))
    return {"DAGSTER_HOME": str(home), "MLOPS_DRIFT_DATA": str(data)}


@pytest.fixture(scope="module")
def walked(project, elsewhere):
    return json.loads(run(project, day(LAST), **elsewhere))


@pytest.fixture(scope="module")
def pages(project, elsewhere, walked):
    with project.pages(**elsewhere) as found:
        yield found


def test_with_postgres_a_failed_check_ends_in_a_retraining(walked):
    assert (walked["first_day"], walked["last_day"]) == (str(day(0)), str(day(LAST)))
    assert "performance_drop" in {one["check"] for one in walked["alarms"]}
    assert [one["version"] for one in walked["versions"] if one["promoted"]] == [1, 2]


def test_the_pages_show_what_the_command_line_ran(pages):
    found = pages.ask(_RUNS, job="orders_daily")["runsOrError"]["results"]
    assert len(found) == 2
    assert {run["status"] for run in found} == {"SUCCESS"}
    assert {run["repositoryOrigin"]["repositoryLocationName"] for run in found} == {"shop"}
    checks = {
        one["name"]: one["executionForLatestMaterialization"]
        for node in pages.ask(_CHECKS)["assetNodes"]
        for one in node["assetChecksOrError"].get("checks", [])
    }
    assert checks["performance_drop"]["evaluation"] == {"success": False}
    assert checks["data_quality"]["evaluation"] == {"success": True}


def test_each_step_may_be_a_process_of_its_own(pages, elsewhere):
    partition = [{"key": "dagster/partition", "value": str(day(LAST + 1))}]
    pages.launch("orders_daily", partition, assets=["events", "labels", "features"])
    since = {"config": {"since": str(day(TURN))}}
    retrained = pages.launch("orders_retraining", config={"ops": {"orders__training_set": since}})
    with sqlite3.connect(f"{elsewhere['MLOPS_DRIFT_DATA']}/mlflow.db") as database:
        rows = database.execute(
            "SELECT status, name FROM runs JOIN tags ON runs.run_uuid = tags.run_uuid "
            "WHERE key = 'dagster_run_id' AND value = ?",
            [retrained],
        ).fetchall()
    assert [status for status, _ in rows] == ["FINISHED"]
    # A version as of the day that was landed in processes, too.
    assert str(day(LAST + 1)) in rows[0][1]
