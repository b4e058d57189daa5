"""A model as it lies in a folder: its size and signature, and what a new process makes of it."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mlops_drift.registry.base import Artifact, RegistryError

if TYPE_CHECKING:
    import pandas as pd

    from mlops_drift.schema.columns import Target

# The file in which MLflow says what a folder holds.
ABOUT = "MLmodel"

# Seconds that a new process may take to load a model and to predict.
PATIENCE = 120


def read_artifact(folder: Path) -> Artifact:
    """What is stored in a folder; a `RegistryError` if it is not as MLflow writes it."""
    hasher, size = hashlib.sha256(), 0
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        size += len(content)
        hasher.update(f"{file.relative_to(folder).as_posix()}\x00{len(content)}\x00".encode())
        hasher.update(content)
    inputs = _about(folder).get("signature", {}).get("inputs")
    names = tuple(column["name"] for column in json.loads(inputs)) if inputs else None
    return Artifact(size, hasher.hexdigest(), names)


def fresh_predictions(folder: Path, target: "Target", features: "pd.DataFrame") -> "pd.DataFrame":
    """Prediction and score for each row by a stored model in a new process."""
    from pyarrow import Table, feather

    pickled = pickled_file(folder)
    with tempfile.TemporaryDirectory() as place:
        rows, predictions = Path(place) / "rows.arrow", Path(place) / "predictions.arrow"
        feather.write_feather(Table.from_pandas(features, preserve_index=False), str(rows))
        arguments = [str(pickled), target.model_dump_json(), str(rows), str(predictions)]
        try:
            done = run_apart(arguments)
        except subprocess.TimeoutExpired:
            raise RegistryError(f"it did not predict within {PATIENCE} seconds") from None
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise RegistryError(said[-1] if said else f"it ended with code {done.returncode}")
        found: pd.DataFrame = feather.read_table(str(predictions)).to_pandas()
        return found


def pickled_file(folder: Path) -> Path:
    """The file of the pipeline; a `RegistryError` if there is none."""
    name = _about(folder).get("flavors", {}).get("sklearn", {}).get("pickled_model")
    if name is None:
        raise RegistryError(f"{folder / ABOUT} names no pickled scikit-learn model")
    return folder / str(name)


def run_apart(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    """Runs `fresh_process` in a new interpreter, which finds the same modules as this one."""
    # Warnings that the environment turns into errors are none of a model's.
    command = [sys.executable, "-W", "ignore", "-m", "mlops_drift.registry.fresh_process"]
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": paths},
    )


def _about(folder: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RegistryError(f"{folder / ABOUT} cannot be read: {error}") from error
    return {name: part for name, part in found.items() if part} if isinstance(found, dict) else {}
