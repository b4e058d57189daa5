"""The gates of a version: what they look at, gathered from its training set and the registry."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.gates.base import (
    FRESH_ROWS,
    Candidate,
    ChampionComparison,
    FreshProcessError,
    Gate,
    GateResult,
    RefitError,
)
from mlops_drift.learning.gates.compiled_equal import CompiledEqual
from mlops_drift.learning.gates.cost import BatchLatency, SingleRowLatency
from mlops_drift.learning.gates.fresh_process import FreshProcess
from mlops_drift.learning.gates.refit_consistency import RefitConsistency
from mlops_drift.learning.gates.registry import gates_of
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.pipeline.living import columns_since
from mlops_drift.pipeline.logged import OUT_OF_FOLD, is_of_this_code, made_by, refit
from mlops_drift.pipeline.scoring import scorable
from mlops_drift.registry.base import COMPILED_TAG, PROVEN_TAG, RegistryError, proofs_of
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan

if TYPE_CHECKING:
    import pandas as pd

    from mlops_drift.learning.metrics.base import Array

# Gates that need not pass again for the same stored model.
SHOWN_ONCE = (FreshProcess.name, RefitConsistency.name)
# And those whose pass is remembered besides.
PROOFS = (*SHOWN_ONCE, CompiledEqual.name)
# And what they measured.
MEASURED_ONCE = (SingleRowLatency.name, BatchLatency.name)

Predict = Callable[["pd.DataFrame"], "pd.DataFrame"]


def model_gates(spec: ModelSpec) -> list[Gate]:
    """The gates that a model has."""
    return gates_of(spec.gates, spec.columns, spec.monitors.performance.business)


def evaluate_gates(model: ModelContext, version: int) -> list[GateResult]:
    """Evaluates every gate for a version, from its stored training set and the registry.

    A new process loads the stored model while the other gates are judged. That it has predicted the
    same, that a second fit has, and how long predictions took, is remembered for these bytes.
    """
    from threadpoolctl import threadpool_limits

    model = model.of_version(version)
    spec, registry = model.spec, model.registry
    stored = model.store.training_sets.read(model.store.versions.get(version).training_set)
    artifact, tags = registry.artifact(spec.name, version), registry.tags(spec.name, version)
    before = proofs_of(tags)
    # Of other bytes nothing is proven.
    known = before.get("of") == artifact.digest
    proofs: dict[str, Any] = before if known else {"of": artifact.digest}
    shown = {name for name in SHOWN_ONCE if name in proofs}
    train, test = stored.train.to_pandas(), stored.test.to_pandas()
    fresh_rows = test[list(spec.columns)].head(FRESH_ROWS)
    # One thread: sums come out the same on any number of processors.
    with ThreadPoolExecutor(1) as beside, threadpool_limits(1):
        fresh_predictions = refitted = None
        if FreshProcess.name not in shown:
            of_version = (spec.name, version, spec.target, fresh_rows)
            answer = beside.submit(registry.fresh_predictions, *of_version)
            fresh_predictions = partial(_answered, answer)
        if RefitConsistency.name not in shown:
            refitted = partial(_refitted, model, version, train, test)
        predict = _predictor(model, version)
        candidate = Candidate(
            target=spec.target,
            columns=spec.columns,
            metric=spec.training.metric,
            seed=spec.training.seed,
            gates=spec.gates,
            business=spec.monitors.performance.business,
            description=spec.description,
            key=spec.key,
            train=train,
            test=test,
            predicted=predict(test),
            predict=predict,
            out_of_fold=_out_of_fold(model, version),
            size=artifact.size,
            signature=artifact.signature,
            fresh_rows=fresh_rows,
            fresh_predictions=fresh_predictions,
            refitted=refitted,
            made_by_this_code=is_of_this_code(tags, spec.training),
            champion_comparison=_champion_comparison(model, version, stored, predict),
            compiled_differs=_compiled_differs(model, version, tags.get(COMPILED_TAG)),
            milliseconds={name: proofs[name] for name in MEASURED_ONCE if name in proofs},
        )
        found = [gate.judge(candidate) for gate in model_gates(spec)]
    proofs = {**proofs, **_proofs(found)}
    if proofs != before:
        registry.set_tag(spec.name, version, PROVEN_TAG, json.dumps(proofs))
    return found


def _proofs(gates: Sequence[GateResult]) -> dict[str, str | float]:
    """What is remembered of the gates that passed."""
    passed = [gate for gate in gates if gate.verdict == "pass"]
    verdicts = {gate.name: gate.verdict for gate in passed if gate.name in PROOFS}
    measured = {gate.name: float(f"{gate.value:.4g}") for gate in passed}
    return {**verdicts, **{name: measured[name] for name in MEASURED_ONCE if name in measured}}


def gate_record(gates: Sequence[GateResult]) -> list[dict[str, str | float | None]]:
    """What gates found, as plain data for the registry; undefined numbers are None."""
    return [
        {
            "gate": gate.name,
            "verdict": gate.verdict,
            "value": gate.value if isfinite(gate.value) else None,
            "threshold": gate.threshold if isfinite(gate.threshold) else None,
            "direction": gate.direction,
            "n": gate.n,
            "finding": gate.summary,
        }
        for gate in gates
    ]


def _predictor(model: ModelContext, version: int) -> Predict:
    from mlops_drift.learning.families.base import predict

    spec, pipeline = model.spec, model.registry.pipeline(model.spec.name, version)
    return lambda rows: predict(pipeline, spec.target, rows[list(spec.columns)])


def _compiled_differs(
    model: ModelContext, version: int, digest: str | None
) -> "Callable[[pd.DataFrame], Array] | None":
    from mlops_drift.learning.compiled.proof import differs

    if digest is None:
        return None
    spec, registry = model.spec, model.registry
    form = registry.compiled_form(spec.name, version, digest)
    pipeline = registry.pipeline(spec.name, version)
    return lambda rows: differs(form, pipeline, spec.target, spec.columns, rows)


def _out_of_fold(model: ModelContext, version: int) -> "pd.DataFrame | None":
    import pandas as pd

    try:
        logged = model.registry.read_json(model.spec.name, version, OUT_OF_FOLD)
    except RegistryError:
        return None
    columns = {name: logged[name] for name in ("prediction", "score")}
    return pd.DataFrame(columns, index=logged["row"])


def _champion_comparison(
    model: ModelContext, version: int, stored: TrainingSet, predict: Predict
) -> ChampionComparison | None:
    """Both models on those rows of the test split that the champion did not train on."""
    spec, store = model.spec, model.store
    others = [item for item in store.versions.promotions() if item.version != version]
    if not others:
        return None
    champion = others[-1].version
    trained = store.training_sets.read(others[-1].training_set).train[spec.key]
    new = stored.test.filter(pc.invert(pc.is_in(stored.test[spec.key], trained)))
    of_champion = as_known_by(model, champion, new)
    both = new.filter(pc.is_in(new[spec.key], of_champion[spec.key]))
    rows, their_rows = both.to_pandas(), of_champion.to_pandas()
    truth = rows[spec.target.column].to_numpy()
    if len(rows) == 0:
        return ChampionComparison(truth, rows, rows)
    theirs = _predictor(model.of_version(champion), champion)
    return ChampionComparison(truth, predict(rows), theirs(their_rows))


def as_known_by(model: ModelContext, version: int, rows: pa.Table) -> pa.Table:
    """Stored rows with the columns that another version knows, in their order.

    Those are left out that it cannot score, that are older than one of its columns, or that are no
    longer kept.
    """
    known, key = model.of_version(version), identifier(model.spec.key)
    own, others = known.store.tables.features, model.store.tables.features
    # One of the same name and type may be derived otherwise.
    if (
        known.spec.columns.items() <= model.spec.columns.items()
        and own.columns.items() <= others.columns.items()
    ):
        return rows
    days = pc.min_max(rows["day"]).as_py()
    found = model.store.lake.query(
        f"SELECT f.* FROM (SELECT day, {key}, row_number() OVER () AS place FROM rows) r "
        f"JOIN f USING (day, {key}) ORDER BY place",
        rows=rows,
        f=Scan(own, columns_since(known) or days["min"], days["max"]),
    )
    return scorable(known.spec, found)


def _answered(answer: "Future[pd.DataFrame]") -> "pd.DataFrame":
    try:
        return answer.result()
    except RegistryError as error:
        raise FreshProcessError(str(error)) from error


def _refitted(
    model: ModelContext, version: int, train: "pd.DataFrame", test: "pd.DataFrame"
) -> "pd.DataFrame":
    try:
        then, recipe = made_by(model.registry, model.spec.name, version)
    except RegistryError as error:
        raise RefitError(str(error)) from error
    return refit(then, recipe, train).predict(test)
