"""What a service has answered is what the batch path makes of it, or the check says where not."""

from math import nextafter

import msgspec
import pyarrow.compute as pc
import pytest

from mlops_drift.pipeline.monitoring import measure_serving
from mlops_drift.pipeline.shipping import ship
from mlops_drift.store.records import Removal
from mlops_drift_tests.pipeline.place import day
from mlops_drift_tests.pipeline.service_days import ServiceDays, with_answer, with_feature

ROWS = "(rows)"
COLUMNS = ["a", "b", "c", "n", "t", "third"]
ANSWERS = ["prediction", "score", "probabilities"]


@pytest.fixture
def service(tmp_path):
    made = ServiceDays(tmp_path)
    made.promote()
    return made


def failed(found):
    return {name: one.reason for name, one in found.items() if one.verdict == "fail"}


def verdicts(found):
    return {one.verdict for one in found.values()}


def measured(service, number):
    """What the check finds of a day as it lies in the lake."""
    found = measure_serving(service.model, day(number), day(number)).of_check("serving_skew")
    return {one.subject: one for one in found}


def test_a_day_that_was_served_and_landed_has_no_skew(service):
    service.serve(2)
    found = service.skew(2)
    assert list(found) == [ROWS, *COLUMNS, *ANSWERS]
    assert verdicts(found) == {"pass"}
    numbers = {(one.value, one.threshold, one.n, one.version) for one in found.values()}
    assert numbers == {(0.0, 0.0, 20, 1)}
    assert found[ROWS].reason == "the 20 events of the day are those of the log, in all columns"
    assert found["third"].reason == "third: all 20 rows are what the batch path makes"


def test_a_regression_has_no_probabilities_to_compare(tmp_path):
    target = {"kind": "regression", "classes": ..., "positive": ...}
    gates = {"metrics": {"accuracy": ..., "rmse": 9.0}}
    service = ServiceDays(tmp_path, target=target, gates=gates, training={"metric": "rmse"})
    service.promote()
    service.serve(2)
    found = service.skew(2)
    assert list(found) == [ROWS, *COLUMNS, "prediction", "score"]
    assert verdicts(found) == {"pass"}


def test_a_feature_that_was_another_one_is_named_with_its_first_row(service):
    for key in ("e2-8", "e2-4"):
        service.planted[key] = with_feature("b", 0.25)
    service.serve(2)
    found = service.skew(2)
    assert failed(found) == {
        "b": "b differs from the batch path in 2 of 20 rows since 2024-03-03 00:00:03 UTC (10 %: "
        "2 another value); the first: key e2-4, version 1, 0.25 in the log, "
        "-1.0107575001533344 by the batch path"
    }
    assert (found["b"].value, found["b"].code, found["b"].n) == (0.1, "beyond_limit", 20)


@pytest.mark.parametrize("left_out", [..., None])
def test_a_derived_column_that_the_version_was_not_given_is_missing(service, left_out):
    service.planted["e2-5"] = with_feature("third", left_out)
    service.serve(2)
    assert failed(service.skew(2)) == {
        "third": "third differs from the batch path in 1 of 20 rows since 2024-03-03 00:00:03 UTC "
        "(5 %: 1 missing in the log); the first: key e2-5, version 1, null in the log, "
        "-0.25303603724931006 by the batch path"
    }


def test_a_value_that_the_batch_path_does_not_have_is_extra(service):
    service.planted["e2-9"] = with_feature("third", 1.5)
    service.serve(2)
    [reason] = failed(service.skew(2)).values()
    assert "(5 %: 1 in the log alone)" in reason
    assert reason.endswith("1.5 in the log, null by the batch path")


