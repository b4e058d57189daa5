"""What the description of a model says if its predictions are made elsewhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_drift.learning.config import Training
from mlops_drift.learning.gates.config import Gates
from mlops_drift.sources.external import ExternalModel

if TYPE_CHECKING:
    from mlops_drift.config.spec import ModelSpec

# Sections that only a model that is trained here has.
OF_TRAINED = ("training", "gates")


def optional_training(schema: dict[str, Any]) -> None:
    """Lets a JSON schema leave out what an external model has none of."""
    schema["required"] = [name for name in schema["required"] if name not in OF_TRAINED]


def without_training(described: Any) -> Any:
    """An external model's description, with what nothing but the metric is read of; else the same.

    Raises:
        ValueError: if it has a section about training.
    """
    section = described.get("model") if isinstance(described, Mapping) else None
    facts = section if isinstance(section, Mapping) else vars(section) if section else {}
    metric = facts.get("metric")
    if facts.get("kind") != "external" or not isinstance(metric, str):
        return described
    training, gates = Training(metric=metric), Gates(metrics={metric: 0.0})
    filled = {"training": training.model_dump(), "gates": gates.model_dump()}
    for name in OF_TRAINED:
        if described.get(name) not in (None, filled[name]):
            raise ValueError(
                f"{name} is for versions that are trained here, and model.kind is external; remove "
                f"{name}"
            )
    return {**described, **filled}


def require_fit(spec: "ModelSpec", external: ExternalModel) -> None:
    """Raises a ValueError if a section says what has no meaning without training."""
    external.require_fit(spec.target, spec.source, spec.start_date)
    if spec.policy.approval == "manual":
        raise ValueError(
            "policy.approval manual is for versions that are promoted here, and model.kind is "
            "external; remove it"
        )
    for name in ("rules", "online"):
        if getattr(spec, name) is not None:
            raise ValueError(f"{name} is for a service of a model that is trained here; remove it")
    hook = spec.policy.action.webhook if spec.policy.action else None
    if hook and hook.url in [one.url for one in spec.notifications.webhooks]:
        raise ValueError(
            f"policy.action.webhook.url {hook.url!r} is one of notifications.webhooks too; use "
            "another address for one of them"
        )
