from math import isnan

import numpy as np
import pytest

from mlops_drift.learning.gates.target_leakage import TargetLeakage
from mlops_drift.schema.columns import Column
from mlops_drift_tests.learning.gates.candidates import (
    BINARY,
    COLUMNS,
    NUMBER,
    TARGETS,
    THREE,
    candidate,
    rows,
)

GATE = TargetLeakage()


def with_column(target, make, type_="number", **gates):
    """A challenger whose column `leak` is made of the rows, by a seed for each part."""
    parts = {
        part: frame.assign(leak=make(frame, np.random.default_rng(number)))
        for number, (part, frame) in enumerate(
            {"train": rows(target, 600, 1), "test": rows(target, 400, 2)}.items()
        )
    }
    return candidate(target, **parts, columns={**COLUMNS, "leak": Column(type=type_)}, gates=gates)


def numbered(frame):
    return frame["y"].rank(method="dense") if frame["y"].dtype == object else frame["y"]


LEAKS = {
    "the answer": lambda frame, rng: numbered(frame),
    "the answer with a little noise": lambda frame, rng: (
        numbered(frame) + 0.02 * rng.normal(size=len(frame))
    ),
    "the answer upside down": lambda frame, rng: -numbered(frame),
    "a huge number": lambda frame, rng: np.exp(np.minimum(700, 5 * numbered(frame))),
}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_planted_leak_fails_by_its_name(target, leak):
    found = GATE.judge(with_column(target, LEAKS[leak]))
    assert (found.name, found.verdict, found.threshold) == ("target_leakage", "fail", 0.98)
    assert found.value > 0.98
    assert "'leak'" in found.summary
    assert "gates.trusted_columns" in found.advice
    assert found.tables["columns"][0]["column"] == "leak"


@pytest.mark.parametrize("target", [BINARY, THREE], ids=lambda target: target.kind)
def test_a_category_and_a_missing_value_leak_too(target):
    by_name = with_column(target, lambda frame, rng: "x" + frame["y"], "category")
    assert "'leak'" in GATE.judge(by_name).summary
    told = ["yes", "low"]
    by_gap = with_column(target, lambda frame, rng: frame["x"].mask(frame["y"].isin(told)))
    assert GATE.judge(by_gap).verdict == "fail"
    flag = with_column(target, lambda frame, rng: frame["y"].isin(told), "boolean")
    assert GATE.judge(flag).verdict == "fail"


def test_a_middle_that_means_one_class_leaks_without_an_order():
    middle = {"low": 0.0, "medium": 1.0, "high": 0.0}
    found = GATE.judge(with_column(THREE, lambda frame, rng: frame["y"].map(middle)))
    assert found.verdict == "fail"


def test_a_column_that_is_perfect_on_a_few_test_rows_by_chance_passes():
    def lucky(frame, rng):
        return np.where(rng.random(len(frame)) < 0.8, numbered(frame), 3 - numbered(frame))

    parts = {
        "train": rows(BINARY, 400, 1).assign(
            leak=lambda frame: lucky(frame, np.random.default_rng(3))
        ),
        "test": rows(BINARY, 20, 2).assign(leak=numbered),
    }
    columns = {**COLUMNS, "leak": Column(type="number")}
    found = GATE.judge(candidate(BINARY, **parts, columns=columns))
    assert found.verdict == "pass"
    assert {row["column"]: row["AUC"] for row in found.tables["columns"]}["leak"] < 0.9


def test_all_columns_that_leak_are_named_at_once():
    names = [f"leak{number}" for number in range(6)]
    parts = {
        part: rows(THREE, n, n).assign(**dict.fromkeys(names, numbered))
        for part, n in (("train", 300), ("test", 100))
    }
    columns = {**COLUMNS, **dict.fromkeys(names, Column(type="number"))}
    found = GATE.judge(candidate(THREE, **parts, columns=columns))
    assert found.verdict == "fail"
    assert "alone tells one of the classes" in found.summary
    assert all(repr(name) in found.advice for name in names)


def test_a_trusted_column_is_exempt():
    found = GATE.judge(with_column(BINARY, LEAKS["the answer"], trusted_columns=["leak"]))
    assert (found.verdict, "leak" in found.summary) == ("pass", False)
    everything = GATE.judge(candidate(BINARY, gates={"trusted_columns": list(COLUMNS)}))
    assert (everything.verdict, isnan(everything.value)) == ("pass", True)


def test_a_column_that_names_each_row_tells_nothing():
    found = GATE.judge(with_column(BINARY, lambda frame, rng: frame["id"].astype(str), "category"))
    assert found.verdict == "pass"
    assert {row["column"]: row["AUC"] for row in found.tables["columns"]}["leak"] <= 0.5


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_honest_columns_pass(target):
    found = GATE.judge(candidate(target))
    assert found.verdict == "pass"
    assert 0.2 < found.value < 0.9


def test_infinite_and_missing_numbers_are_bins_like_others():
    def odd(frame, rng):
        other = np.where(frame["flag"], -np.inf, np.nan)
        return np.where(rng.random(len(frame)) < 0.3, np.inf, other)

    assert GATE.judge(with_column(NUMBER, odd)).verdict == "pass"


def test_labels_of_one_class_are_unknown():
    found = GATE.judge(candidate(BINARY, test=rows(BINARY, 50, 2).assign(y="no")))
    assert found.verdict == "unknown"
    assert "two classes" in found.advice
