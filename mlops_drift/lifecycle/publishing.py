"""Hands versions over to the workers of a service: files that say who serves, and how."""

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.learning.compiled.base import Value
from mlops_drift.learning.families.registry import SHIPPED
from mlops_drift.pipeline.online import export_window, online_query
from mlops_drift.pipeline.online_proof import prove_online
from mlops_drift.schema.columns import Column
from mlops_drift.serving.deployment import (
    COMPILED,
    CURRENT,
    DESCRIPTION,
    PIPELINE,
    QUERY,
    REMEDY,
    SAMPLE,
    VERSIONS,
    WINDOWS,
    Current,
    Sample,
    read_current,
    write,
)
from mlops_drift.serving.description import (
    DerivedColumn,
    Description,
    ServedTarget,
    SourceColumn,
)
from mlops_drift.serving.online import OnlineQuery
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.serving.window import Window
from mlops_drift.sql import identifier
from mlops_drift.store import disk
from mlops_drift.store.records import Promotion
from mlops_drift.store.write_once import WRITING, read_folder, write_folder

# Test rows by which a worker proves that it predicts as the version was tested.
SAMPLED = 50

# By then all workers have loaded a version that is named: a pipeline imports libraries first.
NOTICE_SECONDS, PIPELINE_NOTICE_SECONDS = 1.0, 5.0

# Folders of those that were named last stay: a worker that cannot load the newest answers by the
# version before, whose process may have to be begun again. It has opened its window already.
KEPT_VERSIONS, KEPT_WINDOWS = 3, 2

# The query of derived columns that was proven last, and the days before the last by which it is.
PROVEN = "proven-query"
PROVEN_DAYS = timedelta(days=30)


def serves_at(promotions: list[Promotion], moment: datetime, time_zone: str) -> Promotion | None:
    """The promotion by which a live service serves at a moment (UTC).

    That is the last one of a day before, in the model's time zone, or dated to the second.
    """
    today = moment.astimezone(ZoneInfo(time_zone)).date()
    return next((one for one in reversed(promotions) if one.at or one.as_of < today), None)


