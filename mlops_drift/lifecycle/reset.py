"""What of a model is stored, and its removal as a whole: the model can start again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.report_files import current_report, headline_file, kept_reports
from mlops_drift.registry.artifacts import Artifacts, Training
from mlops_drift.registry.registry import Registry
from mlops_drift.registry.studies import Studies
from mlops_drift.serving.log.segments import LOG, is_attended, unshipped
from mlops_drift.store import disk


@dataclass(frozen=True)
class Belongings:
    """What a model has in this environment: counts, names, and bytes of tables, sets and artifacts.

    Versions that another environment has too stay, with its name; the runs are those of the
    others, and of trainings without a version. Unshipped are bytes of the log of its service that
    are in no table.
    """

    rows: int
    tables: int
    sets: int
    set_files: int
    versions: tuple[int, ...]
    runs: tuple[str, ...]
    artifacts: int
    studies: tuple[str, ...]
    unshipped: int
    kept: dict[int, str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing."""
        stored = self.tables or self.set_files or self.unshipped
        return not (stored or self.versions or self.runs or self.studies)


def find_belongings(model: ModelContext, studies: Studies) -> Belongings:
    """Finds what there is and changes nothing."""
    store, artifacts = model.store, _artifacts(model)
    kept = artifacts.elsewhere(settings.environment())
    trainings = _trainings(artifacts, kept)
    versions = sorted(int(one.version) for one in artifacts.versions())
    tables = {f"t{number}": table for number, table in enumerate(store.tables)}
    each = " UNION ALL ".join(f"SELECT count(*) AS n FROM {name}" for name in tables)
    [counted] = store.lake.rows(f"SELECT sum(n)::BIGINT AS n FROM ({each})", **tables)
    return Belongings(
        rows=counted["n"],
        tables=sum(map(disk.size_of, _table_folders(model))),
        sets=len(store.training_sets.ids()),
        set_files=disk.size_of(store.training_sets.folder),
        versions=tuple(version for version in versions if version not in kept),
        runs=tuple(one.run for one in trainings),
        artifacts=sum(disk.size_of(folder) for one in trainings for folder in one.folders),
        studies=tuple(studies.names(model.spec.name)),
        unshipped=unshipped(_serving_folder(model) / LOG, time.time()).bytes,
        kept=kept,
    )


def remove_belongings(model: ModelContext, studies: Studies, first: Callable[[], None]) -> None:
    """Removes all of it while nobody trains or promotes; `first` is called before.

    If this is interrupted, the next call removes what is left.

    Raises:
        UserError: if a service of the model runs, which would answer on.
    """
    artifacts = _artifacts(model)
    with artifacts.registry.closed(model.spec.name):
        first()
        _require_no_service(model)
        kept = artifacts.elsewhere(settings.environment())
        for training in _trainings(artifacts, kept):
            for folder in training.folders:
                disk.remove(folder)
            artifacts.forget(training.run)
        artifacts.unlist_all(kept)
        for study in studies.names(model.spec.name):
            studies.remove(study)
        own = [] if kept else [artifacts.folder]
        stored = model.store.training_sets.folder, *_table_folders(model)
        for folder in (*stored, _serving_folder(model), *own):
            if folder.is_dir():
                disk.remove(folder)
        for report in _reports(model):
            disk.remove(report)


def _artifacts(model: ModelContext) -> Artifacts:
    if not isinstance(model.registry, Registry):
        raise TypeError("only a model with versions in MLflow can be reset")
    return Artifacts(model.registry, model.spec.name)


def _serving_folder(model: ModelContext) -> Path:
    return settings.serving_root() / model.spec.name


def _reports(model: ModelContext) -> list[Path]:
    name = model.spec.name
    kept = kept_reports(name).values()
    return [*kept, current_report(name), headline_file(name)]


def _require_no_service(model: ModelContext) -> None:
    if is_attended(_serving_folder(model)):
        raise UserError(f"a service of {model.spec.name} runs; end it, and reset the model then")


def _table_folders(model: ModelContext) -> list[Path]:
    return [disk.folder_of(model.store.lake.root, table) for table in model.store.tables]


def _trainings(artifacts: Artifacts, kept: dict[int, str]) -> list[Training]:
    """The runs that are not those of versions that stay, and of which something is left."""
    staying = {one.run_id for one in artifacts.versions() if int(one.version) in kept}
    runs = (one for one in artifacts.trainings() if one.run not in staying)
    return [one for one in runs if one.is_left or not one.deleted]
