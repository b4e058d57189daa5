"""The gate on the compiled form."""

from dataclasses import replace
from functools import partial

import numpy as np

from mlops_drift.learning.compiled.compile import compiled
from mlops_drift.learning.compiled.proof import differs
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.gates.compiled_equal import CompiledEqual
from mlops_drift_tests.learning.gates.candidates import BINARY, COLUMNS, candidate, rows

GATE = CompiledEqual()


def trees():
    """A pipeline of trees, and its form."""
    train = rows(BINARY, 300, 1)
    pipeline = family("lightgbm").build({"n_estimators": 5}, COLUMNS, BINARY, 0)
    pipeline.fit(train[list(COLUMNS)], train["y"].to_numpy())
    return pipeline, compiled(family("lightgbm"), pipeline, BINARY)


def judged(pipeline, form):
    compare = partial(differs, form, pipeline, BINARY, COLUMNS)
    return GATE.judge(candidate(BINARY, compiled_differs=compare))


def test_a_form_that_predicts_the_same_passes_on_test_rows_and_strange_ones():
    found = judged(*trees())
    assert (found.verdict, found.value) == ("pass", 0.0)
    assert found.n > 400 + 20 * len(COLUMNS)


def test_a_value_that_only_strange_rows_have_fails():
    pipeline, form = trees()
    assert form.bound == 1e30
    x, *others = form.features
    found = judged(pipeline, replace(form, features=(replace(x, missing=1e6), *others)))
    assert found.verdict == "fail"
    assert "0 of 400 test rows and" in found.finding
    assert found.value > 0


def test_trees_of_another_model_fail_on_test_rows():
    pipeline, _ = trees()
    other = family("lightgbm").build({"n_estimators": 6}, COLUMNS, BINARY, 0)
    train = rows(BINARY, 300, 1)
    other.fit(train[list(COLUMNS)], train["y"].to_numpy())
    found = judged(pipeline, compiled(family("lightgbm"), other, BINARY))
    assert found.value > 400
    assert found.summary.startswith("The compiled form predicts 400 of 400 test rows")


def test_a_version_without_a_form_passes_and_its_pipeline_predicts():
    found = GATE.judge(candidate(BINARY))
    assert (found.verdict, found.n) == ("pass", 0)
    assert "the pipeline itself predicts" in found.finding


def test_the_rows_hold_what_no_column_has_seen():
    seen = []

    def keep(frame):
        seen.append(frame)
        return np.zeros(len(frame), dtype=bool)

    GATE.judge(candidate(BINARY, compiled_differs=keep))
    for name in COLUMNS:
        assert seen[0][name].isna().any()
    assert seen[0]["x"].map(lambda value: value is not None and abs(value) > 1e300).any()
    assert "a category that nobody has ever seen" in set(seen[0]["city"])
