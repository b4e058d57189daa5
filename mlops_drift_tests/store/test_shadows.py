"""Which challenger shadows which day, as of that day; and what both versions said of an event."""

import pytest

from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift.store.lake import Scan
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion, Shadow
from mlops_drift_tests.store.model_samples import MONDAY, TABLES, TARGET, day, put


@pytest.fixture
def model(lake):
    return ModelStore(lake, "churn", TABLES, "id", TARGET)


def promote(model, version, on, decision="d1"):
    number = len(model.versions.promotions()) + 1
    promotion = Promotion(number, day(on), version, None, "set", "reference", decision)
    model.versions.add_promotion(promotion)


def wait(model, version, on, decision):
    model.decisions.record(Decision("retrain", "because", day(on), decision))
    settle(model, "waiting", version, on, decision)


def settle(model, stage, version, on, decision):
    model.decisions.record_outcome(decision, Outcome(stage, day(on), "because", version))


def shadowing(model, first=0, last=9):
    found = model.versions.shadows(day(first), day(last))
    return {(on - MONDAY).days: item.challenger for on, item in found.items()}


def test_nothing_shadows_where_nothing_waits(model):
    assert model.decisions.waiting(day(0), day(9)) == {}
    promote(model, 1, on=0)
    model.decisions.record(Decision("retrain", "because", day(1), "d2"))
    settle(model, "rejected", 2, on=1, decision="d2")
    assert shadowing(model) == {}


def test_a_challenger_shadows_from_the_day_after_its_wait_began(model):
    promote(model, 1, on=0)
    wait(model, 2, on=3, decision="d2")
    [(waits, stage)] = model.decisions.waiting(day(3), day(4)).items()
    assert (waits, stage.challenger, stage.day) == (day(4), 2, day(3))
    assert model.versions.shadows(day(2), day(5)) == {
        day(4): Shadow(1, 2, day(3)),
        day(5): Shadow(1, 2, day(3)),
    }


def test_an_approved_challenger_shadows_up_to_the_day_after_which_it_serves(model):
    promote(model, 1, on=0)
    wait(model, 2, on=3, decision="d2")
    before = shadowing(model, last=6)
    promote(model, 2, on=6, decision="d2")
    settle(model, "promoted", 2, on=6, decision="d2")
    assert shadowing(model) == before == {4: 2, 5: 2, 6: 2}
    assert model.versions.champions(day(7), day(7))[day(7)].version == 2


def test_a_rejection_of_a_later_day_changes_nothing_on_the_days_before_it(model):
    promote(model, 1, on=0)
    wait(model, 2, on=3, decision="d2")
    before = shadowing(model, first=4, last=5)
    settle(model, "rejected", 2, on=5, decision="d2")
    assert shadowing(model, first=4, last=5) == before == {4: 2, 5: 2}
    assert shadowing(model) == before
    assert [shadowing(model, number, number) for number in (3, 4, 6)] == [{}, {4: 2}, {}]


def test_a_challenger_that_is_settled_on_the_day_on_which_it_began_to_wait_never_shadows(model):
    promote(model, 1, on=0)
    wait(model, 2, on=3, decision="d2")
    settle(model, "rejected", 2, on=3, decision="d2")
    assert shadowing(model) == {}


def test_of_two_challengers_the_later_shadows_and_the_earlier_again_after_it(model):
    promote(model, 1, on=0)
    wait(model, 3, on=4, decision="d3")
    wait(model, 2, on=2, decision="d2")
    settle(model, "rejected", 3, on=6, decision="d3")
    assert shadowing(model) == {3: 2, 4: 2, 5: 3, 6: 3, 7: 2, 8: 2, 9: 2}


def test_one_challenger_after_the_other(model):
    promote(model, 1, on=0)
    wait(model, 2, on=1, decision="d2")
    settle(model, "rejected", 2, on=3, decision="d2")
    wait(model, 3, on=5, decision="d3")
    assert shadowing(model) == {2: 2, 3: 2, 6: 3, 7: 3, 8: 3, 9: 3}
    assert model.versions.shadows(day(6), day(6))[day(6)].since == day(5)


def test_a_day_without_a_champion_has_no_shadow_and_a_version_is_not_its_own(model):
    wait(model, 1, on=0, decision="d1")
    assert shadowing(model) == {}
    assert set(model.decisions.waiting(day(0), day(3))) == {day(1), day(2), day(3)}
    promote(model, 7, on=2, decision="by hand")
    promote(model, 1, on=5, decision="by hand again")
    assert shadowing(model) == {3: 1, 4: 1, 5: 1}


def test_a_shadow_stands_beside_the_champion_of_its_day(model):
    promote(model, 1, on=0)
    wait(model, 2, on=1, decision="d2")
    promote(model, 5, on=3, decision="rollback")
    found = model.versions.shadows(day(2), day(5))
    assert [item.champion for item in found.values()] == [1, 1, 5, 5]


def test_events_that_both_scored_come_with_every_label_that_arrived(model):
    scored = [(0, 1, "a"), (0, 1, "b"), (1, 1, "c"), (1, 1, "only served")]
    answer = {"prediction": "yes", "score": 0.9}
    put(
        model,
        TABLES.predictions,
        [{"day": day(n), "version": v, "id": key, **answer} for n, v, key in scored],
    )
    shadow = [(0, 2, "a"), (0, 2, "b"), (1, 2, "c"), (1, 2, "only shadowed"), (2, 2, "a")]
    other = {"prediction": "no", "score": 0.1}
    put(
        model,
        TABLES.shadow_predictions,
        [{"day": day(n), "version": v, "id": key, **other} for n, v, key in shadow],
    )
    labels = [(1, "a", "yes"), (2, "a", "no"), (0, "c", "yes"), (9, "b", "yes")]
    put(model, TABLES.labels, [{"day": day(n), "id": key, "y": y} for n, key, y in labels])
    found = model.predictions.shadow_outcomes(day(0), day(5)).to_pylist()
    assert [(row["key"], row["label"], row["label_day"]) for row in found] == [
        ("a", "yes", day(1)),
        ("a", "no", day(2)),
        ("b", None, None),
        # Its label came before the event.
        ("c", None, None),
    ]
    assert {row["champion_prediction"] for row in found} == {"yes"}
    assert {row["challenger_score"] for row in found} == {0.1}
    assert {(row["champion"], row["challenger"]) for row in found} == {(1, 2)}


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_lake_tells_without_a_query_whether_it_holds_days(lake, tmp_path, in_memory):
    lake = MemoryLake(tmp_path / "memory", lake._connection) if in_memory else lake
    model = ModelStore(lake, "churn", TABLES, "id", TARGET)
    table = TABLES.shadow_predictions
    assert not lake.holds(Scan(table))
    row = {"version": 2, "id": "a", "prediction": "yes", "score": 0.9}
    put(model, table, [{"day": day(3), **row}])
    assert lake.holds(Scan(table))
    assert lake.holds(Scan(table, day(3), day(3)))
    assert not lake.holds(Scan(table, until=day(2)))
    lake.replace_days(table, day(3), day(3), table.schema.empty_table())
    assert not lake.holds(Scan(table))
