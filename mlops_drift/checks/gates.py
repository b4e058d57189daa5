"""The gates as blocking checks on the challenger, each with its numbers and its picture."""

from collections.abc import Mapping, Sequence

import dagster as dg

from mlops_drift.charts.gates import draw
from mlops_drift.checks import keys
from mlops_drift.checks.report import Detail, check_result
from mlops_drift.learning.gates.base import Gate, GateResult


def gate_specs(key: dg.AssetKey, gates: Sequence[Gate]) -> list[dg.AssetCheckSpec]:
    """Declares the gates of a model; only they block."""
    return [
        dg.AssetCheckSpec(gate.name, asset=key, blocking=True, description=gate.description)
        for gate in gates
    ]


def gate_pictures(gates: Sequence[GateResult]) -> dict[str, str]:
    """The picture of each gate in which there is something to see, as SVG by the gate's name."""
    return {gate.name: draw(gate.picture) for gate in gates if gate.picture is not None}


def gate_checks(
    key: dg.AssetKey,
    version: int,
    gates: Sequence[GateResult],
    pictures: Mapping[str, str],
    links: Mapping[str, Detail],
) -> list[dg.AssetCheckResult]:
    """Reports gates. One that cannot be computed does not pass, and therefore blocks.

    Links are shown of gates that did not pass.
    """
    return [
        check_result(
            key,
            gate.name,
            gate.verdict,
            f"version {version}: {gate.summary}",
            {keys.VALUE: gate.value, keys.LIMIT: gate.threshold, **gate.numbers},
            gate.advice,
            {
                keys.VERSION: str(version),
                keys.ROWS: f"{gate.n:,}",
                **(links if gate.verdict != "pass" else {}),
            },
            gate.tables,
            pictures.get(gate.name),
            unknown_blocks=True,
        )
        for gate in gates
    ]