def test_one_bit_of_a_score_is_a_difference_that_no_feature_explains(service):
    service.planted["e2-6"] = lambda row: with_answer(score=nextafter(row.model.score, 1))(row)
    service.serve(2)
    found = service.skew(2)
    assert failed(found) == {
        "score": "score differs from the batch path in 1 of 20 rows since 2024-03-03 00:00:06 UTC "
        "(5 %: 1 another value; 1 of them with the same features); the first: key e2-6, version 1, "
        "0.9996968374758086 in the log, 0.9996968374758085 by the batch path"
    }


def test_one_bit_of_one_probability_is_a_difference(service):
    def change(row):
        first, second = row.model.probabilities
        return with_answer(probabilities=(first, nextafter(second, 0)))(row)

    service.planted["e2-6"] = change
    service.serve(2)
    assert list(failed(service.skew(2))) == ["probabilities"]


def test_the_last_bits_of_an_own_estimator_are_no_difference_but_more_is(tmp_path):
    def change(by):
        def changed(row):
            score, (first, second) = row.model.score, row.model.probabilities
            return with_answer(score=score - by, probabilities=(first + by, second - by))(row)

        return changed

    service = ServiceDays(tmp_path)
    service.promote(family="shop.models:trees")
    service.planted["e2-6"] = change(1e-15)
    service.serve(2)
    assert verdicts(service.skew(2)) == {"pass"}
    service.planted["e3-6"] = change(1e-7)
    service.serve(3)
    assert list(failed(service.skew(3))) == ["score", "probabilities"]


def test_the_sign_of_zero_is_a_difference(service):
    service.serve(2, x=0.0)
    assert verdicts(service.skew(2)) == {"pass"}
    service.planted["e3-1"] = with_feature("third", -0.0)
    service.serve(3, x=0.0)
    assert list(failed(service.skew(3))) == ["third"]


def test_a_prediction_of_other_features_is_explained_by_them(service):
    def change(row):
        other = with_feature("b", 50.0)(row)
        [scored] = service.loaded(1).scorer.score([other.features])
        changes = {"prediction": scored.prediction, "score": scored.score}
        return with_answer(probabilities=scored.probabilities, **changes)(other)

    service.planted["e2-12"] = change
    service.serve(2)
    found = failed(service.skew(2))
    assert {"b", "score", "probabilities"} <= found.keys()
    assert "with the same features" not in found["score"]


def test_a_row_too_many_in_the_log_is_found_until_its_day_lands_again(service):
    service.serve(2)
    service.run(2)
    service.serve(2, n=21)
    ship(service.model, service.folder / "log")
    found = measured(service, 2)
    assert found[ROWS].reason == (
        "21 of 41 rows of the log are no events (key e2-0 of request r8: it was not read when its "
        "day landed)"
    )
    found = service.skew(2)
    assert verdicts(found) == {"pass"}
    assert found[ROWS].reason == (
        "the 21 events of the day are those of the log, in all columns; 20 further rows came twice "
        "or late, and are quarantined"
    )


def test_a_row_that_the_service_accepts_and_landing_does_not_is_no_event(service):
    service.planted["e2-3"] = lambda row: msgspec.structs.replace(row, row={**row.row, "n": 0.5})
    service.serve(2)
    assert failed(service.skew(2)) == {
        ROWS: "1 of 20 rows of the log is no event (key e2-3 of request r2: n: 0.5 is not an "
        "integer)"
    }


def test_an_event_without_a_row_in_the_log_is_found(service):
    service.serve(2)
    service.run(2)
    table, lake = service.store.tables.served, service.store.lake
    rows = lake.read(table)
    lake.replace_days(table, day(2), day(2), rows.filter(pc.not_equal(rows["key"], "e2-7")))
    found = measured(service, 2)
    assert failed(found) == {ROWS: "1 event has no row in the log (key e2-7)"}
    assert found[ROWS].value == 1 / 20


def test_what_comes_late_is_no_skew_of_any_day(service):
    service.serve(2, n=6)
    service.run(2)
    service.serve(2)
    service.serve(3)
    assert verdicts(service.skew(3)) == {"pass"}
    found = measured(service, 2)
    assert verdicts(found) == {"pass"}
    assert "the 20 events of the day" in found[ROWS].reason
    assert "6 further rows came twice or late" in found[ROWS].reason


