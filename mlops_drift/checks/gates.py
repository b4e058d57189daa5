"""The gates as blocking checks on the challenger, each with its numbers and its picture."""

from collections.abc import Mapping, Sequence
from math import isfinite

import dagster as dg

from mlops_drift.charts.gates import draw
from mlops_drift.checks.report import check_result, verdict_table
from mlops_drift.learning.gates.base import Gate, GateResult
from mlops_drift.learning.gates.pictures import Limit


def gate_specs(key: dg.AssetKey, gates: Sequence[Gate]) -> list[dg.AssetCheckSpec]:
    """Declares the gates of a model; only they block."""
    return [
        dg.AssetCheckSpec(gate.name, asset=key, blocking=True, description=gate.description)
        for gate in gates
    ]


def gate_pictures(gates: Sequence[GateResult]) -> dict[str, str]:
    """The picture of each gate that has numbers, as SVG by the gate's name."""
    found = {}
    for gate in gates:
        picture = gate.picture
        if picture is None and isfinite(gate.value) and isfinite(gate.threshold):
            picture = Limit(gate.name, gate.value, gate.threshold, at_least=False)
        if picture is not None:
            found[gate.name] = draw(picture)
    return found


def gate_checks(
    key: dg.AssetKey, version: int, gates: Sequence[GateResult], pictures: Mapping[str, str]
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
