"""Derived columns of single events are those of their whole day, or the query is refused."""

from datetime import date

import pyarrow.compute as pc
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.landing import land_events
from mlops_drift.pipeline.online_proof import OnlineProof, prove_online, same_bits
from mlops_drift.store.sealed import FeatureError
from mlops_drift_tests.pipeline.orders import fill, orders, put
from mlops_drift_tests.tiny import SPEC, day

DAYS = [day(4), day(5)]


def test_the_features_of_churn_are_the_same_of_single_customers(memory_lake):
    churn = find_model("churn")
    model = ModelContext.of(memory_lake, churn.spec)
    first, last = date(2024, 10, 1), date(2024, 10, 6)
    land_events(model, churn.spec.source.open(churn.folder), first, last)
    proof = prove_online(model, [first, last], most=100)
    assert proof == OnlineProof(first, last, 100, 0)


@pytest.mark.parametrize("key_type", ["integer", "text"])
def test_what_looks_at_the_past_of_the_customer_alone_is_proven(lake, key_type):
    proof = prove_online(fill(orders(lake, key_type=key_type)), DAYS, most=60)
    assert proof == OnlineProof(day(4), day(5), 60, 60)


def test_the_past_of_customers_without_a_name_is_theirs(memory_lake):
    sql = """
    SELECT e.id, count(p.id) AS n FROM events e
    LEFT JOIN past_events p ON p.customer IS NOT DISTINCT FROM e.customer GROUP BY e.id
    """
    model = fill(orders(memory_lake, sql, {"n": "integer"}))
    assert prove_online(model, [day(5)], most=40).with_past == 40


def refusal(lake, sql, columns, rows=40, **changes):
    with pytest.raises(FeatureError) as told:
        prove_online(fill(orders(lake, sql, columns, **changes), rows=rows), DAYS, most=80)
    return str(told.value)


def test_a_query_over_all_past_events_is_refused_with_a_row(memory_lake):
    sql = """
    SELECT e.id, (SELECT count(*) FROM past_events p WHERE p.customer = e.customer) AS n,
           (SELECT count(*) FROM past_events) AS everyone
    FROM events e
    """
    told = refusal(memory_lake, sql, {"n": "integer", "everyone": "integer"})
    assert "everyone of id " in told
    assert " on 2024-03-05 (its customer is " in told
    assert "is 120 with the whole day, and " in told
    assert "(of 40 events that were compared, there differs everyone of 40)" in told
    assert "restrict past_events to p.customer = e.customer" in told
    assert "join past_labels to them by id" in told


def test_a_rank_among_the_events_of_the_day_is_refused(memory_lake):
    sql = "SELECT id, row_number() OVER (ORDER BY id) AS place FROM events"
    told = refusal(memory_lake, sql, {"place": "integer"}, history_days=0, online=...)
    assert "with the whole day, and 1 alone" in told
    assert "A single event sees no other event: read the row of the event alone" in told


def test_two_orders_of_a_customer_on_one_day_are_drawn_first(memory_lake):
    sql = """
    SELECT e.id, count(*) OVER (PARTITION BY e.customer) + count(p.id) AS n
    FROM events e LEFT JOIN past_events p ON p.customer = e.customer GROUP BY e.id, e.customer
    """
    model = orders(memory_lake, sql, {"n": "integer"})
    for number in range(3):
        names = [f"{number} {place}" for place in range(50)]
        names[30:32] = ["twice", "twice"]
        placed = [
            {"id": 100 * number + place, "customer": name, "a": 0.0}
            for place, name in enumerate(names)
        ]
        put(model, "events", number, placed)
    with pytest.raises(FeatureError, match=r"its customer is 'twice'.* is 6 .* and 5 alone"):
        prove_online(model, [day(2)], most=4)


@pytest.mark.parametrize("made", ["avg(p.amount)", "first(p.amount)"])
def test_what_depends_on_the_order_of_the_past_is_refused(memory_lake, made):
    sql = f"""
    SELECT e.id, {made} AS made FROM events e
    LEFT JOIN past_events p ON p.customer = e.customer GROUP BY e.id
    """
    told = refusal(memory_lake, sql, {"made": "number"}, rows=100)
    assert "with its past read backwards" in told
    assert "such as sum(x ORDER BY p.day, p.id)" in told


def test_an_order_of_the_aggregate_mends_it_on_a_day_of_any_size(memory_lake):
    model = fill(orders(memory_lake))
    stored = model.store.lake.read(model.store.tables.events)
    few = stored.filter(pc.equal(stored["day"], day(5))).to_pylist()
    many = [{**row, "id": row["id"] + 1000 * n} for row in few for n in range(60)]
    put(model, "events", 5, many)
    assert prove_online(model, [day(5)], most=60).with_past == 60


def test_labels_that_no_event_of_the_customer_leads_to_are_refused(memory_lake):
    sql = "SELECT e.id, (SELECT count(*) FROM past_labels) AS n FROM events e"
    told = refusal(memory_lake, sql, {"n": "integer"})
    assert "is 120 with the whole day" in told


def test_days_without_events_prove_nothing(memory_lake):
    with pytest.raises(FeatureError, match="tiny: no stored day of 2 has events"):
        prove_online(orders(memory_lake), DAYS)


def test_events_without_a_past_prove_nothing_of_it(memory_lake):
    model = fill(orders(memory_lake), days=1)
    with pytest.raises(FeatureError, match="none of 40 events has an earlier one of its customer"):
        prove_online(model, [day(0)])


def test_a_model_without_derived_columns_needs_no_proof(memory_lake):
    model = ModelContext.of(memory_lake, ModelSpec(**SPEC))
    assert prove_online(model, DAYS) is None


def test_a_stored_day_and_a_single_event_are_compared_to_the_last_bit():
    assert same_bits(0.5, 0.5)
    assert not same_bits(0.5, 0.5000000000000001)
    assert not same_bits(None, 0)
