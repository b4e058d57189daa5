"""The compiled form scores rows and tables as the pipeline that it was made of, bit for bit."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.learning.compiled.compile import compiled
from mlops_drift.learning.compiled.form import Form
from mlops_drift.learning.compiled.proof import differs
from mlops_drift.learning.compiled.scorer import TOGETHER, CompiledScorer
from mlops_drift.learning.compiled.tables import TableScorer
from mlops_drift.learning.compiled.trees import Trees, TreesError
from mlops_drift.learning.families.base import predicted
from mlops_drift.learning.families.registry import family
from mlops_drift_tests.learning.compiled.forms import KINDS, NAMES, fitted, form, hard, records
from mlops_drift_tests.learning.samples import BINARY, MIXED, NUMBER

every_kind = pytest.mark.parametrize("place", range(len(KINDS)), ids=NAMES)


def same(scored, wanted):
    """Whether rows were scored as wanted, to the last bit."""
    assert [one.prediction for one in scored] == list(wanted.prediction)
    assert [one.score for one in scored] == list(wanted.score)
    if wanted.probabilities is None:
        return all(one.probabilities is None for one in scored)
    return [list(one.probabilities) for one in scored] == wanted.probabilities.tolist()


@every_kind
def test_rows_one_by_one_and_together_are_scored_as_by_the_pipeline(place):
    target, rows = KINDS[place][0], hard(KINDS[place][0])
    wanted, scorer = predicted(fitted(place), target, rows), CompiledScorer(form(place))
    assert same([scorer.score([row])[0] for row in records(rows)], wanted)
    assert same(scorer.score(records(rows)), wanted)
    few = TOGETHER - 1
    assert scorer.score(records(rows)[:few]) == scorer.score(records(rows))[:few]


@every_kind
def test_a_table_is_scored_as_by_the_pipeline(place):
    target, rows = KINDS[place][0], hard(KINDS[place][0])
    wanted = predicted(fitted(place), target, rows)
    found = TableScorer(form(place), target).predicted(pa.Table.from_pandas(rows))
    assert found.prediction.tolist() == wanted.prediction.tolist()
    assert found.score.tolist() == wanted.score.tolist()
    if target.is_classification:
        assert found.probabilities.tolist() == wanted.probabilities.tolist()


@every_kind
def test_a_form_is_plain_json_with_a_digest_of_its_own(place):
    one = form(place)
    read = Form.from_plain(json.loads(json.dumps(one.to_plain())))
    assert read == one
    assert read.digest == one.digest
    assert replace(one, bound=1.0).digest != one.digest


def test_every_bit_counts_in_the_proof():
    rows = hard(BINARY, 40)
    assert not differs(form(0), fitted(0), BINARY, MIXED, rows).any()
    x, *others = form(0).features
    moved = replace(form(0), features=(replace(x, missing=0.0), *others))
    assert differs(moved, fitted(0), BINARY, MIXED, rows).any()
    # The same class from a probability that is another in its last bits.
    nearly = replace(form(0), weights=(1.0, 1.0 + 2**-52))
    assert differs(nearly, fitted(0), BINARY, MIXED, rows).any()


def test_a_column_that_a_row_leaves_out_is_missing():
    scorer = CompiledScorer(form(0))
    assert scorer.score([{}]) == scorer.score([dict.fromkeys(MIXED)])


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "x": st.none() | st.floats(allow_nan=False),
                "count": st.none() | st.integers(-(2**63), 2**63 - 1),
                "flag": st.none() | st.booleans(),
                "city": st.none() | st.sampled_from(["oslo", "rome"]) | st.text(max_size=3),
            }
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(deadline=None, max_examples=30)
def test_whatever_a_row_holds_it_is_scored_alike_alone_and_in_a_table(rows):
    types = {"x": pa.float64(), "count": pa.int64(), "flag": pa.bool_(), "city": pa.string()}
    table = pa.Table.from_pylist(rows, schema=pa.schema(types))
    scorer, found = CompiledScorer(form(6)), TableScorer(form(6), NUMBER).predicted(table)
    assert [scorer.score([row])[0].score for row in rows] == found.score.tolist()


def test_threads_share_a_scorer():
    scorer, rows = CompiledScorer(form(4)), records(hard(KINDS[4][0], 100))
    wanted = [scorer.score([row])[0] for row in rows]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [scorer.score([row])[0] for row in rows], range(16)):
            assert found == wanted


@pytest.mark.parametrize("name", ["linear", "random_forest", "hist_gradient_boosting"])
def test_other_families_have_no_compiled_form(name):
    assert compiled(family(name), fitted(0, name), BINARY) is None


def test_a_text_that_is_no_model_is_rejected():
    with pytest.raises(TreesError):
        Trees("no model")


def test_scoring_rows_needs_the_standard_library_alone():
    code = (
        "import sys, mlops_drift.learning.compiled.scorer;"
        "print(sorted({'numpy', 'pandas', 'sklearn', 'lightgbm', 'pickle'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_classes_that_no_fit_has_seen_have_a_probability_of_zero():
    target = KINDS[4][0]
    rows, truth = hard(target, 200), np.where(np.arange(200) % 2, "low", "high")
    pipeline = family("lightgbm").build({"n_estimators": 3}, MIXED, target, 0).fit(rows, truth)
    scored = CompiledScorer(compiled(family("lightgbm"), pipeline, target)).score(records(rows))
    assert same(scored, predicted(pipeline, target, rows))
    assert {one.probabilities[1] for one in scored} == {0.0}
