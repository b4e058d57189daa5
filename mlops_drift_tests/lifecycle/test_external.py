"""Which version of those that are made elsewhere serves a day."""

from mlops_drift_tests import elsewhere
from mlops_drift_tests.elsewhere import Elsewhere
from mlops_drift_tests.tiny import day


def by(names):
    """The files, with the version of each row of predictions by its day and number."""

    def change(name, rows):
        if name != "predictions":
            return rows
        of_day, number = rows["id"] // 1000, rows["id"] % 1000
        return rows.assign(by=[names(*one) for one in zip(of_day, number, strict=True)])

    return change


def placed(folder, names, days=8):
    elsewhere.write(folder, days, by(names))
    return Elsewhere(folder)


def test_nobody_serves_before_the_reference_is_known(tmp_path):
    place = placed(tmp_path, lambda number, row: "a").run(0, 4, measure=False)
    assert place.serving(0, 4) == [0, 0, 0, 1, 1]
    [promotion] = place.store.versions.promotions()
    assert (promotion.kind, promotion.as_of, promotion.previous) == ("external", day(2), None)


def test_versions_are_numbered_by_their_first_day(tmp_path):
    place = placed(tmp_path, lambda number, row: "z" if number < 2 else "a" if row else "m")
    place.run(0, 3, measure=False)
    names = [(one.version, one.name, one.first_day) for one in place.store.versions.external()]
    assert names == [(1, "z", day(0)), (2, "a", day(2)), (3, "m", day(2))]
    assert [one.family for one in place.store.versions.all()] == ["z", "a", "m"]


def test_during_a_rollout_the_version_with_most_predictions_serves(tmp_path):
    # A tenth on day 4, half on day 5, most on day 6.
    share = {4: 10, 5: 50, 6: 80, 7: 100}
    place = placed(tmp_path, lambda number, row: "new" if row < share.get(number, 0) else "old")
    place.run(0, 7)
    assert place.serving(3, 7) == [1, 1, 1, 2, 2]
    labelled = {item.version for item in place.checks(7, "performance_drop") if item.n}
    # Each is judged by its own predictions.
    assert labelled == {1, 2}
    record = place.store.decisions.get(f"tiny-external-{day(6)}-v2")
    assert record.reason == f"most predictions of {day(6)} are of new"
    assert (record.status, record.challenger, record.version) == ("promoted", 2, 1)


def test_a_version_may_come_back(tmp_path):
    place = placed(tmp_path, lambda number, row: "new" if number in (4, 5) else "old")
    place.run(0, 7, measure=False)
    assert place.serving(3, 7) == [1, 2, 2, 1, 1]


def test_a_day_that_lands_late_changes_nothing_after_it(tmp_path):
    place = placed(tmp_path, lambda number, row: "new" if number == 4 else "old")
    place.run(0, 3, measure=False).run(5, 6, measure=False).run(4, measure=False)
    assert place.serving(3, 6) == [1, 2, 1, 1]
    assert [one.as_of for one in place.store.versions.promotions()] == [day(2), day(3), day(4)]
