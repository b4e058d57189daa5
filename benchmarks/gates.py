"""How often the gates reject honest models by chance, and how often they find dishonest ones.

Models of every family are trained on small simulated worlds and judged by every gate at its
defaults. Everything is seeded; nothing is downloaded, and no file is left behind.
"""

import argparse
import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from dishonest import DISHONEST, copied
from gate_worlds import COLUMNS, MODEST, OF_NUMBERS, WORLDS, World, rows_of
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
from mlops_drift.learning.metrics.base import wilson
from mlops_drift.learning.model import fit, out_of_fold
from mlops_drift.learning.recipe import Recipe

# Test rows, and how many draws there are for one trial of the smallest.
SIZES = {60: 1.0, 200: 1.0, 600: 0.5, 2000: 0.1}
FAMILIES: tuple[str, ...] = tuple(SHIPPED)

# A test split is a fifth of a training set.
TRAIN_ROWS = 4


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


HONEST = "honest"
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
