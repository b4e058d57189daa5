from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from mlops_drift.schema.days import days_between
from mlops_drift.sources.simulators.base import Simulator
from mlops_drift.sources.simulators.glassware import Glassware
from mlops_drift.sources.simulators.insurance import Insurance
from mlops_drift.sources.simulators.registry import SIMULATORS

GLASSWARE_DAYS = (date(2019, 7, 1), date(2019, 8, 11))
INSURANCE_DAYS = (date(2019, 12, 1), date(2022, 12, 31))
CHURN_DAYS = (date(2024, 10, 1), date(2025, 6, 30))
PERIODS = {"churn": CHURN_DAYS, "glassware": GLASSWARE_DAYS, "insurance": INSURANCE_DAYS}
MIDDLE = {
    "churn": date(2025, 4, 20),
    "glassware": date(2019, 7, 25),
    "insurance": date(2021, 6, 15),
}
DELAYS = {
    "churn": timedelta(days=90),
    "glassware": timedelta(days=2),
    "insurance": timedelta(days=30),
}
KEYS = {"churn": "customerID", "glassware": "pid", "insurance": "policy_id"}

SENSORS = ["temp", "pressure", "duration"]
POLICY_FEATURES = [
    "training",
    "age",
    "emergency_braking",
    "braking_distance",
    "power",
    "miles",
]

every_simulator = pytest.mark.parametrize("name", SIMULATORS)


def events_of(world: Simulator, days: Iterable[date]) -> pd.DataFrame:
    frame: pd.DataFrame = pa.concat_tables([world.events(day) for day in days]).to_pandas()
    return frame


def labelled(world: Simulator, key: str, days: list[date], delay: timedelta) -> pd.DataFrame:
    """The events of `days` that have a label once the last one is due."""
    arrivals = days_between(days[0], days[-1] + delay)
    labels = pa.concat_tables([world.labels(day) for day in arrivals]).to_pandas()
    return events_of(world, days).merge(labels, on=key, validate="one_to_one")


@pytest.fixture(scope="module")
def products() -> pd.DataFrame:
    days = days_between(*GLASSWARE_DAYS)
    return labelled(Glassware(seed=1), "pid", days, DELAYS["glassware"])


@pytest.fixture(scope="module")
def policies() -> pd.DataFrame:
    days = days_between(*INSURANCE_DAYS)
    return in_months(labelled(Insurance(seed=1), "policy_id", days, DELAYS["insurance"]))


@pytest.fixture(scope="module")
def stationary_policies() -> pd.DataFrame:
    """The reference month and, of a world that does not change, what would be months 36 and 37."""
    world = Insurance(seed=1, stationary=True)
    delay = DELAYS["insurance"]
    reference = labelled(
        world, "policy_id", days_between(date(2019, 12, 1), date(2019, 12, 31)), delay
    )
    later = labelled(world, "policy_id", days_between(date(2022, 12, 1), date(2023, 1, 31)), delay)
    return in_months(pd.concat([reference, later]))


def in_months(policies: pd.DataFrame) -> pd.DataFrame:
    time = policies["event_time"].dt
    return policies.assign(month=(time.year - 2019) * 12 + time.month - 12)


# every world


@every_simulator
def test_a_day_is_the_same_alone_and_after_other_days(name: str) -> None:
    day = MIDDLE[name]
    used = SIMULATORS[name](seed=7)
    for other in (PERIODS[name][0], day + timedelta(days=1), day - timedelta(days=1)):
        used.labels(other)
        used.events(other)

    fresh = SIMULATORS[name](seed=7)

    assert fresh.labels(day).num_rows > 0
    assert fresh.labels(day).equals(used.labels(day))
    assert fresh.events(day).equals(used.events(day))


@every_simulator
def test_two_seeds_are_two_worlds(name: str) -> None:
    day = MIDDLE[name]
    one, two = SIMULATORS[name](seed=1), SIMULATORS[name](seed=2)
    assert not one.events(day).equals(two.events(day))
    assert not one.labels(day).equals(two.labels(day))


@every_simulator
def test_two_days_differ(name: str) -> None:
    first, _ = PERIODS[name]
    world = SIMULATORS[name](seed=1)
    key = KEYS[name]
    today = world.events(first).drop_columns([key, "event_time"])
    tomorrow = world.events(first + timedelta(days=1)).drop_columns([key, "event_time"])
    assert not today.slice(0, 40).equals(tomorrow.slice(0, 40))


