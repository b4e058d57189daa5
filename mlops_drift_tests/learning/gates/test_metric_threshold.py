import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.metric_threshold import MetricThreshold
from mlops_drift_tests.learning.gates.candidates import BINARY, NUMBER, candidate, rows


def reaching(share):
    """A challenger that is right on this share of 100 test rows."""
    test = rows(BINARY, 100, 2)
    truth = test["y"].to_numpy()
    wrong = np.arange(100) >= round(100 * share)
    said = np.where(wrong, np.where(truth == "yes", "no", "yes"), truth)
    predicted = pd.DataFrame({"prediction": said, "score": np.where(said == "yes", 0.9, 0.1)})
    return candidate(BINARY, test=test, predicted=predicted)


@pytest.mark.parametrize(("share", "verdict"), [(0.81, "pass"), (0.8, "pass"), (0.79, "fail")])
def test_a_lower_limit_is_reached_or_not(share, verdict):
    found = MetricThreshold("accuracy", 0.8).judge(reaching(share))
    assert (found.name, found.verdict) == ("test_accuracy", verdict)
    assert (found.value, found.threshold, found.n) == (share, 0.8, 100)
    assert found.numbers["lower"] < share < found.numbers["upper"]
    assert f"{share:.4g}" in found.summary
    assert "at least 0.8" in found.summary


@pytest.mark.parametrize(("limit", "verdict"), [(0.51, "pass"), (0.5, "pass"), (0.49, "fail")])
def test_an_error_has_an_upper_limit(limit, verdict):
    test = rows(NUMBER, 50, 2)
    new = candidate(
        NUMBER,
        test=test.assign(y=0.0),
        predicted=pd.DataFrame({"prediction": [0.5, -0.5] * 25, "score": [0.5, -0.5] * 25}),
    )
    found = MetricThreshold("rmse", limit).judge(new)
    assert (found.verdict, found.value) == (verdict, 0.5)
    assert "at most" in found.summary


def test_an_undefined_metric_is_unknown_with_what_to_look_at():
    test = rows(BINARY, 40, 2).assign(y="no")
    found = MetricThreshold("auc", 0.7).judge(candidate(BINARY, test=test))
    assert found.verdict == "unknown"
    assert np.isnan(found.value)
    assert "labels of every class" in found.advice
