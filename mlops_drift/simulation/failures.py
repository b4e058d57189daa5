"""What made a run of Dagster fail, for a user."""

import re
from typing import Any

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from mlops_drift.errors import InternalError, UserError, is_interruption
from mlops_drift.store.troubles import sentence


class Stopped(KeyboardInterrupt):
    """A person stopped the run; the message says where."""

    def __init__(self, day: object) -> None:
        super().__init__(f"stopped at {day}; the same command goes on there")


def stop_if_asked(result: dg.ExecuteInProcessResult, day: object) -> None:
    """Dagster turns Ctrl-C into a failed run; here it is a stop, and the next call goes on."""
    if is_interruption("".join(str(error) for _, error in errors_of(result))):
        raise Stopped(day)


def explained(result: dg.ExecuteInProcessResult, what: str) -> Exception:
    """What failed in a run, for a user, or the bug that it was."""
    try:
        listed = "\n  ".join(f"{where}{message_of(error)}" for where, error in errors_of(result))
    except InternalError as error:
        return error
    return UserError(f"{what}: run {result.run_id} failed\n  {listed}")


def errors_of(result: dg.ExecuteInProcessResult) -> list[tuple[str, Any]]:
    """The errors of failed steps, each with its step; where no step failed, those of the run."""
    failures = [
        (f"{event.step_key}: ", event.step_failure_data.error)
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.error
    ]
    return failures or [
        ("", getattr(event.event_specific_data, "error", None) or event.message)
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.RUN_FAILURE
    ]


def cause_of(error: Any) -> Any:
    """What is beneath Dagster's own errors."""
    while getattr(error, "cause", None) is not None and str(error.cls_name).startswith("Dagster"):
        error = error.cause
    return error


def message_of(error: Any) -> str:
    """What the project's code raised; an InternalError if only a developer can repair it."""
    error = cause_of(error)
    text = str(getattr(error, "message", error)).strip()
    # Python names an error by its module, which tells a user of the project nothing.
    own = re.sub(r"^(mlops_drift\.[\w.]+|dagster\.[\w.]+\.Failure): ", "", text)
    if own != text or not isinstance(error, SerializableErrorInfo):
        return own
    kind, _, rest = text.partition(": ")
    advice = sentence(kind if "." in kind else f"builtins.{kind}", rest, error.stack)
    if advice is None:
        raise InternalError(error.to_string())
    return advice
