"""Predictions that are made elsewhere: what lands, what counts, and for which day."""

from datetime import timedelta

import pandas as pd
import pytest

from mlops_drift.pipeline.monitoring import measure_performance
from mlops_drift_tests import elsewhere
from mlops_drift_tests.elsewhere import ROWS, Elsewhere
from mlops_drift_tests.tiny import day, in_order


def changed(folder, change, table="predictions", days=6, **changes):
    """The model over files of which one has other rows."""
    elsewhere.write(folder, days, lambda name, rows: change(rows) if name == table else rows)
    return Elsewhere(folder, **changes)


def test_a_prediction_counts_for_the_day_of_its_event(tmp_path):
    def later(rows):
        late = rows.index % 2 == 0
        return rows.assign(day=rows["day"].where(~late, rows["day"] + timedelta(days=2)))

    place = changed(tmp_path, later).run(0, 3, measure=False)
    rows = pd.DataFrame(place.read("predictions"))
    of_day = rows["id"] // 1000
    assert (rows["day"] == of_day.map(day)).all()
    assert rows.groupby("day").size().to_list() == [ROWS, ROWS, ROWS // 2, ROWS // 2]
    assert place.matched.unpredicted == ROWS // 2
    assert place.matched.served.added == ROWS


def test_predictions_and_events_that_come_late_are_put_together(tmp_path):
    whole = {}

    def without_some(name, rows):
        whole[name] = rows
        is_late = (rows["id"] // 1000 == 1) & (rows["id"] % 2 == (name == "events"))
        return rows if name == "labels" else rows[~is_late]

    elsewhere.write(tmp_path, 4, without_some)
    place = Elsewhere(tmp_path).run(0, 2, measure=False)
    assert len(place.read("predictions")) == 2 * ROWS
    elsewhere.write(tmp_path, 4, lambda name, rows: whole[name])
    place.run(3, measure=False)
    rows = pd.DataFrame(place.read("predictions"))
    assert rows.groupby("day").size().to_list() == [ROWS] * 4


def test_a_prediction_may_come_before_its_event(tmp_path):
    def early(rows):
        return rows.assign(day=(rows["day"] - timedelta(days=1)).clip(lower=day(0)))

    place = changed(tmp_path, early, days=3).run(0, 2, measure=False)
    assert len(place.read("predictions")) == 3 * ROWS
    verdict, reason = place.quality(0)
    assert verdict == "fail"
    assert f"no event has this key so far ({ROWS})" in reason


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("said", "perhaps", "prediction: perhaps is not an allowed value (no, yes)"),
        ("said", None, "prediction: missing"),
        ("p", 1.2, "score: 1.2 is above 1"),
        ("p", -0.1, "score: -0.1 is below 0"),
        ("p", None, "score: missing"),
        ("p", "high", "score: high is not a number"),
        ("by", None, "version: missing"),
        ("id", None, "id: the key is missing"),
    ],
)
def test_what_no_prediction_can_be_is_quarantined(tmp_path, column, value, reason):
    def spoilt(rows):
        rows = rows.astype({column: object})
        rows.loc[0, column] = value
        return rows

    place = changed(tmp_path, spoilt, days=1).run(0, measure=False)
    assert place.reasons() == [reason]
    assert len(place.read("predictions")) == ROWS - 1
    assert place.quality(0)[0] == "pass"


def test_the_first_prediction_of_an_event_counts(tmp_path):
    def twice(rows):
        again = rows.head(2).assign(said="no", p=[0.01, 0.02])
        again.loc[1, "day"] = day(1)
        return pd.concat([rows, again])

    place = changed(tmp_path, twice, days=2).run(0, 1, measure=False)
    said = {row["id"]: row["score"] for row in place.read("predictions")}
    first = elsewhere.rows_of(0)["p"]
    assert [said[0], said[1]] == list(first[:2])
    assert place.reasons() == [
        "id: duplicate key",
        "id: the key exists on an earlier day",
    ]


def test_predictions_without_an_event_and_events_without_a_prediction_are_counted(tmp_path):
    place = changed(tmp_path, lambda rows: rows.assign(id=rows["id"] + 90), days=1)
    place.run(0, measure=False)
    assert len(place.read("landed_predictions")) == ROWS
    assert place.matched.unpredicted == 90
    verdict, reason = place.quality(0)
    assert verdict == "fail"
    assert reason.startswith("90 of 100 predictions cannot be used (90.0 %, accepted 1.0 %)")


def test_a_day_without_predictions_is_unknown_and_the_version_serves_on(tmp_path):
    place = changed(tmp_path, lambda rows: rows[rows["day"] != day(5)])
    place.run(0, 5)
    assert place.quality(5) == ("unknown", "no predictions arrived")
    assert place.serving(4, 5) == [1, 1]
    found = {item.verdict for item in place.checks(5, "prediction_drift") if item.window == 1}
    assert found == {"unknown"}
    features = {item.verdict for item in place.checks(5, "feature_drift") if item.window == 1}
    assert features == {"pass"}


