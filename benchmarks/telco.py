"""How good the churn model is on the published Telco data, over several seeds.

Each seed draws another test split and makes another search: the shipped description of `churn`,
nothing else changed, on all 7,043 customers. Every gate is evaluated.

    python benchmarks/telco.py --telco ../shared/data/telco
"""

import argparse
import tempfile
from datetime import date
from pathlib import Path
from statistics import fmean
from time import process_time

import duckdb
from rich.console import Console

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.gates import evaluate_gates
from mlops_drift.pipeline.landing import land_events, land_labels
from mlops_drift.pipeline.scoring import predict_table
from mlops_drift.pipeline.training import build_training_set, train_challenger
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.simulation.instance import quiet
from mlops_drift.sources.files import FilesSource
from mlops_drift.store.memory import MemoryLake

# Seeds whose mean is told.
GROUP = 5

# The day on which all 7,043 customers are labelled.
AS_OF = date(2025, 5, 19)


def telco_source(folder: Path) -> FilesSource:
    """The prepared files, with one row a customer."""
    return FilesSource.model_validate(
        {
            "kind": "files",
            "events": {"path": str(folder / "events.parquet"), "day_column": "day"},
            "labels": {"path": str(folder / "labels.parquet"), "day_column": "day"},
        }
    )


def measure(folder: Path, seed: int) -> dict[str, object]:
    """Trains and gates one version; its metrics on the test split and what the gates say."""
    found = find_model("churn")
    training = found.spec.training.model_copy(update={"seed": seed})
    spec = found.spec.model_copy(update={"training": training})
    started = process_time()
    with tempfile.TemporaryDirectory() as root, duckdb.connect() as connection, quiet():
        model = ModelContext.of(MemoryLake(root, connection), spec).store
        source = telco_source(folder).open(found.folder)
        land_events(ModelContext(spec, model), source, spec.start_date, AS_OF)
        land_labels(ModelContext(spec, model), source, spec.start_date, AS_OF)
        make_features(ModelContext(spec, model), spec.start_date, AS_OF)
        stored = build_training_set(ModelContext(spec, model), AS_OF, None)
        registry = MemoryRegistry()
        record, _ = train_challenger(
            ModelContext(spec, model, registry), stored.id, AS_OF, lambda trial: None
        )
        test = stored.training_set.test
        predicted = predict_table(spec, registry, record.version, test)
        columns = [
            test[spec.target.column].to_numpy(),
            predicted["prediction"].to_numpy(),
            predicted["score"].to_numpy(),
        ]
        gates = evaluate_gates(ModelContext(spec, model, registry), record.version)
        return {
            "seed": seed,
            "family": record.family,
            "rows": test.num_rows,
            **{
                name: evaluate(name, spec.target, *columns)
                for name in ("f1", "auc", "accuracy", "precision", "recall")
            },
            "refused by": [gate.name for gate in gates if gate.verdict != "pass"],
            "seconds": process_time() - started,
        }


def main() -> None:
    """Measures the seeds and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "telco"
    parser.add_argument("--telco", type=Path, default=beside, help="Folder of the prepared files.")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    if not (options.telco / "events.parquet").is_file():
        parser.error(f"{options.telco} has no events.parquet; name the folder with --telco")
    console = Console(width=120)
    console.print(
        "| seed | family | test rows | F1 | AUC | accuracy | precision | recall | refused by |"
    )
    console.print("|---|---|---|---|---|---|---|---|---|")
    rows = []
    for seed in range(1, options.seeds + 1):
        row = measure(options.telco, seed)
        rows.append(row)
        numbers = " | ".join(
            f"{row[name]:.3f}" for name in ("f1", "auc", "accuracy", "precision", "recall")
        )
        refused = ", ".join(row["refused by"]) or "none"
        console.print(f"| {seed} | {row['family']} | {row['rows']} | {numbers} | {refused} |")
    for first in range(0, len(rows), GROUP):
        group = rows[first : first + GROUP]
        f1, auc = (fmean(row[name] for row in group) for name in ("f1", "auc"))
        seeds = f"seeds {group[0]['seed']} to {group[-1]['seed']}"
        console.print(f"{seeds}: mean F1 {f1:.3f}, mean AUC {auc:.3f}")
    f1, auc = (fmean(row[name] for row in rows) for name in ("f1", "auc"))
    console.print(f"all {len(rows)}: mean F1 {f1:.3f}, mean AUC {auc:.3f}")


if __name__ == "__main__":
    main()
