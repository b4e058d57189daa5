"""The gates as blocking checks on the challenger, each with its numbers and its picture."""

from collections.abc import Mapping, Sequence
from math import isfinite

import dagster as dg

from mlops_drift.charts.gates import draw
from mlops_drift.checks.report import check_result, verdict_table
from mlops_drift.learning.gates.base import Gate, GateResult
from mlops_drift.learning.gates.pictures import Limit, Picture


def gate_specs(key: dg.AssetKey, gates: Sequence[Gate]) -> list[dg.AssetCheckSpec]:
    """Declares the gates of a model; only they block."""
    return [
        dg.AssetCheckSpec(gate.name, asset=key, blocking=True, description=gate.description)
        for gate in gates
    ]


def gate_pictures(gates: Sequence[GateResult]) -> dict[str, bytes]:
    """The picture of each gate that has numbers, as PNG by the gate's name."""
    pictures = {gate.name: gate.picture or _plain(gate) for gate in gates}
    return {name: draw(picture) for name, picture in pictures.items() if picture}


def gate_checks(
    key: dg.AssetKey, version: int, gates: Sequence[GateResult], pictures: Mapping[str, bytes]
) -> list[dg.AssetCheckResult]:
    """Reports gates. One that cannot be computed does not pass, and therefore blocks."""
    return [
        check_result(
            key,
            gate.name,
            gate.verdict,
            f"version {version}: {gate.summary}",
            {"value": gate.value, "threshold": gate.threshold, "n": float(gate.n), **gate.numbers},
            gate.advice,
            {
                "version": version,
                **{name: verdict_table(rows) for name, rows in gate.tables.items()},
            },
            pictures.get(gate.name),
            unknown_blocks=True,
        )
        for gate in gates
    ]


def _plain(gate: GateResult) -> Picture | None:
    """The picture of a gate that has nothing but its number."""
    if not isfinite(gate.value) or not isfinite(gate.threshold):
        return None
    return Limit(gate.name, gate.value, gate.threshold, at_least=False)
