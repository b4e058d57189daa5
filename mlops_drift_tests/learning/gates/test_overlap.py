import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.overlap import NoKeyOverlap, NoRowOverlap
from mlops_drift.schema.columns import Column
from mlops_drift_tests.learning.gates.candidates import BINARY, TARGETS, candidate, rows

KEYS, ROWS = NoKeyOverlap(), NoRowOverlap()


def test_shared_keys_are_counted_and_shown():
    train, test = rows(BINARY, 50, 1), rows(BINARY, 30, 2)
    test.loc[:2, "id"] = train["id"].to_numpy()[:3]
    found = KEYS.judge(candidate(BINARY, train=train, test=test))
    assert (found.verdict, found.value, found.threshold, found.n) == ("fail", 3.0, 0.0, 30)
    assert "3 of 30 test keys are also in the train split" in found.summary
    assert "100000, 100001, 100002" in found.summary


def test_disjoint_keys_pass():
    found = KEYS.judge(candidate(BINARY))
    assert (found.verdict, found.value, found.n) == ("pass", 0.0, 400)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_test_rows_that_are_in_the_train_part_under_new_keys_fail(target):
    train = rows(target, 600, 1)
    test = train.tail(100).assign(id=np.arange(100)).reset_index(drop=True)
    new = candidate(target, train=train, test=test)
    assert KEYS.judge(new).verdict == "pass"
    found = ROWS.judge(new)
    assert (found.name, found.verdict, found.value) == ("no_row_overlap", "fail", 1.0)
    assert "100.0% of 100 test rows have the same features and label" in found.summary


def test_a_tenth_of_the_rows_is_enough_and_missing_values_are_alike():
    train = rows(BINARY, 600, 1)
    train.loc[:99, ["x", "city"]] = None
    copied = pd.concat([train.head(40).assign(id=range(40)), rows(BINARY, 360, 2)])
    found = ROWS.judge(candidate(BINARY, train=train, test=copied))
    assert (found.verdict, found.value) == ("fail", 0.1)


def test_rows_of_few_categories_have_twins_without_fault():
    columns = {"city": Column(type="category"), "flag": Column(type="boolean")}
    found = ROWS.judge(candidate(BINARY, columns=columns))
    assert found.verdict == "pass"
    assert found.value == found.numbers["twins in the train split"] == 1


def test_half_of_the_rows_may_have_twins_where_half_have_them_in_the_train_part():
    def mixed(n, seed):
        frame = rows(BINARY, n, seed)
        return frame.assign(x=frame["x"].where(frame["flag"], 0), z=0.0, count=1, city="rome")

    found = ROWS.judge(candidate(BINARY, train=mixed(600, 1), test=mixed(400, 2)))
    assert 0.4 < found.numbers["twins in the train split"] < 0.6
    assert found.verdict == "pass"


def test_a_row_with_the_same_key_is_for_the_other_gate():
    train = rows(BINARY, 200, 1)
    new = candidate(BINARY, train=train, test=train.tail(50))
    assert KEYS.judge(new).verdict == "fail"
    assert ROWS.judge(new).verdict == "pass"
