"""A gate of a third party is named in YAML and judged beside the shipped ones."""

import pytest

from mlops_drift.learning.gates.base import Gate
from mlops_drift.learning.gates.config import Gates, require_fitting
from mlops_drift.learning.gates.registry import gates_of
from mlops_drift_tests.learning.gates.candidates import BINARY, COLUMNS, candidate

PATH = f"{__name__}:FewRows"


class FewRows(Gate):
    """Passes where the test split has at most so many rows."""

    name = "few_rows"
    description = "The test split has few rows."

    def __init__(self, limit=1000):
        self.limit = limit

    def judge(self, candidate):
        excess = max(0, len(candidate.test) - self.limit)
        return self.counted(excess, len(candidate.test), f"{excess} rows.", "Cut.")


@pytest.mark.parametrize(
    ("extra", "verdict"), [(PATH, "pass"), ({"gate": PATH, "limit": 3}, "fail")]
)
def test_a_gate_by_import_path_is_judged_with_its_arguments(extra, verdict):
    gates = Gates(metrics={"f1": 0.1}, extra=[extra])
    require_fitting(gates, BINARY, COLUMNS)
    [gate] = [gate for gate in gates_of(gates, COLUMNS, None) if gate.name == "few_rows"]
    assert gate.judge(candidate(BINARY)).verdict == verdict


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("no_weekend", "'no_weekend' is not one of mlops_drift.gates: none is installed"),
        ("json:JSONDecoder", "must be a subclass of mlops_drift.learning.gates.base.Gate"),
        ({"gate": PATH, "most": 3}, "was given most: 3: .* unexpected keyword argument 'most'"),
    ],
)
def test_what_is_no_gate_or_takes_other_arguments_is_an_error(extra, message):
    gates = Gates(metrics={"f1": 0.1}, extra=[extra])
    with pytest.raises(ValueError, match=rf"^gates\.extra: .*{message}"):
        require_fitting(gates, BINARY, COLUMNS)


@pytest.mark.parametrize(
    "extra", [[PATH, PATH], ["mlops_drift.learning.gates.documented:Documented"]]
)
def test_two_gates_of_one_name_are_an_error(extra):
    gates = Gates(metrics={"f1": 0.1}, extra=extra)
    with pytest.raises(ValueError, match=r"^gates\.extra: there is more than one gate"):
        require_fitting(gates, BINARY, COLUMNS)
