"""A pipeline without a compiled form is asked in a process of its own."""

import pickle
import signal
import sys
from pathlib import Path

import pytest

from mlops_drift.learning.families.base import predicted
from mlops_drift.serving.description import DerivedColumn, Description, ServedTarget, SourceColumn
from mlops_drift.serving.pipeline_scorer import PipelineError, PipelineScorer
from mlops_drift_tests.learning.compiled.forms import fitted, hard, records
from mlops_drift_tests.learning.samples import BINARY

COLUMNS = {"x": "number", "count": "integer", "flag": "boolean"}
DESCRIPTION = Description(
    name="towns",
    key="id",
    key_type="text",
    columns={name: SourceColumn(kind) for name, kind in COLUMNS.items()},
    derived={"city": DerivedColumn("category")},
    target=ServedTarget("y", "binary", ("good", "bad"), "good"),
    example={},
)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    file = tmp_path_factory.mktemp("pipeline") / "pipeline.pkl"
    file.write_bytes(pickle.dumps(fitted(0, "linear")))
    made = PipelineScorer(file, DESCRIPTION)
    yield made
    made.close()


def test_rows_are_scored_as_by_the_pipeline_itself(scorer):
    rows = hard(BINARY, 60)
    wanted, found = predicted(fitted(0, "linear"), BINARY, rows), scorer.score(records(rows))
    assert [one.prediction for one in found] == wanted.prediction.tolist()
    assert [one.score for one in found] == wanted.score.tolist()
    assert [list(one.probabilities) for one in found] == wanted.probabilities.tolist()


def test_what_the_pipeline_raises_is_an_error_and_the_process_goes_on(scorer):
    rows = records(hard(BINARY, 20))
    before = scorer._process.pid
    with pytest.raises(PipelineError, match="Error: "):
        scorer.score([])
    assert len(scorer.score(rows)) == 20
    assert scorer._process.pid == before


def test_a_process_that_was_killed_is_begun_again(scorer):
    rows = records(hard(BINARY, 20))
    wanted = scorer.score(rows)
    scorer._process.kill()
    scorer._process.wait()
    assert scorer.score(rows) == wanted


# What is longer than a pipe holds is not taken by a process that hangs.
@pytest.mark.parametrize("n", [20, 3000])
def test_a_process_that_hangs_is_ended_and_begun_again(scorer, monkeypatch, n):
    rows = n // 20 * records(hard(BINARY, 20))
    wanted = scorer.score(rows)
    hung = scorer._process
    hung.send_signal(signal.SIGSTOP)
    monkeypatch.setattr("mlops_drift.serving.pipeline_scorer.ANSWER_SECONDS", 0.1)
    with pytest.raises(PipelineError, match="did not answer in time"):
        scorer.score(rows)
    assert hung.poll() is not None
    assert scorer.score(rows) == wanted


def test_a_process_that_hangs_keeps_nobody_from_closing_it(scorer):
    scorer.score(records(hard(BINARY, 20)))
    hung = scorer._process
    hung.send_signal(signal.SIGSTOP)
    scorer.close()
    assert hung.poll() is not None


@pytest.mark.parametrize(
    "answer", [b"\2\0\0\0\0\0\0\0[", b"\xff" * 8 + b"[", b"\3\0\0\0\0\0\0\0xyz"]
)
def test_what_is_no_whole_answer_ends_the_process(scorer, monkeypatch, answer):
    script = f"import sys, time; sys.stdout.buffer.write({answer!r}); sys.stdout.flush()"
    other = PipelineScorer(Path("none"), DESCRIPTION)
    monkeypatch.setattr(other, "_command", [sys.executable, "-c", f"{script}; time.sleep(100)"])
    monkeypatch.setattr("mlops_drift.serving.pipeline_scorer.START_SECONDS", 0.5)
    with pytest.raises(PipelineError, match="has ended, or did not answer in time"):
        other.score([])
    assert other._process.poll() is not None
