"""What the versions of a model take up in MLflow, and how it is deleted.

MLflow only marks what is deleted, and never gives the number of a version again.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from mlops_drift.registry.base import CHALLENGER, CHAMPION, PREVIOUS, environment_tag
from mlops_drift.registry.registry import Registry
from mlops_drift.settings import Environment, alias_prefix

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

# Below the model's folder of artifacts, beside a folder for each run.
MODELS = "models"

UNDER_WAY = ("RUNNING", "SCHEDULED")


@dataclass(frozen=True)
class Training:
    """A run, with everything it left: the folders of its artifacts and of the models it logged.

    Active is one that is under way, deleted one that MLflow has marked so; it started at so many
    milliseconds. It is left if MLflow lists its models, or any of the folders is there.
    """

    run: str
    active: bool
    deleted: bool
    started: int
    is_left: bool
    folders: tuple[Path, ...]


class Artifacts:
    """The artifacts of one model's versions, all of which lie below a folder."""

    def __init__(self, registry: Registry, model: str) -> None:
        self.registry, self._model = registry, model
        self.folder = registry.artifact_root / model

    def versions(self) -> "list[ModelVersion]":
        """The versions that the registry lists."""
        if not self.registry.exists:
            return []
        search = self.registry.client.search_model_versions
        return list(_pages(lambda token: search(f"name = '{self._model}'", page_token=token)))

    def aliases(self) -> dict[str, int]:
        """The versions that aliases point to, by alias."""
        if not self.registry.exists:
            return {}
        found = self.registry.client.search_registered_models(f"name = '{self._model}'")
        return {alias: int(number) for one in found for alias, number in one.aliases.items()}

    def elsewhere(self, environment: str) -> dict[int, str]:
        """The versions that another environment knows too, with one such environment."""
        others = [name for name in get_args(Environment) if name != environment]
        found = ((int(one.version), one.tags) for one in self.versions())
        return {v: name for v, tags in found for name in others if environment_tag(name) in tags}

    def trainings(self) -> list[Training]:
        """All runs, also those marked as deleted, by their start."""
        from mlflow.entities import ViewType

        experiment = self.registry.experiment(self._model)
        if experiment is None:
            return []
        search, logged = self.registry.client.search_runs, self._logged(experiment)
        runs = _pages(lambda at: search([experiment], run_view_type=ViewType.ALL, page_token=at))
        found = [self._training(run, logged.get(run.info.run_id, [])) for run in runs]
        return sorted(found, key=lambda training: training.started)

    def _training(self, run: "Run", logged: list[str]) -> Training:
        about = run.info
        # A kill may have left a model that its run does not name yet.
        outputs = {one.model_id for one in run.outputs.model_outputs} if run.outputs else set()
        models = (self.folder / MODELS / model for model in sorted({*outputs, *logged}))
        folders = tuple(place for place in (self.folder / about.run_id, *models) if place.is_dir())
        return Training(
            about.run_id,
            about.status in UNDER_WAY,
            about.lifecycle_stage == "deleted",
            about.start_time,
            bool(logged or folders),
            folders,
        )

    def _logged(self, experiment: str) -> dict[str, list[str]]:
        """The logged models that are not deleted, by run."""
        search = self.registry.client.search_logged_models
        logged: dict[str, list[str]] = {}
        for one in _pages(lambda token: search([experiment], page_token=token)):
            logged.setdefault(str(one.source_run_id), []).append(one.model_id)
        return logged

    def unlist(self, version: int) -> None:
        """Takes a version out of the registry, if it is there."""
        if version in {int(one.version) for one in self.versions()}:
            self.registry.client.delete_model_version(self._model, str(version))

    def unlist_all(self, kept: Collection[int]) -> None:
        """Takes all versions but some out; where none stays, the model too, and its numbers."""
        for one in self.versions():
            if int(one.version) not in kept:
                self.unlist(int(one.version))
        client = self.registry.client if self.registry.exists else None
        if not client or not client.search_registered_models(f"name = '{self._model}'"):
            return
        if not kept:
            client.delete_registered_model(self._model)
        else:
            for alias in (CHALLENGER, CHAMPION, PREVIOUS):
                client.delete_registered_model_alias(self._model, f"{alias_prefix()}{alias}")

    def forget(self, run: str) -> None:
        """Marks a run, and the models that it logged, as deleted."""
        experiment = self.registry.experiment(self._model)
        if experiment is None:
            return
        client = self.registry.client
        for model in self._logged(experiment).get(run, []):
            client.delete_logged_model(model)
        if client.get_run(run).info.lifecycle_stage != "deleted":
            client.delete_run(run)


def _pages(ask: Callable[[str | None], Any]) -> Iterator[Any]:
    page = ask(None)
    yield from page
    while page.token:
        page = ask(page.token)
        yield from page
