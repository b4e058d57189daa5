"""The policies that a backtest compares: the standard ones, and those of a YAML file.

Each is the model as it would be under that policy.
"""

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from mlops_drift.config.judgeable import require_judgeable
from mlops_drift.config.loading import read_yaml
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.registry import require_checks
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.schema.fields import Name

NEVER, ON_FAILED_CHECKS, HYBRID = "never", "on failed checks", "hybrid"
DEFAULT_EVERY = 30

# Nobody approves in a backtest: a challenger that passes its gates serves.
UNATTENDED = {"mode": "retrain", "approval": "automatic"}


def _under(spec: ModelSpec, policy: RetrainingPolicy, age: AgeMonitor) -> ModelSpec:
    """A model under a policy, and the age from which a version is old."""
    monitors = spec.monitors.model_copy(update={"age": age})
    return spec.model_copy(update={"policy": policy, "monitors": monitors})


def every(days: int) -> str:
    """Name of the policy that retrains every so many days."""
    return f"every {days} days"


def standard_policies(spec: ModelSpec, days: int | None = None) -> dict[str, ModelSpec]:
    """Never, every so many days, on failed checks, and hybrid (both): all else is the model's own.

    `days` is the model's greatest age, or 30, where missing. Nobody has to approve a version.
    """
    length = days or spec.monitors.age.max_days or DEFAULT_EVERY
    checks = [name for name in spec.policy.retrain_on if name != ModelAge.name]

    def on(*names: str) -> ModelSpec:
        policy = spec.policy.model_copy(update={"retrain_on": list(names), **UNATTENDED})
        aged = AgeMonitor(max_days=length) if ModelAge.name in names else spec.monitors.age
        return _under(spec, policy, aged)

    return {
        NEVER: on(),
        every(length): on(ModelAge.name),
        ON_FAILED_CHECKS: on(*checks),
        HYBRID: on(*checks, ModelAge.name),
    }


class _FieldsOfPolicy(RetrainingPolicy):
    max_age_days: int | None = None


def read_policies(file: Path, spec: ModelSpec, taken: Collection[str] = ()) -> dict[str, ModelSpec]:
    """The policies of a YAML file, each with the fields that differ from the model's own.

    `max_age_days` stands for the greatest age; `taken` are names that other policies have. A
    UserError says what is wrong.
    """
    documents = read_yaml(file, dict[Name, _FieldsOfPolicy])
    if not documents:
        raise UserError(
            f"{file} must map a name to fields of a policy, such as\n"
            "  careful: {cooldown_days: 30, retrain_on: [performance_drop]}"
        )
    if len(documents) > 1:
        raise UserError(f"{file} holds {len(documents)} documents; make them one")
    variants = {}
    for name, fields in documents[0].value.items():
        try:
            if str(name) in taken:
                raise ValueError("the name belongs to a standard policy; choose another")
            variants[str(name)] = _variant(fields, spec)
        except ValueError as error:
            raise UserError(f"{file}: policy {name!r}{_mistake(error)}") from error
    return variants


def _variant(fields: dict[str, object], spec: ModelSpec) -> ModelSpec:
    if attended := [field for field in UNATTENDED if field in fields]:
        raise ValueError(
            f"{attended[0]}: nobody approves or trains by hand in a backtest, where a challenger "
            "that passes its gates serves; leave it out"
        )
    own = {**spec.policy.model_dump(), **fields, **UNATTENDED}
    age = own.pop("max_age_days", spec.monitors.age.max_days)
    policy, aged = RetrainingPolicy.model_validate(own), AgeMonitor(max_days=age)
    require_checks(spec.monitors, policy.retrain_on)
    require_judgeable(policy, spec.training, spec.gates)
    return _under(spec, policy, aged)


def _mistake(error: ValueError) -> str:
    """What is wrong with a policy, after its name."""
    if not isinstance(error, ValidationError):
        return f": {error}"
    problem = error.errors()[0]
    where = ".".join(map(str, problem["loc"])).replace("max_days", "max_age_days")
    if not where:
        return f": {problem['msg']}"
    if problem["type"] == "extra_forbidden":
        known = [name for name in _FieldsOfPolicy.model_fields if name not in UNATTENDED]
        return f", {where}: there is no such field; there are {', '.join(known)}"
    return f", {where}: {problem['msg']}, found {problem['input']!r}"
