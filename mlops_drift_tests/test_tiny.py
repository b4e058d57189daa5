"""What the helpers of the end-to-end tests tell of a run."""

import dagster as dg

from mlops_drift_tests.tiny import failures


def outcome(op, **resources):
    job = dg.GraphDefinition("broken", node_defs=[op]).to_job(resource_defs=resources)
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, raise_on_error=False)


def refuse(*_):
    try:
        raise ValueError("no lake here")
    except ValueError as error:
        raise RuntimeError("cannot begin") from error


def test_a_step_that_fails_is_told_by_its_name_and_first_cause():
    result = outcome(dg.op(name="step")(lambda: refuse()))
    assert not result.success
    assert failures(result) == {"step": "ValueError: no lake here\n"}


def test_a_run_that_fails_before_its_steps_is_told_as_a_whole():
    op = dg.op(name="step", required_resource_keys={"lake"})(lambda: None)
    result = outcome(op, lake=dg.resource(refuse))
    assert not result.success
    assert failures(result) == {"run": "ValueError: no lake here\n"}
