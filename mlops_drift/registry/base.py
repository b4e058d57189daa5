"""What a registry of versions is, and what it keeps of a version."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from mlops_drift.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from mlops_drift.learning.compiled.form import Form
    from mlops_drift.schema.columns import Target

# The newest version that asks for promotion; none once it is promoted or rejected.
CHALLENGER = "challenger"
CHAMPION = "champion"
PREVIOUS = "previous"

# Everything that a version's predictions depend on besides this project's own code.
LIBRARIES = ("scikit-learn", "lightgbm", "optuna", "pandas", "numpy", "scipy")


def environment_tag(environment: str) -> str:
    """Name of the tag of a version that an environment has trained or found."""
    return f"environment_{environment}"


def registry_lock(model: str) -> str:
    """Name of the lock that whoever registers or moves versions of a model holds."""
    return f"registry-{model}"


def training_lock(model: str) -> str:
    """Name of the lock that whoever trains a model holds, before that of the registry."""
    return f"training-{model}"


def run_name(day: date, cause: str, version: int | None = None) -> str:
    """The name of the run of a training: its version, its as-of day, and why it began.

    >>> run_name(date(2024, 10, 5), "performance_drop", 3)
    'v3 2024-10-05 performance_drop'
    """
    return f"v{version} {day} {cause}" if version else f"{day} {cause}"


# The compiled form of a version, the tag with its digest, and the gate that proves it.
COMPILED = "compiled.json"
COMPILED_TAG, COMPILED_GATE = "compiled", "compiled_equal"

# The tag that remembers what gates have proven of the stored bytes of a version.
PROVEN_TAG = "proven"

# What the gates of a version found, among the files of its training.
GATES_FILE = "gates/gates.json"

# What a version is and what it was made by, in full, among the files of its training; its tags are
# what it is found by, and what people read.
VERSION_FILE = "version.json"


def proofs_of(tags: Mapping[str, str]) -> dict[str, Any]:
    """What gates have proven of a version, by gate, and `of` which bytes: their digest.

    >>> proofs_of({PROVEN_TAG: '{"of": "1f", "batch_latency": 5.8}'})
    {'of': '1f', 'batch_latency': 5.8}
    """
    found: dict[str, Any] = json.loads(tags.get(PROVEN_TAG, "{}"))
    return found


class RegistryError(UserError):
    """The registry cannot give or take a version."""


@dataclass(frozen=True)
class Split:
    """A split of the training set of a version: `train` or `test`.

    The registry only names it: the digest is that of the set, the source its folder.
    """

    name: str
    digest: str
    source: str
    rows: int


@dataclass(frozen=True)
class VersionPackage:
    """What is logged and registered with a new version.

    The signature is that of a few rows of features and of the pipeline's output for them. The same
    identity is the same version. Tables are files by name, as JSON-ready content.
    """

    pipeline: "Pipeline"
    example: "pd.DataFrame"
    output: "pd.Series[Any]"
    identity: Mapping[str, str]
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tables: Mapping[str, Any]
    splits: Sequence[Split] = ()


@dataclass(frozen=True)
class Artifact:
    """What is stored of a version's model: its bytes, their SHA-256, and the declared inputs."""

    size: int
    digest: str
    signature: tuple[str, ...] | None