@every_simulator
def test_outside_the_period_there_are_no_rows_but_the_full_schema(name: str) -> None:
    first, last = PERIODS[name]
    world = SIMULATORS[name](seed=1)
    for far in (timedelta(days=1), timedelta(days=4_000)):
        for day in (first - far, last + far):
            assert world.events(day).num_rows == 0
            assert world.events(day).schema == world.events(first).schema
        for day in (first - far, last + DELAYS[name] + far):
            assert world.labels(day).num_rows == 0
            assert world.labels(day).schema == world.labels(last).schema


@every_simulator
def test_every_event_of_the_period_lies_on_its_day(name: str) -> None:
    world = SIMULATORS[name](seed=1)
    for day in days_between(*PERIODS[name])[::13]:
        events = world.events(day).to_pandas()
        assert (events["event_time"].dt.date == day).all()
        assert events["event_time"].is_monotonic_increasing


@every_simulator
def test_schema_names_the_key_then_the_time_without_a_zone(name: str) -> None:
    world = SIMULATORS[name](seed=1)
    schema = world.events(PERIODS[name][0]).schema
    assert schema.names[:2] == [KEYS[name], "event_time"]
    assert schema.field("event_time").type == pa.timestamp("us")
    assert world.labels(PERIODS[name][1]).schema.names[0] == KEYS[name]


@every_simulator
def test_labels_arrive_after_the_delay_for_exactly_the_events_of_their_day(name: str) -> None:
    key = KEYS[name]
    world = SIMULATORS[name](seed=1)
    for day in (MIDDLE[name], PERIODS[name][1]):
        expected = world.events(day)[key]
        assert world.labels(day + DELAYS[name])[key].equals(expected)


@every_simulator
def test_a_stationary_world_starts_with_the_other_and_does_not_end(name: str) -> None:
    world = SIMULATORS[name](seed=1, stationary=True)
    before, later = PERIODS[name][0] - timedelta(days=1), date(2031, 3, 31)
    for table in (world.events, world.labels):
        assert table(before).num_rows == 0
        assert table(later).num_rows > 0


# glassware


def test_the_line_makes_7999_products_in_42_days(products: pd.DataFrame) -> None:
    a_day = products.groupby(products["event_time"].dt.date).size()
    assert len(a_day) == 42
    assert (a_day[:-1] == 192).all()
    assert products["pid"].tolist() == list(range(100_001, 108_000))
    assert products["event_time"].diff().dropna().unique().tolist() == [pd.Timedelta(seconds=450)]


@pytest.mark.parametrize(
    ("first", "last", "share"), [(1, 3_400, 0.637), (3_401, 6_500, 0.398), (6_501, 7_999, 0.190)]
)
def test_share_of_good_products_falls_with_every_rule(
    products: pd.DataFrame, first: int, last: int, share: float
) -> None:
    under_one_rule = products[products["pid"].between(100_000 + first, 100_000 + last)]
    assert under_one_rule["quality"].mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("first", "last", "temp", "pressure"),
    [
        (1, 3_400, (351, 359), (8, 15)),
        (3_401, 6_500, (354, 359), (8, 15)),
        (6_501, 7_999, (354, 359), (12, 15)),
    ],
)
def test_quality_follows_the_rule_of_the_product_wherever_sensor_noise_cannot_matter(
    products: pd.DataFrame,
    first: int,
    last: int,
    temp: tuple[float, float],
    pressure: tuple[float, float],
) -> None:
    under_one_rule = products[products["pid"].between(100_000 + first, 100_000 + last)]
    bounds = pd.DataFrame({"temp": temp, "pressure": pressure, "duration": (28, 32)})
    above, below = under_one_rule[SENSORS] - bounds.loc[0], bounds.loc[1] - under_one_rule[SENSORS]
    margin = pd.concat([above, below], axis=1).min(axis=1)
    six_sd = 6 * 0.2

    assert (margin > 0.5).sum() > 50
    assert under_one_rule.loc[margin > six_sd, "quality"].eq(1).all()
    assert under_one_rule.loc[margin < -six_sd, "quality"].eq(0).all()


def test_sensors_do_not_drift(products: pd.DataFrame) -> None:
    from scipy.stats import ks_2samp

    week = 7 * 192
    for sensor in SENSORS:
        assert ks_2samp(products[sensor][:week], products[sensor][-week:]).pvalue > 0.01


