"""What a publisher leaves for the workers of a model: versions as folders, and who serves.

Below the model's folder `versions/<version>-<digest>/` holds all that answering by a version takes,
written once, and `windows/<day>-<commits>/` the past that events of a day look at; `current.json`
names those that serve from a moment on, and is replaced at once.
"""

from datetime import datetime, time
from operator import ne
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from mlops_drift.errors import UserError
from mlops_drift.learning.compiled.base import Value
from mlops_drift.learning.compiled.form import Form
from mlops_drift.learning.compiled.scorer import CompiledScorer
from mlops_drift.schema.numbers import is_rounding
from mlops_drift.serving.description import Description
from mlops_drift.serving.pipeline_scorer import PipelineScorer
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.serving.rows import EPOCH, Row
from mlops_drift.serving.rules.evaluate import Rules
from mlops_drift.serving.service import Derive, LoadedVersion
from mlops_drift.store.write_once import read_folder

if TYPE_CHECKING:
    from mlops_drift.serving.online import OnlineDerivation

VERSIONS, WINDOWS = "versions", "windows"
CURRENT, PUBLISHER = "current.json", "publisher.json"

# The files of a version's folder.
DESCRIPTION, SAMPLE = "description.json", "sample.json"
COMPILED, PIPELINE = "compiled.json", "pipeline.pkl"
# Of a model with derived columns, how they are made of a single event.
QUERY = "online.json"

REMEDY = "remove the folder, and the publisher writes it again"


_Kind = TypeVar("_Kind", bound=msgspec.Struct)


class DeploymentError(Exception):
    """A version cannot answer in this process; the message says why."""


class Current(msgspec.Struct, frozen=True):
    """Who serves.

    Attributes:
        folder: of the version, below `versions`.
        promotion: the number of the promotion by which it serves.
        at: since when, in microseconds since 1970; workers change at that moment.
        window: the folder of the past that events look at, below `windows`; None if at none.
    """

    folder: str
    version: int
    promotion: int
    at: int
    window: str | None = None


class PublisherState(msgspec.Struct, frozen=True):
    """When the publisher last looked who serves, in microseconds, and what keeps it from that."""

    at: int
    problem: str | None = None


class Sample(msgspec.Struct, frozen=True):
    """Rows of the test split, and what the version predicted of them when it was tested."""

    rows: list[dict[str, Value]]
    answers: list[ModelAnswer]


def write(place: Path, content: msgspec.Struct) -> None:
    """Replaces a file at once; nobody else may do so at the same time."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}")
    part.write_bytes(msgspec.json.encode(content))
    try:
        part.replace(place)
    except OSError:
        part.unlink()
        raise


def read_current(folder: Path) -> Current | None:
    """Who serves a model; None where nobody has been named yet, or it cannot be read."""
    return _read(folder / CURRENT, Current)


def read_publisher(folder: Path) -> PublisherState | None:
    """How the publisher of a model is; None where there has been none, or it cannot be read."""
    return _read(folder / PUBLISHER, PublisherState)


def _read(place: Path, kind: type[_Kind]) -> _Kind | None:
    try:
        return msgspec.json.decode(place.read_bytes(), type=kind)
    # The publisher writes it again, or says what keeps it from that.
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _differs(one: ModelAnswer, other: ModelAnswer) -> bool:
    """Whether two answers differ in more than the last digits."""
    return not is_rounding(msgspec.structs.astuple(one), msgspec.structs.astuple(other))


def load(folder: Path, current: Current) -> LoadedVersion:
    """A version that has proven in this very process that it predicts as it was tested.

    Raises:
        DeploymentError: if its folder is damaged, or it predicts anything else.
    """
    number = current.version
    try:
        files = read_folder(folder / VERSIONS / current.folder, REMEDY)
        description = msgspec.json.decode(files[DESCRIPTION], type=Description)
        sample = msgspec.json.decode(files[SAMPLE], type=Sample)
        online = _online(folder, current, files.get(QUERY))
    except (OSError, KeyError, UserError, msgspec.MsgspecError) as error:
        raise DeploymentError(f"version {number} cannot be loaded: {error}") from error
    try:
        scorer: CompiledScorer | PipelineScorer
        if COMPILED in files:
            scorer = CompiledScorer(Form.from_plain(msgspec.json.decode(files[COMPILED])))
        else:
            place = folder / VERSIONS / current.folder / PIPELINE
            scorer = PipelineScorer(place, description)
        found = [ModelAnswer(*one) for one in scorer.score(sample.rows)]
    # Whatever a version does here it would do to requests.
    except Exception as error:
        raise DeploymentError(f"version {number} cannot score: {error}") from error
    if different := sum(map(_differs if description.rounds else ne, found, sample.answers)):
        raise DeploymentError(
            f"version {number} predicts {different} of {len(found)} test rows otherwise than when "
            "it was tested; see whether LightGBM or the machine is another one"
        )

    zone = ZoneInfo(description.time_zone)

    def close() -> None:
        if online is not None:
            online.close()
        if isinstance(scorer, PipelineScorer):
            scorer.close()

    return LoadedVersion(
        number,
        description,
        scorer,
        "compiled" if COMPILED in files else "pipeline",
        derive=_derive(online, zone) if online else None,
        since=datetime.combine(online.since, time.min, zone) if online and online.since else EPOCH,
        rules=Rules.from_plain(description.rules) if description.rules else None,
        close=close,
    )


def _online(folder: Path, current: Current, query: bytes | None) -> "OnlineDerivation | None":
    if query is None:
        return None
    # Its database takes memory that a version without derived columns does not need.
    from mlops_drift.serving.online import OnlineDerivation, OnlineQuery
    from mlops_drift.serving.window import Window

    window = Window.load(folder / WINDOWS / current.window) if current.window else None
    return OnlineDerivation(OnlineQuery(**msgspec.json.decode(query)), window)


def _derive(online: "OnlineDerivation", zone: ZoneInfo) -> Derive:
    def derive(row: Row) -> dict[str, Value]:
        day = datetime.fromtimestamp(row.event_time / 1e6, zone).date()
        return online.derive(row.values, row.key, row.event_time, day)

    return derive
