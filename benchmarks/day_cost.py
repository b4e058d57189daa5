"""What a simulated day costs through Dagster, and where the time goes.

Walks glassware's first 30 days in a fresh folder, as `mlops-drift run` does, and measures the days
that a version served (the daily run and the sensor's look, without retrainings). Beside it, in the
same process and turn by turn, the same number of Dagster steps and checks that do nothing: what
Dagster itself costs here.

Run: make bench
"""

import os
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

# Before the project is imported: all state goes to a folder of its own.
_STATE = tempfile.TemporaryDirectory(prefix="mlops-drift-bench-")
os.environ["MLOPS_DRIFT_DATA"] = _STATE.name

import dagster as dg  # noqa: E402
from competitors.dagster_steps import step_seconds  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from mlops_drift.config.loading import find_model  # noqa: E402
from mlops_drift.simulation.historical_run import HistoricalRun  # noqa: E402
from mlops_drift.simulation.instance import open_instance, quiet  # noqa: E402
from mlops_drift.simulation.retrainings import Step  # noqa: E402

LAST_WARM_UP_DAY = date(2019, 7, 13)
LAST_DAY = date(2019, 7, 30)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


DAYS = dg.DailyPartitionsDefinition(start_date="2019-07-01")

# How many checks each of the six daily assets has.
CHECKS = (1, 0, 1, 0, 3, 4)


def empty_asset(number: int, checks: int) -> dg.AssetsDefinition:
    """A daily asset with checks, which does nothing."""
    key = dg.AssetKey(["empty", f"asset_{number}"])
    names = [f"check_{i}" for i in range(checks)]

    @dg.asset(
        key=key,
        deps=[dg.AssetKey(["empty", f"asset_{number - 1}"])] if number else [],
        partitions_def=DAYS,
        check_specs=[dg.AssetCheckSpec(name, asset=key) for name in names],
    )
    def asset() -> dg.MaterializeResult:
        results = [dg.AssetCheckResult(asset_key=key, check_name=i, passed=True) for i in names]
        return dg.MaterializeResult(check_results=results)

    return asset


def empty_job() -> dg.JobDefinition:
    """Six daily assets with as many checks that do nothing, like the daily job in shape."""
    definitions = dg.Definitions(
        assets=[empty_asset(number, checks) for number, checks in enumerate(CHECKS)],
        jobs=[dg.define_asset_job("empty_daily", partitions_def=DAYS)],
        executor=dg.in_process_executor,
    )
    return definitions.resolve_job_def("empty_daily")


def main() -> None:
    """Measures and prints."""
    days: list[float] = []
    empty: list[float] = []
    with quiet(), open_instance() as instance:
        model = find_model("glassware")
        HistoricalRun(model, instance, last=LAST_WARM_UP_DAY).run(lambda step, what: None)
        job = empty_job()
        job.execute_in_process(instance=instance, partition_key="2019-07-01", run_config=QUIET)
        begun: dict[date, float] = {}
        retrained: set[date] = set()

        def on_step(step: Step, what: str) -> None:
            if what == "running":
                begun[step.last] = time.perf_counter()
            elif what.startswith("retraining"):
                retrained.add(step.last)
            elif step.last in begun:
                taken = time.perf_counter() - begun[step.last]
                if step.last not in retrained:
                    days.append(taken)
                started = time.perf_counter()
                key = step.last.isoformat()
                job.execute_in_process(instance=instance, partition_key=key, run_config=QUIET)
                empty.append(time.perf_counter() - started)

        # The report is written once, after the last day.
        HistoricalRun(model, instance, last=LAST_DAY).run(on_step)
        runs = instance.get_runs(dg.RunsFilter(job_name="glassware_daily"), limit=10)
        parts = [step_seconds(instance, run) for run in runs]

    table = Table(title="One day of glassware through Dagster", title_justify="left")
    for column in ("what", "seconds (median)", "lowest", "highest"):
        table.add_column(column)

    def add(name: str, values: list[float]) -> None:
        table.add_row(
            name,
            f"{statistics.median(values):.2f}",
            f"{min(values):.2f}",
            f"{max(values):.2f}",
        )

    add(f"a day, with the sensor's look ({len(days)} days)", days)
    for name in parts[0]:
        add(f"  {name}", [part[name] for part in parts])
    add("the same steps and checks, empty", empty)
    console = Console(width=110)
    console.print(table)
    ratio = statistics.median(days) / statistics.median(empty)
    size = sum(file.stat().st_size for file in Path(_STATE.name).rglob("*") if file.is_file())
    console.print(f"ratio to empty steps: {ratio:.2f}; state after {LAST_DAY}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
