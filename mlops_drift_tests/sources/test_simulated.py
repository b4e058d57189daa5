from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from mlops_drift.sources.simulated import Simulated, SimulatorSource
from mlops_drift.sources.simulators.registry import SIMULATORS

FIRST = date(2020, 1, 30)
STARTS = {"churn": date(2024, 10, 1), "glassware": date(2019, 7, 1), "insurance": FIRST}


def source(name, **options):
    return Simulated(SimulatorSource(kind="simulator", simulator=name, **options))


def dated(batch):
    """The rows of a batch beside their days and times."""
    (part,) = batch.parts
    return part.rows.append_column("day", part.days).append_column("event_time", part.times)


@pytest.mark.parametrize("name", STARTS)
def test_a_range_of_days_is_its_days_one_after_another(name):
    made = source(name)
    days = [STARTS[name] + timedelta(days=i) for i in range(3)]
    for gather in (made.events, made.labels):
        whole = dated(gather(days[0], days[-1]))
        assert whole.num_rows > 0
        assert whole.equals(pa.concat_tables([dated(gather(day, day)) for day in days]))
        assert set(whole["day"].to_pylist()) <= set(days)


def test_events_have_the_day_and_the_time_of_the_world():
    rows = dated(source("insurance", seed=3).events(FIRST, FIRST))
    made = SIMULATORS["insurance"](seed=3).events(FIRST)
    assert rows.select(made.column_names).equals(made)
    assert set(rows["day"].to_pylist()) == {FIRST}
    assert rows.schema.field("day").type == pa.date32()
    assert all(moment.date() == FIRST for moment in rows["event_time"].to_pylist())


def test_labels_have_the_day_on_which_they_arrive():
    arrived = date(2020, 1, 31)
    batch = source("insurance").labels(FIRST, arrived)
    rows = dated(batch)
    assert rows.column_names == ["policy_id", "risk_group", "day", "event_time"]
    assert set(rows["day"].to_pylist()) == {arrived}
    assert set(rows["event_time"].to_pylist()) == {datetime(2020, 1, 31)}
    assert rows.num_rows == 48
    assert batch.others is None


def test_days_outside_the_world_have_no_rows_but_the_same_columns():
    made = source("insurance")
    before = dated(made.events(date(2001, 1, 1), date(2001, 1, 3)))
    assert before.num_rows == 0
    assert before.schema == dated(made.events(FIRST, FIRST)).schema


def test_the_seed_chooses_the_world():
    one, same, other = (source("insurance", seed=seed).events(FIRST, FIRST) for seed in (1, 1, 2))
    assert dated(one).equals(dated(same))
    assert not dated(one).equals(dated(other))
    assert one.parts[0].place == "simulator insurance (seed 1)"


def test_a_stationary_world_goes_on(tmp_path):
    far = date(2030, 6, 1)
    config = SimulatorSource(kind="simulator", simulator="insurance", stationary=True)
    assert dated(config.open(tmp_path).events(far, far)).num_rows > 0
