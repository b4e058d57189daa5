"""The gates as blocking checks on the challenger."""

from collections.abc import Sequence

import dagster as dg

from mlops_drift.checks.report import check_result
from mlops_drift.learning.gates import (
    MINIMUM_METRIC,
    NO_KEY_OVERLAP,
    NOT_WORSE_THAN_CHAMPION,
    PREDICTIONS_VARY,
    GateResult,
)

DESCRIPTIONS = {
    MINIMUM_METRIC: "The test metric reaches the absolute threshold.",
    NOT_WORSE_THAN_CHAMPION: "Not worse than the champion on the same rows, which neither has "
    "trained on; decides from the second version on.",
    NO_KEY_OVERLAP: "No event is in both parts of the training set.",
    PREDICTIONS_VARY: "The test predictions are not all the same.",
}


def gate_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Declares the gates; only they block."""
    return [
        dg.AssetCheckSpec(name, asset=key, blocking=True, description=description)
        for name, description in DESCRIPTIONS.items()
    ]


def gate_checks(
    key: dg.AssetKey, version: int, gates: Sequence[GateResult]
) -> list[dg.AssetCheckResult]:
    """Reports gates. One that cannot be computed does not pass, and therefore blocks."""
    return [_check(key, version, gate) for gate in gates]


def _check(key: dg.AssetKey, version: int, gate: GateResult) -> dg.AssetCheckResult:
    numbers = {"value": gate.value, "threshold": gate.threshold, "n": float(gate.n)}
    return check_result(
        key,
        gate.name,
        gate.verdict,
        f"version {version}: {gate.summary}",
        numbers,
        gate.summary,
        {"version": version},
        unknown_blocks=True,
    )