def test_a_request_that_a_client_has_sent_again_under_its_id_is_no_skew(service):
    service.serve(2)
    service.restart_ids()
    service.serve(2, delay=30)
    found = service.skew(2)
    assert verdicts(found) == {"pass"}
    assert {found[name].n for name in (*COLUMNS, *ANSWERS)} == {20}
    assert "20 further rows came twice or late" in found[ROWS].reason


def test_a_day_without_an_answer_is_unknown_and_one_before_the_service_has_nothing(service):
    assert measured(service, 1) == {}
    found = service.skew(2)
    assert [(one.subject, one.verdict, one.code) for one in found.values()] == [
        (ROWS, "unknown", "no_rows")
    ]


def test_each_row_is_predicted_by_the_version_that_answered_it(service):
    service.serve(2, n=10)
    second = service.promote(on=1)
    service.planted["e3-2"] = with_answer(prediction="neither")
    service.serve(3, n=10)
    service.serve(4, second)
    found = service.run(2, 4).of_check("serving_skew")
    [wrong] = [one for one in found if one.verdict == "fail"]
    assert (wrong.day, wrong.subject) == (day(3), "prediction")
    assert "key e3-2, version 1, neither in the log" in wrong.reason
    assert {(one.day, one.n) for one in found} == {(day(2), 10), (day(3), 10), (day(4), 20)}


def test_predictions_of_a_version_that_was_removed_are_unknown(service):
    service.serve(2, n=10)
    service.serve(2, service.promote(on=1))
    service.run(2)
    set_id = service.store.versions.get(1).training_set
    service.store.versions.add_removal(Removal(1, day(3), set_id, "no longer needed"))
    found = measured(service, 2)
    gone = found["predictions of version 1"]
    assert (gone.verdict, gone.code) == ("unknown", "removed")
    assert "version 1 was removed by the retention on 2024-03-04" in gone.reason
    assert (found["b"].n, found["score"].n, found["score"].verdict) == (20, 10, "pass")


def test_a_version_of_other_columns_is_compared_by_its_own(service):
    service.serve(2)
    category = service.spec.columns["t"].model_copy(update={"type": "category"})
    service.redescribe(columns={**service.spec.columns, "t": category})
    found = service.skew(2)
    assert list(found)[: len(COLUMNS) + 1] == [ROWS, *COLUMNS]
    assert {item.verdict for item in found.values()} == {"pass"}


RULES = {
    "conditions": [{"x": {"above": 0.8}}],
    "min_probability": 0.99,
    "answers": [{"answer": "no"}],
}


@pytest.fixture
def ruled(tmp_path):
    made = ServiceDays(tmp_path, rules=RULES)
    made.promote()
    return made


def test_of_what_rules_answered_the_predictions_of_the_version_are_compared(ruled):
    ruled.serve(2, n=60)
    reasons = ruled.reasons()
    assert reasons["x_above"] > 0
    assert reasons["low_probability"] > 0
    found = ruled.skew(2)
    assert verdicts(found) == {"pass"}
    assert found[ROWS].n == 60
    assert {found[name].n for name in (*COLUMNS, *ANSWERS)} == {60}


def test_what_the_version_failed_of_and_the_batch_path_does_not_is_missing(ruled):
    def fail(row):
        return msgspec.structs.replace(row, model=None, served_by="RULES", reason="error")

    ruled.planted["e2-1"] = fail
    ruled.serve(2, x=0.0)
    found = failed(ruled.skew(2))
    assert list(found) == ANSWERS
    assert "1 missing in the log" in found["score"]


def test_a_day_that_rules_answered_alone_is_compared_too(ruled):
    ruled.serve(2, x=1.0)
    assert list(ruled.reasons()) == ["x_above"]
    assert verdicts(ruled.skew(2)) == {"pass"}