class VersionRegistry(ABC):
    """Versions of models, numbered from 1 in the order of their registration.

    Every method that reads a version raises a `RegistryError` if there is no such version.
    """

    def __init__(self) -> None:
        self._proven: dict[tuple[str, int], Form] = {}

    def proven_form(self, model: str, version: int) -> "Form | None":
        """The compiled form of a version, if the gate has proven that it predicts the same.

        Raises:
            RegistryError: if it is not what was registered and proven.
        """
        if (model, version) not in self._proven:
            tags = self.tags(model, version)
            if not tags.get(COMPILED_TAG) or COMPILED_GATE not in proofs_of(tags):
                return None
            self._proven[model, version] = self.compiled_form(model, version, tags[COMPILED_TAG])
        return self._proven[model, version]

    def compiled_form(self, model: str, version: int, digest: str) -> "Form":
        """The compiled form of a version, whose digest is in its tag `compiled`."""
        from mlops_drift.learning.compiled.form import Form

        try:
            form = Form.from_plain(self.read_json(model, version, COMPILED))
        except (KeyError, TypeError) as error:
            raise RegistryError(f"{COMPILED} of version {version} of {model} is damaged") from error
        if form.digest != digest:
            raise RegistryError(
                f"{COMPILED} of version {version} of {model} was changed: its digest is "
                f"{form.digest}, registered was {digest}; restore it from a copy"
            )
        return form

    @abstractmethod
    def prepare(self, model: str) -> None:
        """Makes what the versions of a model need, once."""

    @abstractmethod
    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Lets one process at a time do what is named."""

    @contextmanager
    def closed(self, model: str) -> Iterator[None]:
        """Nobody trains, registers or moves versions of a model meanwhile."""
        with self.lock(training_lock(model)), self.lock(registry_lock(model)):
            yield

    @abstractmethod
    def find(self, model: str, identity: Mapping[str, str]) -> int | None:
        """The version made from exactly this, if there is one."""

    @abstractmethod
    def register(self, model: str, package: VersionPackage) -> int:
        """Keeps a new version; returns its number."""

    @abstractmethod
    def pipeline(self, model: str, version: int) -> "Pipeline":
        """The fitted pipeline of a version."""

    @abstractmethod
    def pickled(self, model: str, version: int) -> bytes:
        """The fitted pipeline of a version as it is stored."""

    @abstractmethod
    def artifact(self, model: str, version: int) -> Artifact:
        """What is stored of a version's model."""

    @abstractmethod
    def fresh_predictions(
        self, model: str, version: int, target: "Target", features: "pd.DataFrame"
    ) -> "pd.DataFrame":
        """Prediction and score for some rows once the stored model is loaded anew."""

    @abstractmethod
    def tags(self, model: str, version: int) -> dict[str, str]:
        """The tags of a version."""

    @abstractmethod
    def set_tag(self, model: str, version: int, name: str, value: str) -> None:
        """Sets a tag of a version."""

    @abstractmethod
    def params(self, model: str, version: int) -> dict[str, str]:
        """The hyperparameters of a version and its seed."""

    @abstractmethod
    def version_page(self, model: str, version: int, ui: str) -> str | None:
        """Address of a version's page in the UI of the registry at `ui`; None without one."""

    @abstractmethod
    def file_page(self, model: str, version: int, name: str, ui: str) -> str | None:
        """Address of a file of `log_files` in the UI of the registry; None without one."""

    @abstractmethod
    def run_id(self, model: str, version: int) -> str:
        """The run that trained a version."""

    @abstractmethod
    def read_json(self, model: str, version: int, name: str, run: str | None = None) -> Any:
        """A file of JSON that was logged with a version, read; `run` is its `run_id` if known."""

    @abstractmethod
    def describe(self, model: str, version: int, text: str) -> None:
        """Sets what people read about a version and its run, in Markdown."""

    @abstractmethod
    def describe_model(self, model: str, text: str) -> None:
        """Sets what people read about a model, in Markdown."""

    @abstractmethod
    def name_run(self, model: str, name: str, version: int | None = None) -> None:
        """Names the run that trained a version, or the one under way in this process, if any."""

    @abstractmethod
    def log_files(
        self, model: str, version: int, files: Mapping[str, bytes], run: str | None = None
    ) -> None:
        """Adds files to what is kept of the training of a version, or replaces them.

        `run` is its `run_id` where that is known, and saves the question.
        """

    @abstractmethod
    def alias(self, model: str, alias: str) -> int | None:
        """The version that an alias points to."""

    @abstractmethod
    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Points an alias to a version, if it does not already."""

    @abstractmethod
    def remove_alias(self, model: str, alias: str, version: int) -> None:
        """Takes an alias off a version, if it points to that one."""
