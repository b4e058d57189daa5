"""The registry gateway: versions in MLflow, which costs seconds to import and waits for its use."""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from filelock import FileLock

from mlops_drift.registry.base import (
    LIBRARIES,
    Artifact,
    RegistryError,
    Split,
    VersionPackage,
    VersionRegistry,
)
from mlops_drift.registry.code_digests import pinned
from mlops_drift.registry.sqlite_files import file_of, made_beside
from mlops_drift.registry.stored_model import fresh_predictions, pickled_file, read_artifact

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from mlops_drift.schema.columns import Target


# Without it, pages of MLflow's open on what it has for language models.
VIEW = "workflowType=machine_learning"

# Characters of the digest of a dataset, which stands beside its name.
DIGEST_LENGTH = 12


class Registry(VersionRegistry):
    """Versions of models in MLflow; an alias begins with a prefix such as `dev-` there."""

    def __init__(
        self, tracking_uri: str, artifact_root: Path, lock_root: Path, alias_prefix: str = ""
    ) -> None:
        super().__init__()
        self.tracking_uri, self.artifact_root = tracking_uri, artifact_root
        self._lock_root, self._alias_prefix = lock_root, alias_prefix
        self._pipelines: dict[tuple[str, int], Pipeline] = {}

    @cached_property
    def client(self) -> "MlflowClient":
        """The MLflow client of the database; a `RegistryError` if there is none."""
        import mlflow

        if not self.exists:
            raise RegistryError(
                f"{file_of(self.tracking_uri)} is missing or empty: it holds all versions; bring "
                "it back from a backup"
            )
        # Both, whatever the environment says: functions of MLflow without a client use these.
        mlflow.set_tracking_uri(self.tracking_uri)
        mlflow.set_registry_uri(self.tracking_uri)
        return mlflow.MlflowClient(self.tracking_uri, self.tracking_uri)

    @property
    def exists(self) -> bool:
        """Whether anything can have been registered yet; asking makes nothing."""
        place = file_of(self.tracking_uri)
        return place is None or (place.exists() and place.stat().st_size > 0)

    def make_database(self) -> None:
        """Makes the database, if it is missing: one process does, the others wait."""
        import mlflow

        place = file_of(self.tracking_uri)
        if place is None or self.exists:
            return
        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        with self.lock("mlflow"):
            if not self.exists:
                with made_beside(place) as url:
                    mlflow.MlflowClient(url, url).search_experiments(max_results=1)

    def experiment(self, model: str) -> str | None:
        """The id of a model's experiment, if there is one; asking makes nothing."""
        found = self.client.get_experiment_by_name(model) if self.exists else None
        return str(found.experiment_id) if found else None

    def lock(self, name: str) -> FileLock:
        self._lock_root.mkdir(parents=True, exist_ok=True)
        return FileLock(self._lock_root / f"{name}.lock")

    def prepare(self, model: str) -> None:
        from mlflow.exceptions import MlflowException

        self.make_database()
        with self.lock("mlflow"):
            if self.experiment(model) is None:
                self.client.create_experiment(model, (self.artifact_root / model).as_uri())
            try:
                self.client.get_registered_model(model)
            except MlflowException:
                self.client.create_registered_model(model)

    def close_run(self, model: str, dagster_run_id: str) -> None:
        """Marks the MLflow run of a Dagster run whose process is gone as killed."""
        for run in self.runs_of(model, dagster_run_id, "RUNNING"):
            self.client.set_terminated(run, status="KILLED")

    def runs_of(self, model: str, dagster_run_id: str, status: str) -> list[str]:
        """The MLflow runs of a Dagster run that have a status."""
        found = self.experiment(model)
        mine = f"tags.dagster_run_id = '{dagster_run_id}' AND attributes.status = '{status}'"
        runs = self.client.search_runs([found], mine) if found else []
        return [str(one.info.run_id) for one in runs]

    def find(self, model: str, identity: Mapping[str, str]) -> int | None:
        found = self.client.search_model_versions(f"name = '{model}'")
        same = (int(one.version) for one in found if identity.items() <= one.tags.items())
        return min(same, default=None)

    def register(self, model: str, package: VersionPackage) -> int:
        import mlflow
        import mlflow.sklearn
        from mlflow.models import infer_signature

        logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)
        run = mlflow.active_run()
        if run is None:
            raise RegistryError("no active MLflow run: register needs the run that trained")
        mlflow.log_params(dict(package.params))
        mlflow.log_metrics(dict(package.metrics))
        for name, content in package.tables.items():
            mlflow.log_dict(content, name)
        signature = infer_signature(package.example, package.output)
        inputs = [_dataset(model, split, signature.inputs.to_dict()) for split in package.splits]
        if inputs:
            self.client.log_inputs(run.info.run_id, inputs)
        logged = mlflow.sklearn.log_model(
            package.pipeline,
            name="model",
            signature=signature,
            pip_requirements=list(pinned(LIBRARIES)),
            serialization_format="cloudpickle",
        )
        mlflow.set_tags(dict(package.tags))
        tags = {**package.tags, **package.identity}
        # With the tags in one transaction: a kill leaves no version without its identity.
        version = self.client.create_model_version(
            model, source=logged.model_uri, run_id=run.info.run_id, tags=tags
        )
        return int(version.version)

    def pipeline(self, model: str, version: int) -> "Pipeline":
        if (model, version) not in self._pipelines:
            import mlflow.sklearn

            uri = self._model_uri(model, version)
            try:
                loaded = mlflow.sklearn.load_model(uri)
            # A damaged pickle raises whatever its bytes happen to say.
            except Exception as error:
                raise RegistryError(
                    f"version {version} of {model} cannot be loaded from {uri}: "
                    f"{type(error).__name__}: {error}; if other code made it, reset the model"
                ) from error
            self._pipelines[model, version] = loaded
        return self._pipelines[model, version]

    def pickled(self, model: str, version: int) -> bytes:
        with self._model_folder(model, version) as folder:
            return pickled_file(folder).read_bytes()

    def artifact(self, model: str, version: int) -> Artifact:
        as_it_was = _about(model, version, "is not stored as it was", RegistryError)
        with self._model_folder(model, version) as folder, as_it_was:
            return read_artifact(folder)

    def fresh_predictions(
        self, model: str, version: int, target: "Target", features: "pd.DataFrame"
    ) -> "pd.DataFrame":
        with self._model_folder(model, version) as folder:
            return fresh_predictions(folder, target, features)

    @contextmanager
    def _model_folder(self, model: str, version: int) -> Iterator[Path]:
        """The folder of a version's model; fetched for the time of its use if it is elsewhere."""
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        with tempfile.TemporaryDirectory() as fetched:
            with _about(model, version, "cannot be read", MlflowException):
                uri = self._model_uri(model, version)
                here = Path(uri)
                folder = here if here.is_dir() else Path(download_artifacts(uri, dst_path=fetched))
            yield folder

    def _model_uri(self, model: str, version: int) -> str:
        """Where a version's model lies: below the artifact root, even if that was moved."""
        source = str(self._registered(model, version).source)
        here = self.artifact_root / model / "models" / source.rsplit("/", 1)[-1] / "artifacts"
        return str(here) if here.is_dir() else f"models:/{model}/{version}"

    def _registered(self, model: str, version: int) -> "ModelVersion":
        with self._naming(model, version):
            return self.client.get_model_version(model, str(version))

    @contextmanager
    def _naming(self, model: str, version: int) -> Iterator[None]:
        """Names the database where MLflow does not have a version."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            place = self.tracking_uri
            raise RegistryError(f"{place} has no version {version} of {model}: {error}") from error

    def tags(self, model: str, version: int) -> dict[str, str]:
        return dict(self._registered(model, version).tags)

    def set_tag(self, model: str, version: int, name: str, value: str) -> None:
        with self._naming(model, version):
            self.client.set_model_version_tag(model, str(version), name, value)

    def params(self, model: str, version: int) -> dict[str, str]:
        return dict(self.client.get_run(self.run_id(model, version)).data.params)

    def version_page(self, model: str, version: int, ui: str) -> str | None:
        return f"{ui}/#/models/{quote(model)}/versions/{version}?{VIEW}"

    def file_page(self, model: str, version: int, name: str, ui: str) -> str | None:
        return self.run_page(model, self.run_id(model, version), ui, f"/artifacts/{quote(name)}")

    def run_id(self, model: str, version: int) -> str:
        return str(self._registered(model, version).run_id)

    def read_json(self, model: str, version: int, name: str, run: str | None = None) -> Any:
        run = run or self.run_id(model, version)
        # Below the artifact root even if that was moved; else wherever MLflow has it.
        here = self._artifacts_of(model, run) / name
        problem = f"has no {name} that can be read"
        with _about(model, version, problem, OSError, ValueError):
            return json.loads(here.read_bytes() if here.is_file() else self._fetched(run, name))

    def _fetched(self, run: str, name: str) -> bytes:
        """The artifact of a run, from wherever MLflow has it."""
        from mlflow.exceptions import MlflowException

        with tempfile.TemporaryDirectory() as folder:
            try:
                return Path(self.client.download_artifacts(run, name, folder)).read_bytes()
            except MlflowException as error:
                raise OSError(str(error)) from error

    def _artifacts_of(self, model: str, run: str) -> Path:
        return self.artifact_root / model / run / "artifacts"

    def describe(self, model: str, version: int, text: str) -> None:
        self.client.update_model_version(model, str(version), description=text)
        self.client.set_tag(self.run_id(model, version), "mlflow.note.content", text)

    def describe_model(self, model: str, text: str) -> None:
        self.client.update_registered_model(model, text)

    def name_run(self, model: str, name: str, version: int | None = None) -> None:
        import mlflow

        under_way = mlflow.active_run()
        if version is not None:
            self.client.update_run(self.run_id(model, version), name=name)
        elif under_way is not None:
            self.client.update_run(under_way.info.run_id, name=name)

    def log_files(
        self, model: str, version: int, files: Mapping[str, bytes], run: str | None = None
    ) -> None:
        run = run or self.run_id(model, version)
        here = self._artifacts_of(model, run)
        with tempfile.TemporaryDirectory() as folder:
            root = here if here.is_dir() else Path(folder)
            for name, content in files.items():
                place = root / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            if root != here:
                self.client.log_artifacts(run, folder)

    def run_page(self, model: str, run_id: str, ui: str, part: str = "") -> str:
        """Address of a run's page, or of a part of it, in the MLflow UI at `ui`."""
        experiment = self.experiment(model)
        if experiment is None:
            raise RegistryError(f"no MLflow experiment {model}")
        return f"{ui}/#/experiments/{experiment}/runs/{run_id}{part}?{VIEW}"

    def alias(self, model: str, alias: str) -> int | None:
        from mlflow.exceptions import MlflowException

        try:
            found = self.client.get_model_version_by_alias(model, f"{self._alias_prefix}{alias}")
        except MlflowException as error:
            # So MLflow says that a model has no such alias; of a missing model it is another code.
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            return None
        return int(found.version)

    def set_alias(self, model: str, alias: str, version: int) -> None:
        with self._naming(model, version):
            if self.alias(model, alias) != version:
                name = f"{self._alias_prefix}{alias}"
                self.client.set_registered_model_alias(model, name, str(version))

    def remove_alias(self, model: str, alias: str, version: int) -> None:
        if self.alias(model, alias) == version:
            self.client.delete_registered_model_alias(model, f"{self._alias_prefix}{alias}")


def _dataset(model: str, split: Split, columns: list[dict[str, Any]]) -> "DatasetInput":
    """A split as an input of a run: where it lies, and its columns; nothing is read or copied."""
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

    dataset = Dataset(
        f"{model} {split.name}",
        split.digest[:DIGEST_LENGTH],
        "local",
        json.dumps({"uri": split.source}),
        json.dumps({"mlflow_colspec": columns}),
        json.dumps({"num_rows": split.rows}),
    )
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, split.name)])


@contextmanager
def _about(model: str, version: int, problem: str, *errors: type[Exception]) -> Iterator[None]:
    """Some errors as one that names the version and the problem."""
    try:
        yield
    except errors as error:
        raise RegistryError(f"version {version} of {model} {problem}: {error}") from error
