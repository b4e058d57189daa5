"""The gates on what is stored: its description, and what a new process makes of it."""

import numpy as np
import pytest

from mlops_drift.learning.gates.base import FreshProcessError
from mlops_drift.learning.gates.documented import Documented
from mlops_drift.learning.gates.fresh_process import FreshProcess
from mlops_drift.schema.columns import Column
from mlops_drift_tests.learning.gates.candidates import BINARY, COLUMNS, candidate, knowing, rows

DOCUMENTED, FRESH = Documented(), FreshProcess()


def test_a_described_model_with_its_columns_passes_and_hears_which_are_not_described():
    found = DOCUMENTED.judge(candidate(BINARY))
    assert (found.verdict, found.value, found.n) == ("pass", 0.0, 5)
    assert "Columns without a description: x, z, count, flag, city." in found.summary
    described = {name: Column(type="number", description="Said.") for name in ("x", "z")}
    assert "without" not in DOCUMENTED.judge(candidate(BINARY, columns=described)).summary


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"description": " "}, "the model has no description"),
        ({"signature": None}, "the stored version has no signature"),
        ({"signature": tuple(COLUMNS)[1:]}, "the signature lacks x"),
    ],
)
def test_what_is_missing_fails_by_its_name(changes, told):
    found = DOCUMENTED.judge(candidate(BINARY, **changes))
    assert (found.verdict, found.value) == ("fail", 1.0)
    assert told in found.summary


def fresh(change):
    """What a new process predicts for 200 of 400 rows, changed."""
    predicted = knowing(BINARY)(rows(BINARY, 400, 2).head(200))
    return candidate(BINARY, fresh_predictions=lambda: change(predicted))


def test_the_same_predictions_pass():
    found = FRESH.judge(fresh(lambda predicted: predicted))
    assert (found.name, found.verdict, found.value, found.n) == ("fresh_process", "pass", 0.0, 200)


def test_the_last_bit_of_one_score_fails():
    def last_bit(predicted):
        score = predicted["score"].to_numpy().copy()
        score[7] = np.nextafter(score[7], 1)
        return predicted.assign(score=score)

    found = FRESH.judge(fresh(last_bit))
    assert (found.verdict, found.value) == ("fail", 1.0)
    assert "1 of 200 test rows are predicted differently" in found.summary


def test_another_class_and_missing_rows_fail():
    assert FRESH.judge(fresh(lambda predicted: predicted.assign(prediction="no"))).value > 50
    assert FRESH.judge(fresh(lambda predicted: predicted.head(3))).value == 200


def test_scores_that_are_no_numbers_are_the_same_where_their_bits_are():
    def undefined(frame):
        return knowing(BINARY)(frame).assign(score=np.nan)

    assert FRESH.judge(candidate(BINARY, undefined)).verdict == "pass"


def test_a_process_that_gives_nothing_is_unknown_with_its_reason():
    def broken():
        raise FreshProcessError("ModuleNotFoundError: No module named 'ours'")

    found = FRESH.judge(candidate(BINARY, fresh_predictions=broken))
    assert found.verdict == "unknown"
    assert "No module named 'ours'" in found.summary


def test_what_was_shown_before_is_not_shown_again():
    found = FRESH.judge(candidate(BINARY, fresh_predictions=None))
    assert found.verdict == "pass"
    assert "before" in found.summary
