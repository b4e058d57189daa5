"""How often the gates reject honest models by chance, and how often they find dishonest ones.

Models of every family are trained on small simulated worlds and judged by every gate at its
defaults. Everything is seeded; nothing is downloaded, and no file is left behind.
"""

import argparse
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from mlops_drift.learning.config import BusinessValue, Training
from mlops_drift.learning.families.registry import SHIPPED
from mlops_drift.learning.gates.base import FRESH_ROWS, Candidate, ChampionComparison, Gate
from mlops_drift.learning.gates.beats_champion import BeatsChampion
from mlops_drift.learning.gates.config import Gates
from mlops_drift.learning.gates.cv_test_gap import CvTestGap
from mlops_drift.learning.gates.distribution import PredictionDistribution
from mlops_drift.learning.gates.overlap import NoRowOverlap
from mlops_drift.learning.gates.refit_consistency import RefitConsistency
from mlops_drift.learning.gates.registry import gates_of
from mlops_drift.learning.gates.target_leakage import TargetLeakage
from mlops_drift.learning.metrics.base import Array, wilson
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.learning.model import fit, out_of_fold
from mlops_drift.learning.recipe import Recipe
from mlops_drift.schema.columns import Column, Target

COLUMNS = {
    "x": Column(type="number"),
    "z": Column(type="number"),
    "count": Column(type="integer"),
    "flag": Column(type="boolean"),
    "city": Column(type="category"),
}
CITIES = ["oslo", "rome", "kyiv"]
LEAK = "refund"

# Test rows, and how many draws there are for one trial of the smallest.
SIZES = {60: 1.0, 200: 1.0, 600: 0.5, 2000: 0.1}
FAMILIES: tuple[str, ...] = tuple(SHIPPED)

# What a search settles on where rows are few and noise is large.
MODEST: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "learning_rate": 0.1,
        "num_leaves": 4,
        "min_child_samples": 10,
        "n_estimators": 100,
    },
    "linear": {"degree": 1, "C": 1.0},
    "random_forest": {"n_estimators": 50, "min_samples_leaf": 8, "max_features": 0.5},
    "hist_gradient_boosting": {
        "max_iter": 100,
        "learning_rate": 0.1,
        "max_leaf_nodes": 4,
        "min_samples_leaf": 10,
        "l2_regularization": 1.0,
    },
}

# A test split is a fifth of a training set.
TRAIN_ROWS = 4


@dataclass(frozen=True)
class World:
    """What is predicted, by which metrics in turn, and how the errors of a regression are drawn."""

    name: str
    target: Target
    metrics: tuple[MetricName, ...]
    errors: Callable[[np.random.Generator, int], Array] | None = None


def _classes(*names: str) -> dict[str, Any]:
    return {"column": "y", "kind": "binary" if len(names) == 2 else "multiclass", "classes": names}


NUMBER = Target(column="y", kind="regression")
OF_NUMBERS: tuple[MetricName, ...] = ("mae", "rmse", "r2")


def _lognormal(sigma: float) -> Callable[[np.random.Generator, int], Array]:
    """Errors around their mean."""
    return lambda rng, n: rng.lognormal(0, sigma, n) - np.exp(sigma**2 / 2)


WORLDS = (
    World("normal", NUMBER, OF_NUMBERS, lambda rng, n: rng.normal(size=n)),
    World("t(3)", NUMBER, OF_NUMBERS, lambda rng, n: rng.standard_t(3, n)),
    World("log-normal(1)", NUMBER, OF_NUMBERS, _lognormal(1)),
    World("log-normal(2)", NUMBER, OF_NUMBERS, _lognormal(2)),
    World(
        "binary",
        Target(**_classes("no", "yes"), positive="yes"),
        ("accuracy", "f1", "auc", "log_loss"),
    ),
    World("multiclass", Target(**_classes("low", "medium", "high")), ("accuracy", "f1_macro")),
)