class Publisher:
    """Names the version of a model that serves, and writes its files for the workers.

    There is one at a time for a folder. A `FeatureError` if features.sql reads the past, and
    nothing tells of which entity.

    Args:
        folder: of the model, below `settings.serving_root`.
        clock: seconds since 1970.
    """

    def __init__(
        self, model: ModelContext, folder: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._declared, self._folder, self._clock = model, folder, clock
        self._known_as(model)
        self._named: Current | None = None
        # A folder was written that no name tells the workers of yet.
        self._has_written = False

    def _known_as(self, model: ModelContext) -> None:
        """Publishes a version by what it knows of the columns."""
        self._model, self._query = model, online_query(model.spec)

    def publish(self) -> Current | None:
        """Names who serves now, and writes the files of that version if they are not there.

        Returns:
            Who serves; None where no version does.

        Raises:
            UserError: if the version cannot be read, or its derived columns cannot be made of
                single events; who served until then still does.
        """
        spec, moment = self._declared.spec, datetime.fromtimestamp(self._clock(), UTC)
        promotions = self._declared.store.versions.promotions()
        promoted = serves_at(promotions, moment, spec.timezone)
        before = read_current(self._folder)
        if promoted is None:
            if before is not None:
                raise UserError(
                    f"the lake has no promotion of {spec.name}, and version {before.version} is "
                    "served: see whether the lake is where it was; after a reset remove "
                    f"{self._folder / CURRENT}"
                )
            return None
        if (known := self._declared.of_version(promoted.version)) is not self._model:
            self._known_as(known)
        window = self._window(moment.astimezone(ZoneInfo(spec.timezone)).date())
        wanted = (promoted.number, window)
        is_wanted = before is not None and (before.promotion, before.window) == wanted
        is_known = before == self._named and not self._has_written
        if before and is_known and is_wanted and self._is_sound(before):
            return before
        folder = self._write(promoted.version)
        current = self._name(Current(folder, promoted.version, promoted.number, 0, window), before)
        self._forget(VERSIONS, {folder, before.folder if before else None}, KEPT_VERSIONS)
        self._forget(WINDOWS, {window, before.window if before else None}, KEPT_WINDOWS)
        return current

    def _name(self, current: Current, before: Current | None) -> Current:
        """Names who serves, with notice for all workers to change at the same moment."""
        place = self._folder / VERSIONS / current.folder
        notice = NOTICE_SECONDS if (place / COMPILED).exists() else PIPELINE_NOTICE_SECONDS
        # The first version has no worker to wait for.
        at = int(1e6 * (self._clock() + (notice if before else 0.0)))
        is_same = before is not None and msgspec.structs.replace(before, at=0) == current
        if before and is_same and before.at <= at and not self._has_written:
            current = before
        else:
            current = msgspec.structs.replace(current, at=at)
            write(self._folder / CURRENT, current)
            os.utime(place)
        self._has_written, self._named = False, current
        return current

    def _window(self, day: date) -> str | None:
        """The folder of the past that events of a day look at, as it is now; None if at none."""
        query, store = self._query, self._model.store
        if query is None or not query.needs_window:
            return None
        tables = store.tables.events, store.tables.labels
        commits = "-".join(str(store.lake.last_commit(table)) for table in tables)
        place = self._folder / WINDOWS / f"{day}-{commits}"
        self._require(place, Window.load, lambda made: export_window(self._model, day, made))
        return place.name

    def _prove(self, query: OnlineQuery) -> None:
        """Requires that single events get the derived columns that their days have, once a query.

        Raises:
            FeatureError: if one gets another value.
        """
        store, place = self._model.store, self._folder / PROVEN
        digest = sha256(msgspec.json.encode(query)).hexdigest().encode()
        if place.is_file() and place.read_bytes() == digest:
            return
        last = store.landing.last_events(date.max) or self._model.spec.start_date
        landed = store.landing.landed_days("events", last - PROVEN_DAYS, last)
        prove_online(self._model, sorted(landed))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(digest)

    def _require(
        self, place: Path, read: Callable[[Path], object], make: Callable[[Path], object]
    ) -> None:
        """Makes a folder anew that cannot be read as it was written; workers are to load it."""
        try:
            read(place)
        except (OSError, UserError):
            # Whatever happens meanwhile, the folder is one of the two.
            made = place.with_name(f"{WRITING}{place.name}")
            disk.remove(made)
            make(made)
            disk.remove(place)
            made.rename(place)
            self._has_written = True

    def _is_sound(self, current: Current) -> bool:
        try:
            read_folder(self._folder / VERSIONS / current.folder, REMEDY)
        except (OSError, UserError):
            return False
        return True

    def _write(self, version: int) -> str:
        """Writes the files of a version; the name of their folder."""
        files = _files(self._model, self._declared, version)
        if self._query is not None:
            self._prove(self._query)
            files[QUERY] = msgspec.json.encode(self._query)
        name = f"{version}-{_digest(files)}"
        self._require(
            self._folder / VERSIONS / name,
            lambda place: read_folder(place, REMEDY),
            lambda made: write_folder(made, files, {"version": version}, REMEDY),
        )
        return name

    def _forget(self, folder: str, keep: set[str | None], n: int) -> None:
        """Removes all but the `n` folders that were named last, and what a kill has left."""

        def order(place: Path) -> tuple[bool, float]:
            return place.name in keep, place.lstat().st_mtime

        hidden, places = (self._folder / folder).glob(".*"), (self._folder / folder).glob("[!.]*")
        for place in [*hidden, *sorted(places, key=order, reverse=True)[n:]]:
            disk.remove(place)


def _files(model: ModelContext, declared: ModelContext, version: int) -> dict[str, bytes]:
    """All that a worker needs to answer by a version, the model being as the version knows it."""
    set_id = model.store.versions.get(version).training_set
    # No version is promoted before a gate has proven its compiled form.
    compiled = model.store.training_sets.read_compiled(set_id, version)
    if compiled is None:
        scorer = {PIPELINE: model.registry.pickled(model.spec.name, version)}
    else:
        scorer = {COMPILED: compiled}
    sample = msgspec.json.encode(_sample(model, version))
    return {
        DESCRIPTION: msgspec.json.encode(describe(declared, version)),
        SAMPLE: sample,
        **scorer,
    }


def _digest(files: dict[str, bytes]) -> str:
    hasher = sha256()
    for name, content in sorted(files.items()):
        hasher.update(f"{name} {len(content)} ".encode() + content)
    return hasher.hexdigest()[:16]


def describe(model: ModelContext, version: int) -> Description:
    """What a worker knows of a model's description, with an example of a version's rows.

    The columns are those of the version. Others that are declared are accepted for the log, which
    later versions learn from. Rules about values that no row of the version has are left out.
    """
    known, declared = model.of_version(version), model.spec
    spec = known.spec
    target = spec.target
    further = {
        name: column.model_copy(update={"nullable": True})
        for name, column in declared.source_columns.items()
        if name not in spec.columns | spec.inputs
    }
    inputs = spec.inputs | further
    arriving = spec.columns | inputs
    rules = declared.rules.within(arriving).plain(arriving, target) if declared.rules else None
    return Description(
        name=spec.name,
        key=spec.key,
        key_type=spec.key_type,
        columns=_source_columns({n: c for n, c in spec.columns.items() if not c.derived}),
        inputs=_source_columns(inputs),
        derived={n: DerivedColumn(c.type, c.description) for n, c in spec.derived_columns.items()},
        target=ServedTarget(
            target.column,
            target.kind,
            tuple(target.classes) if target.classes else None,
            target.positive,
        ),
        example=_example(known, version) | dict.fromkeys(further),
        description=spec.description,
        time_zone=spec.timezone,
        rules=rules,
        rounds=model.store.versions.get(version).family not in SHIPPED,
    )


def _source_columns(columns: dict[str, Column]) -> dict[str, SourceColumn]:
    return {
        name: SourceColumn(
            it.type,
            it.nullable,
            it.min,
            it.max,
            tuple(it.allowed) if it.allowed else None,
            it.description,
        )
        for name, it in columns.items()
    }


def _example(model: ModelContext, version: int) -> dict[str, Value]:
    """The first row of the version's test split, as a request brings it."""
    store, spec = model.store, model.spec
    wanted = [spec.key, *(name for name in spec.source_columns if name not in spec.inputs)]
    tested = store.training_sets.read_test(store.versions.get(version).training_set)
    first = tested.slice(0, 1).select(wanted)
    row: dict[str, Value] = first.to_pylist()[0]
    if not spec.inputs:
        return row
    inputs = ", ".join(map(identifier, spec.inputs))
    sql = f"SELECT {inputs} FROM e SEMI JOIN first USING ({identifier(spec.key)}) LIMIT 1"
    found = store.lake.rows(sql, e=store.tables.events, first=first)
    return row | (found[0] if found else dict.fromkeys(spec.inputs))


def _sample(model: ModelContext, version: int) -> Sample:
    store, names = model.store, list(model.spec.columns)
    set_id = store.versions.get(version).training_set
    tested = store.training_sets.read_test(set_id).slice(0, SAMPLED)
    rows: list[dict[str, Value]] = tested.select(names).to_pylist()
    predicted = store.training_sets.read_test_predictions(set_id, version).slice(0, SAMPLED)
    answers = [
        ModelAnswer(one["prediction"], one["score"], _tuple(one["probabilities"]))
        for one in predicted.to_pylist()
    ]
    return Sample(rows, answers)


def _tuple(values: list[float] | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(values)
