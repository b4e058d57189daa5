"""Policies from a file, read as strictly as a model, and mistakes in it."""

import pytest
from click.testing import CliRunner

from mlops_drift.cli.main import main
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.simulation.variants import read_policies, standard_policies
from mlops_drift_tests.tiny import SPEC


def policies_of(folder, text):
    file = folder / "policies.yaml"
    file.write_text(text)
    spec = ModelSpec(**SPEC)
    return read_policies(file, spec, standard_policies(spec)), spec


def test_policies_of_a_file_differ_from_the_own_one_in_what_they_name(tmp_path):
    text = "careful: {cooldown_days: 30, retrain_on: [performance_drop]}\nold: {max_age_days: 60}"
    found, spec = policies_of(tmp_path, text)
    careful, old = found.values()
    assert careful.policy.cooldown_days == 30
    assert careful.policy.first_training_rows == spec.policy.first_training_rows
    assert careful.monitors == spec.monitors
    assert (old.policy, old.monitors.age.max_days) == (spec.policy, 60)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: {cooldown: 30}", "policy 'a', cooldown: there is no such field; there are"),
        ("a: {max_age_days: 0}", "policy 'a', max_age_days: Input"),
        ("a: {max_age_days: abc}", "policy 'a', max_age_days: .* valid integer"),
        ("a: {mode: alert}", "policy 'a': mode: nobody approves .* leave it out"),
        ("a: {approval: manual}", "policy 'a': approval: nobody approves .* leave it"),
        ("a: {training_windows: [recent]}", "policy 'a': .* needs window_days"),
        ("a: {retrain_on: [error_drift]}", "policy 'a': .* needs .*streaming"),
        ("a: {first_training_rows: 20}", "policy 'a': .* 6 test rows, fewer than the 10"),
        ("never: {cooldown_days: 3}", "policy 'never': the name belongs to a standard policy"),
        ("a: {}\n---\nb: {}", "policies.yaml holds 2 documents; make them one"),
        ("", "policies.yaml must map a name to fields of a policy"),
    ],
)
def test_a_mistake_in_the_file_of_policies_is_named(tmp_path, text, told):
    with pytest.raises(UserError, match=told):
        policies_of(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "off: {retrain_on: []}",
            'line 1, column 1: YAML reads off as false; put it in quotes: "o',
        ),
        ("a:\n  cooldown_days: 012", "line 2, column 18: YAML reads 012 as 10; write a number in"),
        ("a: {max_age_days: 1_000}", "line 1, column 19: YAML reads 1_000 as 1000"),
        ("a: {mode: {alert}", "line 1, column 11: braces make a mapping; put a text in quotes"),
        ("- a", "line 1, column 1: fields are expected here"),
        ("a: 3", "line 1, column 4: found '3', where fields are expected"),
        ("a: {cooldown: 30}", "policies.yaml: policy 'a', cooldown: there is no such field"),
    ],
)
def test_the_file_of_policies_is_read_as_strictly_as_a_model(tmp_path, text, told):
    file = tmp_path / "policies.yaml"
    file.write_text(text)
    result = CliRunner().invoke(main, ["backtest", "glassware", "--policies", str(file)])
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output
