import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.slices import NO_VALUE, Slices
from mlops_drift_tests.learning.gates.candidates import BINARY, NUMBER, candidate, rows

CITY = Slices(["city"])


def wrong_in(city, share, n=300, **changes):
    """A challenger that is right everywhere but on this share of the rows of a city."""
    test = rows(BINARY, n, 2)
    truth = test["y"].to_numpy()
    there = (test["city"] == city).to_numpy()
    wrong = there & (np.cumsum(there) <= share * there.sum())
    said = np.where(wrong, np.where(truth == "yes", "no", "yes"), truth)
    predicted = pd.DataFrame({"prediction": said, "score": 0.5})
    return candidate(BINARY, test=test, predicted=predicted, **changes)


def test_a_slice_that_is_served_badly_fails_by_its_name():
    found = CITY.judge(wrong_in("rome", 0.5))
    assert (found.name, found.verdict, found.threshold) == ("slices", "fail", 0.15)
    assert "city=rome" in found.summary
    assert found.value == pytest.approx(found.numbers["whole"] - 0.5, abs=0.01)
    worst = found.tables["slices"][0]
    assert (worst["slice"], worst["n"]) == ("city=rome", found.n)


def test_a_small_gap_passes():
    found = CITY.judge(wrong_in("rome", 0.1))
    assert found.verdict == "pass"
    assert 0 < found.value < 0.15


def test_a_gap_that_chance_explains_passes():
    found = CITY.judge(wrong_in("rome", 0.35, n=40, gates={"min_rows": 5}))
    assert found.value > 0.15
    assert found.verdict == "pass"


def test_an_error_has_a_gap_in_its_own_unit_and_a_limit_as_a_share():
    test = rows(NUMBER, 400, 2)
    off = np.where(test["city"] == "kyiv", 3.0, 0.1)
    predicted = pd.DataFrame({"prediction": test["y"] + off, "score": test["y"] + off})
    found = CITY.judge(candidate(NUMBER, test=test, predicted=predicted))
    assert found.verdict == "fail"
    assert "city=kyiv" in found.summary
    assert found.value == pytest.approx(3.0 - off.mean())
    assert found.threshold == pytest.approx(0.1 * off.mean())
    assert "accepted is 10 %" in found.summary


def test_rows_without_a_value_are_a_slice_and_several_columns_are_looked_at():
    new = wrong_in("rome", 0.6)
    empty = new.test.assign(city=new.test["city"].where(new.test["city"] != "rome", None))
    found = Slices(["flag", "city"]).judge(candidate(BINARY, test=empty, predicted=new.predicted))
    assert f"city={NO_VALUE}" in found.summary
    assert {row["slice"].split("=")[0] for row in found.tables["slices"]} == {"flag", "city"}


def test_without_a_large_enough_slice_it_is_unknown():
    found = CITY.judge(wrong_in("rome", 0.5, gates={"min_rows": 200}))
    assert found.verdict == "unknown"
    assert "has 200 of 300 test rows" in found.summary
