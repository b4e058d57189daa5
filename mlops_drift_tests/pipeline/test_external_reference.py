"""What production of a model that is predicted elsewhere is compared with."""

from math import isnan

import pandas as pd
import pytest

from mlops_drift.pipeline.external_reference import UnusableReferenceError
from mlops_drift.sources.base import SourceError
from mlops_drift_tests import elsewhere
from mlops_drift_tests.elsewhere import REFERENCE, ROWS, Elsewhere
from mlops_drift_tests.tiny import day

FILE = {"model": {"reference": {"first": ..., "last": ..., "path": "reference.csv"}}}


def of_file(folder, change=lambda rows: rows, days=2):
    """The model with a file as its reference, which has other rows."""
    elsewhere.write(folder, days)
    rows = pd.concat([elsewhere.rows_of(number) for number in (6, 7, 8)])
    change(rows.drop(columns=["day", "by"])).to_csv(folder / "reference.csv", index=False)
    return Elsewhere(folder, FILE)


def test_of_a_period_it_is_what_was_known_when_its_labels_were_due(tmp_path):
    def without_last_label(name, rows):
        return rows[rows["id"] != 7] if name == "labels" else rows

    elsewhere.write(tmp_path, 5, without_last_label)
    place = Elsewhere(tmp_path).run(0, 4, measure=False)
    [record] = place.store.versions.all()
    assert (record.rows, record.n_test) == (REFERENCE * ROWS, REFERENCE * ROWS - 1)
    stored = place.store.training_sets.read(record.training_set)
    # Its features count, whatever became of it.
    assert stored.train["id"].to_pylist() == [7]
    [built] = place.store.training_sets.records()
    assert (built.as_of, built.first_day, built.last_day) == (day(3), day(0), day(2))


def test_it_is_frozen_whatever_lands_later(tmp_path):
    elsewhere.write(tmp_path, 8)
    place = Elsewhere(tmp_path).run(0, 3, measure=False)
    # Another label of a day of the reference.
    corrected = elsewhere.labels_in(elsewhere.rows_of(0)).assign(y="no", day=day(4))
    labels = pd.read_csv(tmp_path / "labels.csv")
    pd.concat([labels, corrected]).to_csv(tmp_path / "labels.csv", index=False)
    place.run(4, 7, measure=False)
    first, second = place.store.versions.all()
    assert (first.training_set, first.value) == (second.training_set, second.value)
    files = [
        place.store.training_sets.read_reference(one.training_set, one.version)
        for one in (first, second)
    ]
    assert files[0] == files[1]


def test_without_labels_drift_is_judged_and_performance_is_not(tmp_path):
    def late(name, rows):
        return rows[rows["id"] >= 1000 * REFERENCE] if name == "labels" else rows

    elsewhere.write(tmp_path, 7, late)
    place = Elsewhere(tmp_path, {"monitors": {"performance": {"floor": ...}}}).run(0, 6)
    assert isnan(place.store.versions.get(1).value)
    assert {item.verdict for item in place.checks(6, "feature_drift")} == {"pass"}
    found = place.checks(5, "performance_drop")[0]
    assert found.verdict == "unknown"
    assert found.reason.endswith("no reference value to compare with")
    estimated = place.checks(5, "estimated_performance")[0]
    assert "no row of the reference has a label" in estimated.reason
    [labels] = place.checks(5, "label_drift")
    assert (labels.verdict, labels.reason) == ("unknown", "no row of the reference has a label")


def test_a_period_without_predictions_is_an_error(tmp_path):
    def late(name, rows):
        return rows[rows["id"] >= 1000 * REFERENCE] if name == "predictions" else rows

    elsewhere.write(tmp_path, 5, late)
    place = Elsewhere(tmp_path).run(0, 2, measure=False)
    expected = "the reference of tiny, 2024-03-01 to 2024-03-03, has no event with a prediction"
    with pytest.raises(UnusableReferenceError, match=expected):
        place.run(3, measure=False)


def test_a_file_is_known_from_the_first_day_on(tmp_path):
    place = of_file(tmp_path).run(0, 1)
    assert place.serving(0, 1) == [1, 1]
    record = place.store.versions.get(1)
    assert (record.rows, record.n_test) == (3 * ROWS, 3 * ROWS)
    assert {item.verdict for item in place.checks(0, "feature_drift")} == {"pass"}


def test_a_file_may_have_no_key_and_no_label(tmp_path):
    place = of_file(tmp_path, lambda rows: rows.drop(columns=["id", "y"])).run(0)
    assert place.store.versions.get(1).n_test == 0
    assert {item.verdict for item in place.checks(0, "feature_drift")} == {"pass"}


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        (lambda rows: rows.drop(columns="b"), SourceError, r"reference\.csv: missing columns: 'b'"),
        (lambda rows: rows.drop(columns="p"), SourceError, r"reference\.csv: missing columns: 'p'"),
        (
            lambda rows: rows.assign(p=2),
            UnusableReferenceError,
            r"model\.reference\.path reference\.csv: 300 of 300 rows break a constraint, 300 of "
            "them score: is above 1",
        ),
        (lambda rows: rows.head(0), UnusableReferenceError, "the file has no row"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, change, error, told):
    place = of_file(tmp_path, change)
    with pytest.raises(error, match=told):
        place.run(0, measure=False)


def test_a_file_that_is_not_there_says_so(tmp_path):
    elsewhere.write(tmp_path, 1)
    with pytest.raises(
        SourceError, match=r"model\.reference\.path: .*reference\.csv: no such file"
    ):
        Elsewhere(tmp_path, FILE).run(0, measure=False)
