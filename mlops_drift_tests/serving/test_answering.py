import msgspec
import pytest

from mlops_drift.serving.answering import (
    AT_ONCE,
    DERIVED_AT_ONCE,
    NotAnsweredError,
    after_timeout,
    answer,
    is_short,
)
from mlops_drift.serving.description import DerivedColumn, SourceColumn
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.serving.service import LoadedVersion
from mlops_drift_tests.serving.service import DESCRIPTION, NOW, ROW, Line, Young


def loaded(description=DESCRIPTION, **parts):
    return LoadedVersion(3, description, Line(), **parts)


def rows_of(version, *ages):
    raws = [ROW | {"policy_id": number, "age": age} for number, age in enumerate(ages)]
    return version.reader.read(raws, NOW).rows


class OnlyYoung(Young):
    """Rules that know no answer after a failure."""

    def after(self, probabilities, failure):
        return None


def test_the_model_answers_and_its_answer_is_kept():
    version = loaded()
    [row] = answer(version, rows_of(version, 80))
    assert (row.key, row.prediction, row.served_by, row.reason) == (0, "yes", "MODEL", None)
    assert row.model == ModelAnswer("yes", 0.4, (0.6, 0.4))
    assert row.features == row.row


def test_rules_answer_before_the_model_and_after_it():
    version = loaded(rules=Young())
    early, unsure, sure = answer(version, rows_of(version, 12, 90, 40))
    assert (early.served_by, early.reason) == ("RULES", "too_young")
    assert (unsure.served_by, unsure.reason) == ("RULES", "low_probability")
    assert unsure.model == ModelAnswer("yes", 0.45, (0.55, 0.45))
    assert (sure.served_by, sure.prediction) == ("MODEL", "no")
    # What the rules answered before the version is an event, too, which it has predicted.
    assert early.model == ModelAnswer("no", 0.06, (0.94, 0.06))
    assert [row["age"] for row in version.scorer.seen] == [12, 90, 40]


def test_rules_answer_where_the_model_fails():
    version = loaded(rules=Young())
    version.scorer.fails = True
    early, failed = answer(version, rows_of(version, 12, 40))
    assert (early.reason, failed.reason) == ("too_young", "error")
    assert failed.features is not None
    assert failed.model is None


@pytest.mark.parametrize("rules", [None, OnlyYoung()])
def test_nobody_answers_where_the_model_fails_and_no_rule_does(rules):
    version = loaded(rules=rules)
    version.scorer.fails = True
    with pytest.raises(NotAnsweredError):
        answer(version, rows_of(version, 40))
    with pytest.raises(NotAnsweredError):
        after_timeout(version, rows_of(version, 40))


def test_rules_answer_after_a_timeout():
    version = loaded(rules=Young())
    early, late = after_timeout(version, rows_of(version, 12, 40))
    assert (early.reason, late.reason) == ("too_young", "timeout")


def test_inputs_are_logged_and_only_columns_are_features():
    description = msgspec.structs.replace(
        DESCRIPTION,
        inputs={"postcode": SourceColumn("category")},
        derived={"age_in_months": DerivedColumn("number")},
    )
    version = loaded(description, derive=lambda row: {"age_in_months": row.values["age"] * 12})
    raws = [ROW | {"postcode": "10115"}]
    [row] = answer(version, version.reader.read(raws, NOW).rows)
    assert row.row["postcode"] == "10115"
    assert row.features == {name: row.row[name] for name in DESCRIPTION.columns} | {
        "age_in_months": 480.0
    }
    assert version.scorer.seen == [row.features]


def test_columns_that_cannot_be_derived_are_an_error_of_their_row(caplog):
    def derive(row):
        if row.values["age"] > 50:
            raise ValueError("no such window")
        return {}

    version = loaded(derive=derive, rules=Young())
    first, second, third = answer(version, rows_of(version, 60, 40, 70))
    assert (first.reason, first.features) == ("error", None)
    assert (second.served_by, second.prediction) == ("MODEL", "no")
    assert third.reason == "error"
    assert caplog.messages == ["derived columns of 2 of 3 rows failed"]
    with pytest.raises(NotAnsweredError):
        answer(loaded(derive=derive), rows_of(version, 60))


def test_a_version_that_forgets_a_row_has_failed():
    version = loaded(rules=Young())
    version.scorer.score = lambda rows: []
    assert [row.reason for row in answer(version, rows_of(version, 40, 50))] == ["error", "error"]


def test_only_few_rows_of_a_compiled_version_are_answered_at_once():
    assert is_short(loaded(), AT_ONCE)
    assert not is_short(loaded(), AT_ONCE + 1)
    assert not is_short(loaded(kind="pipeline"), 1)
    assert is_short(loaded(derive=lambda row: {}), DERIVED_AT_ONCE)
    assert not is_short(loaded(derive=lambda row: {}), DERIVED_AT_ONCE + 1)
