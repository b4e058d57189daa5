"""How long a search takes until it has a champion, against the loop that people write.

Both search LightGBM and logistic regression on the Telco churn data: the same space, the same
folds, the same metric (AUC, which needs no threshold), the same number of trials, Optuna's TPE with
the same seed. The loop builds a scikit-learn pipeline for each trial, calls cross_val_score, and
logs an MLflow run. Ours is what a retraining does: every trial is kept in a study, most are given
up early, and no fold is prepared twice. Both end with the best model fitted on all rows.

The loop runs on one thread too: by default its libraries start as many as there are processors,
which at this size takes longer, and many times as long where others work as well.

Quality is judged by one function for both winners: the mean AUC over the folds that were searched,
and over folds that neither has seen.

Run: make bench-training
"""

import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import click
import mlflow
import numpy as np
import optuna
import pandas as pd
from lightgbm import LGBMClassifier
from rich.console import Console
from rich.table import Table
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from threadpoolctl import threadpool_limits

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.base import Params
from mlops_drift.learning.families.lightgbm import TREES
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.model import train
from mlops_drift.registry.studies import Studies
from mlops_drift.schema.columns import Column, Target

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "telco"
FILE = "Telco-Customer-Churn.csv"
TYPES = {
    "SeniorCitizen": "integer",
    "tenure": "integer",
    "MonthlyCharges": "number",
    "TotalCharges": "number",
}
TARGET = Target(column="Churn", kind="binary", classes=["No", "Yes"], positive="Yes")
FAMILIES = ["lightgbm", "linear"]
FOLDS = 4

OURS = "ours"
LOOP = "the loop, one thread"
DEFAULT_LOOP = "the loop, all threads"

Search = Callable[["Data", int, int, Path], tuple[BaseEstimator, str]]


@dataclass(frozen=True)
class Data:
    """The rows to learn from."""

    features: pd.DataFrame
    truth: np.ndarray
    columns: dict[str, Column]


@dataclass(frozen=True)
class Measured:
    """What a search cost, and how good what it found is."""

    seconds: float
    cpu_seconds: float
    family: str
    searched_auc: float
    other_auc: float


def read(folder: Path) -> Data:
    """The 19 feature columns and the label."""
    rows = pd.read_csv(folder / FILE)
    rows["TotalCharges"] = pd.to_numeric(rows["TotalCharges"], errors="coerce")
    names = [name for name in rows.columns if name not in ("customerID", "Churn")]
    columns = {name: Column(type=TYPES.get(name, "category")) for name in names}
    return Data(rows[names], rows["Churn"].to_numpy(), columns)


def ours(data: Data, trials: int, seed: int, folder: Path) -> tuple[BaseEstimator, str]:
    """A search as a retraining does it."""
    training = Training(metric="auc", families=FAMILIES, trials=trials, folds=FOLDS, seed=seed)
    studies = Studies(f"sqlite:///{folder / 'studies.db'}", folder / "locks")
    memory = studies.memory(f"telco {seed}", "auc", greater_is_better=True)
    model, found = train(data.features, data.truth, data.columns, TARGET, training, memory=memory)
    return clone(model.pipeline), found.recipe.family


def loop(
    data: Data, trials: int, seed: int, folder: Path, one_thread: bool = False
) -> tuple[BaseEstimator, str]:
    """The loop that people write, with all defaults or on one thread."""
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("churn")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    truth = data.truth == TARGET.positive

    threads = {"n_jobs": 1} if one_thread else {}

    def suggested(trial: optuna.Trial) -> Pipeline:
        name = trial.suggest_categorical("family", FAMILIES)
        params = family(name).suggest(trial, data.columns, len(truth))
        if name == "lightgbm":
            # Ours takes it from the fits.
            params["n_estimators"] = trial.suggest_int("n_estimators", TREES[0], TREES[-1])
        return build(name, params, data.columns, seed, threads)

    def objective(trial: optuna.Trial) -> float:
        with mlflow.start_run():
            pipeline = suggested(trial)
            value = cross_val_score(pipeline, data.features, truth, cv=folds, scoring="roc_auc")
            mlflow.log_params(trial.params)
            mlflow.log_metric("auc", value.mean())
        return float(value.mean())

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    best = suggested(optuna.trial.FixedTrial(study.best_params))
    best.fit(data.features, truth)
    return clone(best), study.best_params["family"]