def rows_of(world: World, rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Keys, features of every type, and labels."""
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "count": rng.integers(0, 5, n),
            "flag": rng.random(n) < 0.5,
            "city": rng.choice(CITIES, n),
        }
    )
    signal = (frame["x"] + frame["z"] + 0.8 * (frame["city"] == "rome") - 0.3).to_numpy()
    if world.errors is not None:
        # With the errors' quartiles as far apart as those of the signal.
        usual = world.errors(np.random.default_rng(0), 100_000)
        scale = np.subtract(*np.quantile(usual, [0.75, 0.25])) / 2.0
        return frame.assign(y=scale * signal + world.errors(rng, n))
    levels = np.array([0.0, 1.2, 0.0] if world.target.kind == "multiclass" else [0.0, -0.6])
    slopes = np.array([-2.0, 0.0, 2.0] if world.target.kind == "multiclass" else [0.0, 1.5])
    odds = np.exp(levels + slopes * signal[:, None])
    chances = (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)
    drawn = (rng.random(n)[:, None] > chances[:, :-1]).sum(axis=1)
    return frame.assign(y=np.array(world.target.classes, dtype=object)[drawn])


@dataclass(frozen=True)
class Task:
    """One honest model, and what is made of it."""

    world: int
    family: str
    n: int
    seed: int


@dataclass(frozen=True)
class Found:
    """The verdicts on one model, by gate."""

    task: Task
    what: str
    verdicts: Mapping[str, str]

    @property
    def rejected(self) -> bool:
        """Whether any gate keeps it from serving."""
        return any(verdict != "pass" for verdict in self.verdicts.values())


def judged(task: Task) -> list[Found]:
    """The verdicts of all gates on an honest model, and on what is made of it."""
    world = WORLDS[task.world]
    rng = np.random.default_rng([task.world, FAMILIES.index(task.family), task.n, task.seed])
    with threadpool_limits(1):
        honest = challenger(world, task, rows_of(world, rng, task.n * (TRAIN_ROWS + 1)))
        # The first gate is the user's own limit.
        gates = gates_of(honest.gates, honest.columns, honest.business)[1:]
        found = [Found(task, HONEST, verdicts(gates, honest))]
        for what, change in DISHONEST.items():
            watching = [OVERLAP] if change is copied else WATCHING
            found.append(Found(task, what, verdicts(watching, change(honest, task.family, rng))))
    return found


def verdicts(gates: Sequence[Gate], candidate: Candidate) -> dict[str, str]:
    """The verdict of each gate."""
    return {gate.name: gate.judge(candidate).verdict for gate in gates}


def challenger(world: World, task: Task, rows: pd.DataFrame) -> Candidate:
    """An honest challenger, fitted on the train split alone."""
    train, test = rows.iloc[: -task.n], rows.iloc[-task.n :].reset_index(drop=True)
    turn = task.seed + list(SIZES).index(task.n) + FAMILIES.index(task.family)
    metric = world.metrics[turn % len(world.metrics)]
    training, recipe = Training(metric=metric), Recipe(task.family, MODEST[task.family])
    learned = train[list(COLUMNS)], train["y"].to_numpy(), COLUMNS, world.target
    model = fit(recipe, *learned, training.seed)
    predicted, fresh = model.predict(test), test[list(COLUMNS)].head(FRESH_ROWS)
    right = [{"truth": name, "prediction": name, "value": 1} for name in world.target.classes or []]
    return Candidate(
        target=world.target,
        columns=COLUMNS,
        metric=metric,
        seed=training.seed,
        gates=Gates(metrics={metric: 0.0}, slices=["city", "flag"]),
        business=BusinessValue(outcomes=right) if right else None,
        description="What y will be.",
        key="id",
        train=train,
        test=test,
        predicted=predicted,
        predict=model.predict,
        out_of_fold=out_of_fold(recipe, *learned, training),
        size=len(pickle.dumps(model.pipeline)),
        signature=tuple(COLUMNS),
        fresh_rows=fresh,
        fresh_predictions=lambda: pickle.loads(pickle.dumps(model)).predict(fresh),
        refitted=lambda: fit(recipe, *learned, training.seed).predict(test),
        made_by_this_code=True,
        champion_comparison=None,
    )


def of_all_rows(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """The same recipe, fitted on the test split too."""
    rows, recipe = pd.concat([honest.train, honest.test]), Recipe(family, MODEST[family])
    features, truth = rows[list(COLUMNS)], rows["y"].to_numpy()
    greedy = fit(recipe, features, truth, COLUMNS, honest.target, honest.seed)
    return replace(honest, predicted=greedy.predict(honest.test))


def half_by_heart(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """Knows a random half of the test rows."""
    return replace(honest, predicted=_knowing(honest, rng.random(len(honest.test)) < 0.5))


def all_by_heart(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """Knows all test rows."""
    return replace(honest, predicted=_knowing(honest, np.full(len(honest.test), True)))


def _knowing(honest: Candidate, known: Array) -> pd.DataFrame:
    truth, predicted = honest.tested.truth, honest.predicted
    sure = truth if not honest.target.is_classification else np.full(len(truth), 0.95)
    if honest.target.kind == "binary":
        sure = np.where(truth == honest.target.positive, 0.95, 0.05)
    return pd.DataFrame(
        {
            "prediction": np.where(known, truth, honest.tested.prediction),
            "score": np.where(known, sure, honest.tested.score).astype(float),
        },
        index=predicted.index,
    )


def leaking(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """A further column tells the label, but for a little noise."""
    numbers = honest.train["y"], honest.test["y"]
    if honest.target.is_classification:
        codes = {name: code for code, name in enumerate(honest.target.classes or [])}
        numbers = tuple(part.map(codes) for part in numbers)
    middle = float(np.subtract(*np.quantile(numbers[0], [0.75, 0.25])))
    noise = 0.1 if honest.target.is_classification else 0.02 * middle
    train, test = (
        part.assign(**{LEAK: number + noise * rng.normal(size=len(part))})
        for part, number in zip((honest.train, honest.test), numbers, strict=True)
    )
    return replace(honest, train=train, test=test, columns={**COLUMNS, LEAK: Column(type="number")})


def copied(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """A quarter of the test rows are in the train split too, under other keys."""
    twins = honest.test[rng.random(len(honest.test)) < 0.25]
    twins = twins.assign(id=-1 - np.arange(len(twins)))
    return replace(honest, train=pd.concat([honest.train, twins], ignore_index=True))


def constant(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """Always says what is most frequent, or the mean."""
    labels = honest.train["y"]
    said = labels.mode().iloc[0] if honest.target.is_classification else labels.mean()
    score = 0.5 if honest.target.is_classification else said
    same = pd.DataFrame({"prediction": said, "score": score}, index=honest.predicted.index)
    return replace(honest, predicted=same, refitted=lambda: same)


HONEST = "honest"
DISHONEST: dict[str, Callable[[Candidate, str, np.random.Generator], Candidate]] = {
    "fitted on train and test split": of_all_rows,
    "knows half of the test rows": half_by_heart,
    "knows all test rows": all_by_heart,
    "a column tells the label": leaking,
    "a constant": constant,
    "a quarter of the test rows are train rows too": copied,
}
# The gates that look for these.
OVERLAP = NoRowOverlap()
WATCHING = (PredictionDistribution(), TargetLeakage(), CvTestGap(), RefitConsistency())


def equals(world: World, n: int, comparison: str, draws: int) -> int:
    """How often a challenger that is as good as the champion is accepted."""
    accepted = 0
    for seed in range(draws):
        rng = np.random.default_rng([n, seed])
        rows = rows_of(world, rng, n)
        level = rows["y"] - rows["y"].mean()
        usual = float(np.subtract(*np.quantile(level, [0.75, 0.25])))
        said = [level * 0.3 + 0.2 * usual * rng.normal(size=n) for _ in range(2)]
        both = [pd.DataFrame({"prediction": one, "score": one}) for one in said]
        metric = OF_NUMBERS[seed % 2]
        duelling = Candidate(
            target=world.target,
            columns=COLUMNS,
            metric=metric,
            seed=seed,
            gates=Gates(metrics={metric: 0.0}, comparison=comparison),
            business=None,
            description="",
            key="id",
            train=rows,
            test=rows,
            predicted=both[0],
            predict=lambda rows: rows,
            out_of_fold=None,
            size=0,
            signature=None,
            fresh_rows=rows,
            fresh_predictions=None,
            refitted=None,
            made_by_this_code=True,
            champion_comparison=ChampionComparison(rows["y"].to_numpy(), *both),
        )
        accepted += BeatsChampion().judge(duelling).verdict == "pass"
    return accepted


def share(count: int, n: int) -> str:
    """A share with its 95 % interval."""
    low, high = wilson(count / n, n, 0.95)
    return f"{count} of {n} ({100 * low:.1f} to {100 * high:.1f} %)"


def table_of(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def honest_table(found: Sequence[Found]) -> Table:
    """How often each gate rejects honest models."""
    table = table_of("Honest models rejected", "gate", *(world.name for world in WORLDS), "all")
    names = list(dict.fromkeys(name for one in found for name in one.verdicts))
    for name in [*names, "any of them"]:
        cells = []
        for number in [*range(len(WORLDS)), None]:
            here = [
                one.rejected if name not in names else one.verdicts[name] != "pass"
                for one in found
                if number in (None, one.task.world) and name in {*one.verdicts, "any of them"}
            ]
            text = "" if not here else f"{sum(here)} of {len(here)}"
            cells.append(share(sum(here), len(here)) if number is None else text)
        table.add_row(name, *cells)
    return table


def by_size_table(found: Sequence[Found]) -> Table:
    """The same by rows of the test split and by family, for all gates together."""
    table = table_of("Honest models rejected by any gate", "which", "rejected")
    for what, value in [("n", n) for n in SIZES] + [("family", name) for name in FAMILIES]:
        here = [one.rejected for one in found if getattr(one.task, what) == value]
        if here:
            table.add_row(
                f"{value} test rows" if what == "n" else value, share(sum(here), len(here))
            )
    return table


def dishonest_table(found: Sequence[Found]) -> Table:
    """How often dishonest models are rejected, and by which gate."""
    names = [gate.name for gate in (*WATCHING, OVERLAP)]
    table = table_of("Dishonest models rejected", "model", "rejected", *names)
    for what in DISHONEST:
        here = [one for one in found if one.what == what]
        rejected = share(sum(one.rejected for one in here), len(here))
        by_gate = [[one.verdicts[name] for one in here if name in one.verdicts] for name in names]
        cells = [
            f"{100 * sum(one != 'pass' for one in some) / len(some):.0f} %" if some else ""
            for some in by_gate
        ]
        table.add_row(what, rejected, *cells)
    return table


def champion_table(draws: int) -> Table:
    """What becomes of challengers that are as good as the champion."""
    table = table_of(
        "As good as the champion", "errors", "rows", "better: accepted", "not_worse: rejected"
    )
    for world in WORLDS[:4]:
        for n in (60, 600):
            better, not_worse = (equals(world, n, how, draws) for how in ("better", "not_worse"))
            table.add_row(world.name, str(n), share(better, draws), share(draws - not_worse, draws))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--trials",
        type=int,
        default=10,
        help="draws of each world and family with 60 test rows (default: 10)",
    )
    arguments = parser.parse_args()
    # The largest first, so that no process waits for another.
    tasks = [
        Task(number, name, n, seed)
        for n, part in reversed(SIZES.items())
        for seed in range(max(1, round(arguments.trials * part)))
        for number in range(len(WORLDS))
        for name in FAMILIES
    ]
    with ProcessPoolExecutor(2) as pool:
        found = [one for many in pool.map(judged, tasks, chunksize=4) for one in many]
    honest = [one for one in found if one.what == HONEST]
    console = Console(width=200)
    console.print(honest_table(honest))
    console.print(by_size_table(honest))
    console.print(dishonest_table(found))
    console.print(champion_table(20 * arguments.trials))


if __name__ == "__main__":
    main()
