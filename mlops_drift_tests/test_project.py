"""Which project a process works in, and what its pyproject.toml says."""

import shutil
import sys

import dagster as dg
import pytest
import yaml
from dagster._utils.warnings import suppress_dagster_warnings

from mlops_drift import project, settings
from mlops_drift.component import MonitoredModel
from mlops_drift.config.loading import ModelDefinitionError, load_models
from mlops_drift.config.spec import ModelSpec
from mlops_drift.simulation.instance import open_instance
from mlops_drift.storage import OWN
from mlops_drift_tests.tiny import SPEC

DG = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "shop_of_tests"\n'


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch):
    """No variable, no project that other tests have loaded; the path stays as it is."""
    for name in (settings.DATA_VARIABLE, settings.DEFS_VARIABLE, settings.HOME_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(project, "_used", None)
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes a project with a pyproject.toml, and works in a folder of it."""

    def made(pyproject, at="shop/src/shop_of_tests"):
        root = tmp_path / "shop"
        (root / "src" / "shop_of_tests" / "defs").mkdir(parents=True)
        (root / "src" / "shop_of_tests" / "__init__.py").touch()
        (root / "pyproject.toml").write_text(pyproject)
        monkeypatch.chdir(tmp_path / at)
        return root

    return made


def write_model(root, name="tiny", kind="mlops_drift.MonitoredModel"):
    folder = root / "src" / "shop_of_tests" / "defs" / name
    folder.mkdir()
    described = {"type": kind, "attributes": {**SPEC, "name": name}}
    (folder / "defs.yaml").write_text(yaml.safe_dump(described))


@pytest.mark.parametrize(
    ("pyproject", "data"),
    [
        (DG, "data"),
        (f'{DG}[tool.mlops_drift]\ndata = "state/here"\n', "state/here"),
        ('[tool.mlops_drift]\ndata = "../beside"\n', "../beside"),
        ("[tool.mlops_drift]\n", "data"),
    ],
)
def test_state_lies_where_the_project_says(make, pyproject, data):
    root = make(pyproject)
    assert settings.data_root() == (root / data).resolve()


def test_the_variable_goes_before_what_the_project_says(make, monkeypatch, tmp_path):
    make(f'{DG}[tool.mlops_drift]\ndata = "state"\n')
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path / "other"))
    assert settings.data_root() == tmp_path / "other"


@pytest.mark.parametrize(
    ("pyproject", "message"),
    [
        ('[tool.mlops_drift]\ndat = "x"\n', r"\[tool.mlops_drift\] has dat = 'x'; it takes one"),
        ("[tool.mlops_drift]\ndata = 3\n", "has data = 3; it takes one field"),
        ("[tool", "pyproject.toml cannot be read"),
    ],
)
def test_a_mistake_is_reported_with_the_file(make, pyproject, message):
    root = make(pyproject)
    with pytest.raises(project.ProjectError, match=message) as caught:
        settings.data_root()
    assert str(root / "pyproject.toml") in str(caught.value)


def test_without_a_project_there_is_no_place_for_data(monkeypatch, tmp_path):
    # As where a wheel is installed.
    monkeypatch.setattr(project, "CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(project.ProjectError) as caught:
        settings.data_root()
    for way in (settings.DATA_VARIABLE, "[tool.dg]", "[tool.mlops_drift]"):
        assert way in str(caught.value)
    # Nor is a model blamed for it.
    with pytest.raises(project.ProjectError):
        load_models()
    assert settings.definition_folders() == [project.SHIPPED_DEFS]
    assert settings.dagster_home() is None


def test_a_project_that_is_installed_as_a_package_has_no_place_for_data(tmp_path, monkeypatch):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "pyproject.toml").write_text(DG)
    project.use(packages / "shop_of_tests")
    with pytest.raises(project.ProjectError, match=r"installed in .*site-packages"):
        settings.data_root()


def test_a_workspace_of_projects_is_none(make, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.dg]\ndirectory_type = "workspace"\n')
    assert project.project_at(tmp_path) is None
    root = make(DG)
    assert project.current().root == root


def test_a_project_may_be_described_in_dg_toml(make):
    root = make("")
    (root / "dg.toml").write_text('[project]\nroot_module = "shop_of_tests"\n')
    found = project.current()
    assert (found.root, found.code_location) == (root, "shop")
    assert found.defs == root / "src" / "shop_of_tests" / "defs"


def test_a_project_says_where_its_definitions_are_and_how_dagster_calls_it(make):
    root = make(f'{DG}defs_module = "shop_of_tests.models"\ncode_location_name = "the shop"\n')
    found = project.current()
    assert found.defs == root / "src" / "shop_of_tests" / "models"
    assert found.code_location == "the shop"


# Models


def test_the_models_are_those_of_the_project_whatever_lies_beside_them(make):
    root = make(DG)
    defs = root / "src" / "shop_of_tests" / "defs"
    write_model(root)
    write_model(root, "other", kind="a_package_that_is_not_there.Component")
    (defs / "broken.py").write_text("raise RuntimeError('imported')\n")
    (defs / "notes").mkdir()
    (defs / "notes" / "defs.yaml").write_text("not: [a component\n")
    assert set(load_models()) == {"tiny"}
    assert "shop_of_tests" not in sys.modules
    assert sys.path[-1] == str(root / "src")


def test_a_project_without_a_model_is_told_how_to_get_one(make):
    make(DG)
    with pytest.raises(ModelDefinitionError, match=r"dg scaffold defs mlops_drift\.MonitoredModel"):
        load_models()


def test_a_mistake_in_a_model_of_a_project_is_reported(make):
    root = make(DG)
    write_model(root, kind="mlops_drift.MonitoredModle")
    with pytest.raises(ModelDefinitionError, match="MonitoredModle"):
        load_models()


# Definitions


@dg.asset
def visits(lake: dg.ResourceParam[int], registry: dg.ResourceParam[int]) -> int:
    return lake + registry


def test_several_models_lie_beside_other_assets_resources_and_an_executor(make, monkeypatch):
    root = make(DG)
    write_model(root)
    write_model(root, "second")
    monkeypatch.syspath_prepend(root / "src")
    monkeypatch.chdir("/")
    tree = dg.ComponentTree.for_project(root)
    own = dg.Definitions(
        [visits], resources={"lake": 1, "registry": 2}, executor=dg.multiprocess_executor
    )
    merged = dg.Definitions.merge(suppress_dagster_warnings(tree.build_defs)(), own)
    groups = {node.group_name for node in merged.resolve_asset_graph().asset_nodes}
    assert groups == {"tiny", "second", "default"}
    job = merged.resolve_job_def("tiny_daily")
    assert job.executor_def is dg.multiprocess_executor
    assert {"mlops_drift_lake", "mlops_drift_registry"} <= job.resource_defs.keys()
    assert merged.resolve_implicit_job_def_def_for_assets([visits.key]) is not None
    # From here on this process works for the project, wherever it is.
    assert settings.data_root() == root / "data"
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_of_tests"]:
        monkeypatch.delitem(sys.modules, name)


def test_a_model_brings_all_that_it_needs(make):
    root = make(DG)
    context = dg.ComponentTree.for_test().load_context
    made = MonitoredModel.model_validate(SPEC)
    assert made.spec == ModelSpec.model_validate(SPEC)
    defs = made.build_defs(context)
    dg.Definitions.validate_loadable(defs)
    assert defs.executor is None
    assert project.current().root == root


# Dagster


@pytest.fixture
def stored(make):
    """The project, and where its instance stores runs."""
    root = make(DG)

    def at():
        with open_instance() as instance:
            run = instance.create_run_for_job(dg.GraphDefinition("of_nothing").to_job())
            origin = instance.get_run_by_id(run.run_id).remote_job_origin
            assert origin.repository_origin.code_location_origin.location_name == "shop"
        [place] = set(root.parent.rglob("runs.db"))
        return place.relative_to(root.parent).as_posix()

    return root, at


def test_without_a_configuration_dagster_is_in_the_data_folder(stored):
    root, at = stored
    assert at().startswith("shop/data/dagster/")
    assert "dagster.yaml" in settings.ui_needs()
    shutil.copy(project.CHECKOUT / "dagster.yaml", root)
    assert not settings.ui_needs()


def test_the_dagster_yaml_of_the_guide_is_what_is_used_without_one():
    page = (project.CHECKOUT / "docs" / "guide" / "dagster-project.md").read_text()
    _, _, block = page.partition("```yaml dagster\n")
    described = yaml.safe_load(block.partition("```")[0])
    assert described.items() <= OWN.items()


def test_a_dagster_yaml_of_the_project_says_where_runs_are(stored):
    root, at = stored
    place = str(root.parent / "elsewhere")
    described = {"storage": {"sqlite": {"base_dir": place}}, "telemetry": {"enabled": False}}
    (root / "dagster.yaml").write_text(yaml.safe_dump(described))
    assert at().startswith("elsewhere/")


def test_dagster_home_goes_before_the_project(stored, monkeypatch):
    root, at = stored
    shutil.copy(project.CHECKOUT / "dagster.yaml", root)
    home = root.parent / "home"
    monkeypatch.setenv(settings.HOME_VARIABLE, str(home))
    with pytest.raises(settings.SettingsError, match=r"DAGSTER_HOME is .* not a folder; make it"):
        open_instance()
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert at().startswith("home/")
