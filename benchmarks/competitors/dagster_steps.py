"""What the steps of a Dagster run took, by its event log."""

import dagster as dg

# Besides the steps themselves.
AROUND = "planning, resources and the run's own events"


def step_seconds(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, float]:
    """Wall time of each step of a run, and of what is around the steps."""
    started: dict[str, float] = {}
    seconds: dict[str, float] = {}
    entries = instance.all_logs(run.run_id)
    for entry in entries:
        if entry.dagster_event_type == dg.DagsterEventType.STEP_START:
            started[str(entry.step_key)] = entry.timestamp
        if entry.dagster_event_type == dg.DagsterEventType.STEP_SUCCESS:
            name = str(entry.step_key).split("__")[-1]
            seconds[name] = entry.timestamp - started[str(entry.step_key)]
    whole = entries[-1].timestamp - entries[0].timestamp
    seconds[AROUND] = whole - sum(seconds.values())
    return seconds
