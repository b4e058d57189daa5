"""What of a model is stored, and its removal as a whole: the model can start again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.registry.artifacts import Artifacts, Training
from mlops_drift.registry.base import registry_lock
from mlops_drift.registry.registry import Registry
from mlops_drift.registry.studies import Studies
from mlops_drift.store import disk


@dataclass(frozen=True)
class Belongings:
    """What a model has in this environment.

    Attributes:
        rows: rows of all tables.
        tables: bytes of their files.
        sets: training sets.
        set_files: bytes of the training sets and baselines.
        versions: registered versions that no other environment has.
        runs: MLflow runs of these, and of trainings without a version.
        artifacts: bytes of their artifacts.
        studies: names of the searches.
        kept: versions that stay because another environment has them, with its name.
    """

    rows: int
    tables: int
    sets: int
    set_files: int
    versions: tuple[int, ...]
    runs: tuple[str, ...]
    artifacts: int
    studies: tuple[str, ...]
    kept: dict[int, str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.tables or self.set_files or self.versions or self.runs or self.studies)


def find_belongings(model: ModelContext, studies: Studies) -> Belongings:
    """Looks what there is; nothing is changed."""
    store, artifacts = model.store, _artifacts(model)
    folders = _table_folders(model)
    kept = artifacts.elsewhere(settings.environment())
    trainings = _trainings(artifacts, kept)
    return Belongings(
        rows=sum(
            store.lake.query("SELECT count(*) AS n FROM t", t=table)["n"][0].as_py()
            for table in store.tables
        ),
        tables=sum(map(disk.size_of, folders)),
        sets=len(store.training_sets.ids()),
        set_files=disk.size_of(store.training_sets.folder),
        versions=tuple(
            sorted(int(one.version) for one in artifacts.versions() if int(one.version) not in kept)
        ),
        runs=tuple(one.run for one in trainings),
        artifacts=sum(disk.size_of(folder) for one in trainings for folder in one.folders),
        studies=tuple(studies.names(model.spec.name)),
        kept=kept,
    )


def remove_belongings(model: ModelContext, studies: Studies, first: Callable[[], None]) -> None:
    """Removes it under the registry's lock; what a kill leaves goes with the next call.

    Args:
        model: the model.
        studies: the searches.
        first: called under the lock, before anything goes.
    """
    artifacts = _artifacts(model)
    with artifacts.registry.lock(registry_lock(model.spec.name)):
        first()
        kept = artifacts.elsewhere(settings.environment())
        for training in _trainings(artifacts, kept):
            for folder in training.folders:
                disk.remove(folder)
            artifacts.forget(training.run)
        artifacts.unlist_all(kept)
        if not kept and artifacts.folder.is_dir():
            disk.remove(artifacts.folder)
        for study in studies.names(model.spec.name):
            studies.remove(study)
        for folder in (model.store.training_sets.folder, *_table_folders(model)):
            if folder.is_dir():
                disk.remove(folder)


def _artifacts(model: ModelContext) -> Artifacts:
    if not isinstance(model.registry, Registry):
        raise TypeError("only a model with versions in MLflow is reset")
    return Artifacts(model.registry, model.spec.name)


def _table_folders(model: ModelContext) -> list[Path]:
    root = Path(model.store.lake.root)
    return [root / table.folder for table in model.store.tables]


def _trainings(artifacts: Artifacts, kept: dict[int, str]) -> list[Training]:
    """The runs that are not those of versions that stay, and are not gone already."""
    staying = {str(one.run_id) for one in artifacts.versions() if int(one.version) in kept}
    return [
        one
        for one in artifacts.trainings()
        if one.run not in staying and (not one.deleted or one.is_left)
    ]
