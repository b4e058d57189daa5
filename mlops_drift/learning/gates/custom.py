"""Gates that a user names in YAML, with their arguments."""

from collections.abc import Sequence

from mlops_drift.learning.gates.base import Gate
from mlops_drift.learning.gates.config import CustomGate
from mlops_drift.plugins import load

# Shipped gates that a model has only where it names them.
SHIPPED: dict[str, str] = {}


def custom_gates(items: Sequence[str | CustomGate]) -> list[Gate]:
    """The gates of ``gates.extra``.

    Raises:
        ValueError: If there is no such gate, or it does not take these arguments.

    >>> custom_gates(["mlops_drift.learning.gates.documented:Documented"])[0].name
    'documented'
    """
    return [_built(CustomGate(gate=item) if isinstance(item, str) else item) for item in items]


def _built(item: CustomGate) -> Gate:
    arguments = item.model_extra or {}
    try:
        member = load("gates", item.gate, SHIPPED, Gate)  # type: ignore[type-abstract]
    except ValueError as error:
        raise ValueError(f"gates.extra: {error}") from error
    try:
        return member(**arguments)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{name}: {value!r}" for name, value in arguments.items()) or "nothing"
        raise ValueError(f"gates.extra: {item.gate} was given {given}: {error}") from error
