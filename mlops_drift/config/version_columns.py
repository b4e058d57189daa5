"""The columns that a version was trained on, beside those that are declared by now."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel

from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.errors import UserError
from mlops_drift.schema.columns import Column, Target

# What makes another model of the target; classes may be added to others.
_OF_TARGET = ("column", "kind", "positive")


class VersionColumns(BaseModel):
    """What a version knows of the columns, as it was declared when the version was trained."""

    columns: dict[str, Column]
    inputs: dict[str, Column] = {}
    features_sql: str = ""
    history_days: int = 0
    key: str = ""
    target: Target | None = None

    @classmethod
    def of(cls, spec: ModelSpec) -> Self:
        """What is declared."""
        return cls(**{name: getattr(spec, name) for name in cls.model_fields})

    def within(self, spec: ModelSpec) -> ModelSpec:
        """The description of the model as the version knows it; itself where nothing differs.

        A column of the same type has the constraints that are declared by now; whether a value may
        be missing is as the version learned it. What is watched by a column that the version does
        not know is left out.

        Raises:
            UserError: if the key or the target is another one.
        """
        self._require_same_target(spec)
        own = self.model_copy(
            update={
                "columns": _now(self.columns, spec.columns),
                "inputs": _now(self.inputs, spec.inputs),
                "key": spec.key,
                "target": spec.target,
            }
        )
        declared = VersionColumns.of(spec)
        # The order of columns is that of a version, too.
        if own == declared and list(own.columns) == list(declared.columns):
            return spec
        fields = {name: getattr(spec, name) for name in type(spec).model_fields}
        # The parts are valid, and were together when the version was trained.
        known = type(spec).model_construct(**{**fields, **dict(own)})
        drift, performance = spec.monitors.drift, spec.monitors.performance
        watched = {
            "drift": drift.model_copy(
                update={
                    "columns": {
                        name: one
                        for name, one in drift.columns.items()
                        if not _needs_numbers(one.metric) or known.is_number(name)
                    },
                    "segments": _of(known, drift.segments),
                }
            ),
            "performance": performance.model_copy(
                update={"slices": _of(known, performance.slices)}
            ),
        }
        gates = spec.gates.model_copy(update={"slices": _of(known, spec.gates.slices)})
        monitors = spec.monitors.model_copy(update=watched)
        return type(spec).model_construct(
            **{**fields, **dict(own), "monitors": monitors, "gates": gates}
        )

    def _require_same_target(self, spec: ModelSpec) -> None:
        then, now = self.target, spec.target
        if then is None:
            return
        both = {"key": (self.key, spec.key)}
        both |= {f"target.{n}": (getattr(then, n), getattr(now, n)) for n in _OF_TARGET}
        # Classes may be added: a version never predicts those.
        if not {*(then.classes or [])} <= {*(now.classes or [])}:
            both["target.classes"] = (", ".join(then.classes or []), ", ".join(now.classes or []))
        for field, (before, declared) in both.items():
            if before != declared:
                raise UserError(
                    f"{spec.name}: {field} is {declared}, and its versions were trained with "
                    f"{before}. That is another model: declare it as it was, or give the model "
                    "another name"
                )


def changed_columns(then: ModelSpec, now: ModelSpec) -> list[str]:
    """How the columns of a description differ from those of an earlier one, in words."""
    found = changes(then.columns, now.columns)
    old, new = then.derivation, now.derivation
    if old and new and old.digest != new.digest:
        both = [name for name in then.derived_columns if name in now.derived_columns]
        found += [f"{name} is derived by another features.sql" for name in both]
    return found


def changes(then: Mapping[str, Column], now: Mapping[str, Column]) -> list[str]:
    """How columns have changed, in words.

    >>> age, old = Column(type="category"), Column(type="integer")
    >>> changes({"age": old, "income": old}, {"age": age, "plan": age})
    ['plan is new', 'income is no longer declared', 'age is category (was integer)']
    """
    found = [f"{name} is new" for name in now if name not in then]
    found += [f"{name} is no longer declared" for name in then if name not in now]
    found += [
        f"{name} is {now[name].type} (was {column.type})"
        for name, column in then.items()
        if name in now and now[name].type != column.type
    ]
    words = {True: "derived", False: "of the source"}
    found += [
        f"{name} is {words[now[name].derived]} (was {words[column.derived]})"
        for name, column in then.items()
        if name in now and now[name].derived != column.derived
    ]
    return found


def _now(own: Mapping[str, Column], declared: Mapping[str, Column]) -> dict[str, Column]:
    found = {}
    for name, column in own.items():
        now = declared.get(name)
        is_same = now is not None and (now.type, now.derived) == (column.type, column.derived)
        found[name] = (
            now.model_copy(update={"nullable": column.nullable}) if now and is_same else column
        )
    return found


def _of(known: ModelSpec, names: list[str]) -> list[str]:
    return [name for name in names if name in known.dividing_columns]


def _needs_numbers(metric: str | None) -> bool:
    return metric is not None and drift_metric(metric).needs_values
