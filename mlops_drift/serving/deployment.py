"""What a publisher leaves for the workers of a model: versions as folders, and who serves.

Below the model's folder `versions/<version>-<digest>/` holds all that answering by a version takes,
written once; `current.json` names the folder that serves from a moment on, and is replaced at once.
"""

import os
from pathlib import Path

import msgspec

from mlops_drift.learning.compiled.base import Value
from mlops_drift.learning.compiled.form import Form
from mlops_drift.learning.compiled.scorer import CompiledScorer
from mlops_drift.serving.description import Description
from mlops_drift.serving.pipeline_scorer import PipelineScorer
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.serving.rules.evaluate import Rules
from mlops_drift.serving.service import LoadedVersion, ScorerKind
from mlops_drift.store.write_once import CorruptionError, read_folder

VERSIONS, CURRENT, PUBLISHER, LOG = "versions", "current.json", "publisher.json", "log"

# The files of a version's folder.
DESCRIPTION, SAMPLE = "description.json", "sample.json"
COMPILED, PIPELINE = "compiled.json", "pipeline.pkl"

REMEDY = "remove the folder, and the publisher writes it again"


class DeploymentError(Exception):
    """A version cannot answer in this process; the message says why."""


class Current(msgspec.Struct, frozen=True):
    """Who serves.

    Attributes:
        folder: of the version, below `versions`.
        promotion: the number of the promotion by which it serves.
        at: since when, in microseconds since 1970; workers change at that moment.
    """

    folder: str
    version: int
    promotion: int
    at: int


class PublisherState(msgspec.Struct, frozen=True):
    """When the publisher last looked who serves, in microseconds, and what keeps it from that."""

    at: int
    problem: str | None = None


class Sample(msgspec.Struct, frozen=True):
    """Rows of the test split, and what the version predicted of them when it was tested."""

    rows: list[dict[str, Value]]
    answers: list[ModelAnswer]


def write(place: Path, content: msgspec.Struct) -> None:
    """Replaces a file at once."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}-{os.getpid()}")
    part.write_bytes(msgspec.json.encode(content))
    part.replace(place)


def read_current(folder: Path) -> Current | None:
    """Who serves a model; None where nobody has been named yet."""
    try:
        return msgspec.json.decode((folder / CURRENT).read_bytes(), type=Current)
    except FileNotFoundError:
        return None


def read_publisher(folder: Path) -> PublisherState | None:
    """How the publisher of a model is; None where there has been none."""
    try:
        return msgspec.json.decode((folder / PUBLISHER).read_bytes(), type=PublisherState)
    except FileNotFoundError:
        return None


def load(folder: Path, current: Current) -> LoadedVersion:
    """A version that has proven in this very process that it predicts as it was tested.

    Raises:
        DeploymentError: if its folder is damaged, or it predicts anything else.
    """
    try:
        files = read_folder(folder / VERSIONS / current.folder, REMEDY)
        description = msgspec.json.decode(files[DESCRIPTION], type=Description)
        sample = msgspec.json.decode(files[SAMPLE], type=Sample)
    except (OSError, KeyError, CorruptionError, msgspec.MsgspecError) as error:
        raise DeploymentError(f"version {current.version} cannot be loaded: {error}") from error
    kind: ScorerKind = "compiled" if COMPILED in files else "pipeline"
    try:
        if kind == "compiled":
            form = Form.from_plain(msgspec.json.decode(files[COMPILED]))
            scorer: CompiledScorer | PipelineScorer = CompiledScorer(form)
        else:
            place = folder / VERSIONS / current.folder / PIPELINE
            scorer = PipelineScorer(place, description)
        found = [ModelAnswer(*one) for one in scorer.score(sample.rows)]
    # Whatever a version does here it would do to requests.
    except Exception as error:
        raise DeploymentError(f"version {current.version} cannot score: {error}") from error
    if different := sum(map(ModelAnswer.__ne__, found, sample.answers)):
        raise DeploymentError(
            f"version {current.version} predicts {different} of {len(found)} test rows otherwise "
            "than when it was tested; see whether LightGBM or the machine is another one"
        )
    rules = Rules.from_plain(description.rules) if description.rules else None
    return LoadedVersion(current.version, description, scorer, kind, rules=rules)