def build(
    name: str, params: Params, columns: dict[str, Column], seed: int, threads: dict[str, int]
) -> Pipeline:
    """The usual pipeline of a family."""
    numbers = [column for column, kind in columns.items() if kind.type != "category"]
    categories = [column for column, kind in columns.items() if kind.type == "category"]
    if name == "lightgbm":
        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
        matrix = [("numbers", "passthrough", numbers), ("categories", codes, categories)]
        estimator = LGBMClassifier(**params, random_state=seed, verbose=-1, **threads)
        return make_pipeline(ColumnTransformer(matrix), estimator)
    scaled = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        PolynomialFeatures(params["degree"], include_bias=False),
        StandardScaler(),
    )
    one_hot = OneHotEncoder(handle_unknown="ignore")
    matrix = [("numbers", scaled, numbers), ("categories", one_hot, categories)]
    return make_pipeline(
        ColumnTransformer(matrix), LogisticRegression(C=params["C"], max_iter=2000)
    )


def one_thread_loop(data: Data, trials: int, seed: int, folder: Path) -> tuple[BaseEstimator, str]:
    """The loop, told to use one thread: what defaults lose where tables are small."""
    with threadpool_limits(1):
        return loop(data, trials, seed, folder, one_thread=True)


def measured(search: Search, data: Data, trials: int, seed: int) -> Measured:
    """Runs a search in an empty folder, and judges what it found."""
    with tempfile.TemporaryDirectory(prefix="mlops-drift-bench-") as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        winner, name = search(data, trials, seed, Path(folder))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(wall, cpu, name, *quality(winner, data, seed))


def quality(winner: BaseEstimator, data: Data, seed: int) -> tuple[float, float]:
    """Mean AUC over the folds that were searched, and over three times five others."""
    truth = data.truth == TARGET.positive

    def mean(folds: Any) -> float:
        values = cross_val_score(winner, data.features, truth, cv=folds, scoring="roc_auc")
        return float(values.mean())

    with threadpool_limits(1):
        searched = mean(StratifiedKFold(FOLDS, shuffle=True, random_state=seed))
        return searched, mean(
            RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=10_000 + seed)
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Without the notes of the libraries."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The loop's LightGBM is fitted with names of columns, and asked without.
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        yield


def report(found: dict[int, dict[str, Measured]], rows: int, console: Console) -> None:
    """Prints what each search cost and found, and ours beside the others."""
    table = Table(title=f"{rows:,} rows", title_justify="left")
    for column in ("seed", "search", "seconds", "of CPU", "AUC, searched folds", "other folds"):
        table.add_column(column)
    for column in ("winner", "takes", "CPU takes"):
        table.add_column(column)
    for seed, searches in found.items():
        mine = searches[OURS]
        for name, one in searches.items():
            table.add_row(
                str(seed),
                name,
                f"{one.seconds:.1f}",
                f"{one.cpu_seconds:.1f}",
                f"{one.searched_auc:.4f}",
                f"{one.other_auc:.4f}",
                one.family,
                f"{one.seconds / mine.seconds:.1f} x",
                f"{one.cpu_seconds / mine.cpu_seconds:.1f} x",
            )
    console.print(table)
    for name in next(iter(found.values())):
        if name != OURS:
            pairs = [(searches[OURS], searches[name]) for searches in found.values()]
            ratios = [theirs.seconds / mine.seconds for mine, theirs in pairs]
            cpu = [theirs.cpu_seconds / mine.cpu_seconds for mine, theirs in pairs]
            searched = fmean(mine.searched_auc - theirs.searched_auc for mine, theirs in pairs)
            other = fmean(mine.other_auc - theirs.other_auc for mine, theirs in pairs)
            console.print(
                f"{name} takes {min(ratios):.1f} to {max(ratios):.1f} times as long, "
                f"{min(cpu):.1f} to {max(cpu):.1f} times the CPU; our AUC is {searched:+.4f} on "
                f"the folds searched and {other:+.4f} on others, on average."
            )


@click.command()
@click.option("--data", default=DEFAULT_DATA, type=Path, help=f"Folder of {FILE}.")
@click.option("--seed", "seeds", default=[1, 2, 3], multiple=True, help="Repeatable.")
@click.option("--trials", default=50, help="Trials of each search.")
@click.option("--all-threads", is_flag=True, help="Also runs the loop with default threads.")
def main(data: Path, seeds: tuple[int, ...], trials: int, all_threads: bool) -> None:
    """Measures and prints."""
    if not (data / FILE).is_file():
        sys.exit(f"{data / FILE} is missing; name its folder with --data")
    rows = read(data)
    console = Console(width=130)
    found: dict[int, dict[str, Measured]] = {}
    searches = {OURS: ours, LOOP: one_thread_loop} | ({DEFAULT_LOOP: loop} if all_threads else {})
    with quiet():
        for search in searches.values():
            measured(search, rows, 2, 0)
        for seed in seeds:
            found[seed] = {}
            for name, search in searches.items():
                found[seed][name] = one = measured(search, rows, trials, seed)
                console.print(f"seed {seed}, {name}: {one.seconds:.1f} s, {one.other_auc:.4f}")
    report(found, len(rows.truth), console)


if __name__ == "__main__":
    main()