def test_a_stationary_line_keeps_the_first_rule() -> None:
    line = Glassware(seed=1, stationary=True)
    days = days_between(date(2019, 8, 4), date(2019, 8, 24))
    later = labelled(line, "pid", days, DELAYS["glassware"])
    assert len(later) == 21 * 192
    assert later["quality"].mean() == pytest.approx(0.637, abs=0.03)


def test_before_the_first_change_both_lines_are_the_same() -> None:
    day = date(2019, 7, 10)
    moving, still = Glassware(seed=1), Glassware(seed=1, stationary=True)
    assert moving.events(day).equals(still.events(day))
    assert moving.labels(day).equals(still.labels(day))


# insurance


def test_every_month_has_1500_policies_with_keys_of_their_own(policies: pd.DataFrame) -> None:
    assert (policies.groupby("month").size() == 1_500).all()
    assert policies["month"].nunique() == 37
    assert policies["policy_id"].is_unique
    assert policies.groupby(policies["event_time"].dt.date).size().between(48, 54).all()


def test_labels_of_the_reference_month_come_the_same_day_and_only_once() -> None:
    world = Insurance(seed=1)
    for day in days_between(date(2019, 12, 1), date(2019, 12, 31)):
        assert world.labels(day)["policy_id"].equals(world.events(day)["policy_id"])
    for day in days_between(date(2020, 1, 1), date(2020, 1, 30)):
        assert world.labels(day).num_rows == 0


def test_drifting_columns_move(policies: pd.DataFrame) -> None:
    means = policies.groupby("month")[POLICY_FEATURES].mean()
    assert means.loc[0, "emergency_braking"] == pytest.approx(0.394, abs=0.04)
    assert means.loc[36, "emergency_braking"] == pytest.approx(0.939, abs=0.02)
    assert means.loc[0, "miles"] == pytest.approx(81.0, abs=2)
    assert means.loc[36, "miles"] == pytest.approx(62.8, abs=2)
    assert means.loc[0, "age"] == pytest.approx(35.1, abs=1)
    assert means.loc[36, "age"] == pytest.approx(39.4, abs=1)


@pytest.mark.parametrize("column", ["training", "braking_distance", "power"])
def test_negative_controls_do_not_move(policies: pd.DataFrame, column: str) -> None:
    from scipy.stats import ks_2samp

    early, late = policies[policies["month"] <= 2], policies[policies["month"] >= 34]
    assert ks_2samp(early[column], late[column]).pvalue > 0.01


@pytest.mark.parametrize(
    ("month", "high", "medium", "low"),
    [(0, 580, 488, 432), (12, 378, 561, 561), (24, 147, 617, 736), (36, 42, 483, 975)],
)
def test_high_risks_all_but_vanish(
    policies: pd.DataFrame, month: int, high: int, medium: int, low: int
) -> None:
    counts = policies.loc[policies["month"] == month, "risk_group"].value_counts()
    expected = {"high": high, "medium": medium, "low": low}
    assert counts.to_dict() == pytest.approx(expected, abs=60)


def fall_of_a_model_left_alone(policies: pd.DataFrame, months: list[int]) -> list[float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    by_month = dict(list(policies.groupby("month")))
    model = make_pipeline(
        StandardScaler(),
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(max_iter=500),
    )
    model.fit(by_month[0][POLICY_FEATURES], by_month[0]["risk_group"])
    return [
        model.score(by_month[month][POLICY_FEATURES], by_month[month]["risk_group"])
        for month in months
    ]


def test_a_model_left_alone_falls_as_the_risk_changes(policies: pd.DataFrame) -> None:
    accuracy = fall_of_a_model_left_alone(policies, [1, 12, 24, 36])
    assert accuracy == pytest.approx([0.87, 0.80, 0.66, 0.52], abs=0.04)


def test_a_stationary_world_does_not_move(stationary_policies: pd.DataFrame) -> None:
    from scipy.stats import ks_2samp

    reference = stationary_policies[stationary_policies["month"] == 0]
    later = stationary_policies[stationary_policies["month"] > 0]
    assert len(later) == 3_000
    for column in POLICY_FEATURES:
        assert ks_2samp(reference[column], later[column]).pvalue > 0.01
    assert (later["risk_group"] == "high").mean() == pytest.approx(580 / 1_500, abs=0.04)
    assert fall_of_a_model_left_alone(stationary_policies, [36, 37]) == pytest.approx(
        [0.87, 0.87], abs=0.03
    )