def test_predictions_that_come_a_day_later_are_estimated_when_they_come(tmp_path):
    place = changed(tmp_path, lambda rows: rows.assign(day=rows["day"] + timedelta(days=1)), days=8)
    place.run(0, 7)

    def estimates():
        found = (one for n in range(5, 8) for one in place.checks(n, "estimated_performance"))
        return [(one.day, one.production_day, one.window, one.n, one.value) for one in found]

    alone = estimates()
    assert {at - of for at, of, *_ in alone} == {timedelta(days=1)}
    assert {n for _, _, window, n, _ in alone if window == 1} == {ROWS}
    # A run of all these days has read what came after the first of them.
    measure_performance(place.model, day(5), day(7))
    assert estimates() == alone


def test_performance_is_measured_when_a_prediction_comes_after_its_label(tmp_path):
    later = timedelta(days=elsewhere.DELAY + 2)
    place = changed(tmp_path, lambda rows: rows.assign(day=rows["day"] + later), days=10)
    place.run(0, 9)

    def measured():
        found = (one for n in range(7, 10) for one in place.checks(n, "performance_drop"))
        return [(one.day, one.production_day, one.window, one.n, one.value) for one in found]

    alone = measured()
    assert {(at - of, n) for at, of, window, n, _ in alone if window == 1} == {(later, ROWS)}
    measure_performance(place.model, day(7), day(9))
    assert measured() == alone


def test_predictions_may_be_columns_of_the_events(tmp_path):
    def write(name, rows):
        if name == "events":
            return pd.concat([elsewhere.rows_of(number) for number in range(2)]).drop(columns="y")
        return rows

    elsewhere.write(tmp_path, 2, write)
    (tmp_path / "predictions.csv").unlink()
    place = Elsewhere(tmp_path, {"model": {"predictions": ...}}).run(0, 1, measure=False)
    assert len(place.read("predictions")) == 2 * ROWS
    assert {row["version"] for row in place.read("landed_predictions")} == {"v-one"}


def test_without_a_column_for_the_version_all_are_of_one(tmp_path):
    changes = {"model": {"version": ..., "score": ...}}
    place = changed(tmp_path, lambda rows: rows, days=1, changes=changes).run(0, measure=False)
    [known] = place.store.versions.external()
    assert (known.version, known.name, known.first_day) == (1, "unnamed", day(0))
    # Without a score the class is certain.
    assert {(row["prediction"], row["score"]) for row in place.read("predictions")} == {
        ("yes", 1.0),
        ("no", 0.0),
    }


def test_of_several_classes_the_score_is_that_of_the_predicted_one(tmp_path):
    def of_three(name, rows):
        if name == "labels":
            return rows.assign(y="low")
        if name == "events":
            return rows
        rows = rows.assign(
            said=["low", "mid", "high", "mid"] * (len(rows) // 4), l=0.2, m=0.5, h=0.3
        )
        return rows.drop(columns="p")

    elsewhere.write(tmp_path, 1, of_three)
    scores = {"low": "l", "mid": "m", "high": "h"}
    target = {"kind": "multiclass", "classes": list(scores), "positive": ...}
    model = {"score": ..., "scores": scores}
    place = Elsewhere(tmp_path, {"target": target, "model": model}).run(0, measure=False)
    found = place.read("predictions")
    assert {(row["prediction"], row["score"]) for row in found} == {
        ("low", 0.2),
        ("mid", 0.5),
        ("high", 0.3),
    }
    assert found[0]["probabilities"] == [0.2, 0.5, 0.3]


def test_of_a_regression_the_prediction_is_the_score(tmp_path):
    def numbers(name, rows):
        return rows.assign(**{"labels": {"y": 2.0}, "predictions": {"said": 1.5}}.get(name, {}))

    elsewhere.write(tmp_path, 1, numbers)
    target = {"kind": "regression", "classes": ..., "positive": ...}
    changes = {
        "target": target,
        "model": {"score": ..., "metric": "mae"},
        "monitors": {"performance": {"floor": ...}},
    }
    place = Elsewhere(tmp_path, changes).run(0, measure=False)
    assert {(row["prediction"], row["score"]) for row in place.read("predictions")} == {(1.5, 1.5)}


def test_days_that_run_again_change_nothing(tmp_path):
    elsewhere.write(tmp_path, 5)
    place = Elsewhere(tmp_path).run(0, 4)
    names = ("predictions", "promotions", "versions", "external_versions", "drift")
    before = [place.read(name) for name in names]
    place.run(3, 4)
    assert place.matched.served.added == 0
    assert [in_order(place.read(name)) for name in names] == [in_order(rows) for rows in before]
