import numpy as np
import pytest

from mlops_drift.learning.gates.units import comparable
from mlops_drift_tests.learning.gates.candidates import BINARY, NUMBER

TRUTH = np.array([0.0, 4.0])


@pytest.mark.parametrize(
    ("target", "metric", "value", "told"),
    [
        (BINARY, "f1", 0.5, 0.5),
        (BINARY, "log_loss", 0.5, -0.5),
        (NUMBER, "r2", 0.5, 0.5),
        (NUMBER, "mae", 1.0, -0.5),
        (NUMBER, "rmse", 1.0, -0.25),
    ],
)
def test_more_is_better_in_units_of_the_truth(target, metric, value, told):
    assert comparable(metric, target, TRUTH, np.array([value])) == pytest.approx([told])


def test_a_constant_truth_has_no_units():
    assert np.isnan(comparable("mae", NUMBER, np.ones(3), np.array([1.0]))).all()
