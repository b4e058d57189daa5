from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_drift.sources.simulators.churn import Churn, drift_factor, inject_drift

FIRST, DRIFTS_FROM = date(2024, 10, 1), date(2025, 2, 1)
FEATURES = [
    "gender",
    "SeniorCitizen",
    "Partner",
    "Dependents",
    "tenure",
    "PhoneService",
    "MultipleLines",
    "InternetService",
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
    "Contract",
    "PaperlessBilling",
    "PaymentMethod",
    "MonthlyCharges",
    "TotalCharges",
]

# What the published customers show.
SHARES = {
    "Churn": {"Yes": 0.265},
    "Contract": {"Month-to-month": 0.550, "One year": 0.209, "Two year": 0.241},
    "InternetService": {"DSL": 0.344, "Fiber optic": 0.440, "No": 0.217},
    "PaymentMethod": {"Electronic check": 0.336, "Mailed check": 0.229}
    | {"Bank transfer (automatic)": 0.219, "Credit card (automatic)": 0.216},
    "gender": {"Male": 0.505},
    "SeniorCitizen": {1: 0.162},
    "Partner": {"Yes": 0.483},
    "Dependents": {"Yes": 0.300},
    "PhoneService": {"Yes": 0.903},
    "MultipleLines": {"Yes": 0.422},
    "OnlineSecurity": {"Yes": 0.287},
    "OnlineBackup": {"Yes": 0.345},
    "DeviceProtection": {"Yes": 0.344},
    "TechSupport": {"Yes": 0.290},
    "StreamingTV": {"Yes": 0.384},
    "StreamingMovies": {"Yes": 0.388},
    "PaperlessBilling": {"Yes": 0.592},
}
CHURN_AMONG = {
    "Contract": {"Month-to-month": 0.427, "One year": 0.113, "Two year": 0.028},
    "InternetService": {"DSL": 0.190, "Fiber optic": 0.419, "No": 0.074},
    "PaymentMethod": {"Electronic check": 0.453, "Mailed check": 0.191},
    "SeniorCitizen": {0: 0.236, 1: 0.417},
    "TechSupport": {"No": 0.416, "Yes": 0.152},
}


def days(first, count):
    return [first + timedelta(days=i) for i in range(count)]


@pytest.fixture(scope="module")
def customers():
    """Three times as many customers as were published, labelled, without drift."""
    world = Churn(seed=7, stationary=True)
    made = 3 * 141
    events = pa.concat_tables([world.events(day) for day in days(FIRST, made)]).to_pandas()
    labels = pa.concat_tables([world.labels(day) for day in days(FIRST, made + 90)]).to_pandas()
    return events.merge(labels, on="customerID", validate="one_to_one")


@pytest.fixture(scope="module")
def worlds():
    return Churn(seed=7), Churn(seed=7, stationary=True)


def test_columns_are_the_published_ones_in_their_order(worlds):
    events = worlds[0].events(FIRST)
    assert events.column_names == ["customerID", "event_time", *FEATURES]
    assert events.schema.field("TotalCharges").type == pa.string()
    assert events.schema.field("SeniorCitizen").type == events.schema.field("tenure").type
    assert events.schema.field("tenure").type == pa.int64()
    assert events.schema == worlds[0].events(date(2025, 6, 30)).schema
    assert not any(column.null_count for column in events.columns)


def test_fifty_customers_a_day_with_keys_of_their_own(customers):
    assert (customers.groupby(customers["event_time"].dt.date).size() == 50).all()
    assert customers["customerID"].is_unique
    assert len(customers) == 3 * 141 * 50


def test_labels_of_the_first_hundred_days_come_the_same_day_and_only_once(worlds):
    world = worlds[0]
    for day in days(FIRST, 100)[::9]:
        assert world.labels(day)["customerID"].equals(world.events(day)["customerID"])
    for day in days(date(2025, 1, 9), 90):
        assert world.labels(day).num_rows == 0
    first_late = world.labels(date(2025, 4, 9))["customerID"]
    assert first_late.equals(world.events(date(2025, 1, 9))["customerID"])


@pytest.mark.parametrize("column", SHARES)
def test_shares_are_near_the_published_ones(customers, column):
    shares = customers[column].value_counts(normalize=True)
    for value, published in SHARES[column].items():
        assert shares[value] == pytest.approx(published, abs=0.015), value


@pytest.mark.parametrize("column", CHURN_AMONG)
def test_who_leaves_is_near_what_was_published(customers, column):
    churn = customers["Churn"].eq("Yes").groupby(customers[column]).mean()
    for value, published in CHURN_AMONG[column].items():
        assert churn[value] == pytest.approx(published, abs=0.04), value


def test_tenure_has_its_mass_at_both_ends(customers):
    tenure = customers["tenure"]
    assert tenure.between(0, 72).all()
    assert (tenure == 0).mean() == pytest.approx(0.0016, abs=0.001)
    assert (tenure == 1).mean() == pytest.approx(0.087, abs=0.01)
    assert (tenure == 72).mean() == pytest.approx(0.051, abs=0.01)
    assert tenure.quantile([0.25, 0.5, 0.75]).tolist() == pytest.approx([9, 29, 55], abs=3)
    by_contract = tenure.groupby(customers["Contract"]).mean().to_dict()
    published = {"Month-to-month": 18.0, "One year": 42.1, "Two year": 56.7}
    assert by_contract == pytest.approx(published, abs=1)


def test_charges_are_near_the_published_ones(customers):
    charges = customers["MonthlyCharges"]
    assert charges.mean() == pytest.approx(64.8, abs=0.8)
    assert charges.std() == pytest.approx(30.1, abs=0.5)
    by_internet = charges.groupby(customers["InternetService"]).mean().to_dict()
    assert by_internet == pytest.approx({"DSL": 58.1, "Fiber optic": 91.5, "No": 21.1}, abs=1)
    total = pd.to_numeric(customers["TotalCharges"], errors="coerce")
    assert total.mean() == pytest.approx(2_283, abs=60)
    assert total.corr(customers["tenure"]) == pytest.approx(0.83, abs=0.02)
    assert total.corr(charges) == pytest.approx(0.65, abs=0.02)


def test_a_model_learns_as_much_as_from_the_published_customers(customers):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score, roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    total = pd.to_numeric(customers["TotalCharges"], errors="coerce").fillna(0)
    features = customers[FEATURES].assign(TotalCharges=total)
    X, y = pd.get_dummies(features, drop_first=True), customers["Churn"].eq("Yes")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    model.fit(X[:5_634], y[:5_634])
    rest = model.predict_proba(X[5_634:])[:, 1]
    assert roc_auc_score(y[5_634:], rest) == pytest.approx(0.847, abs=0.015)
    assert f1_score(y[5_634:], rest > 0.5) == pytest.approx(0.594, abs=0.03)


def test_before_the_drift_both_worlds_are_the_same(worlds):
    moving, still = worlds
    for day in [*days(FIRST, 123)[::20], DRIFTS_FROM]:
        assert moving.events(day).equals(still.events(day))


@pytest.mark.parametrize("passed", [1, 4, 5, 9, 13, 14, 60, 149])
def test_the_drift_grows_for_two_weeks_and_stays(worlds, passed):
    day = DRIFTS_FROM + timedelta(days=passed)
    after, before = (world.events(day).to_pandas() for world in worlds)
    f = min(passed, 13) / 14
    assert np.allclose(after["MonthlyCharges"], before["MonthlyCharges"] * (1 + 0.6 * f))
    assert (after["tenure"] == (before["tenure"] * (1 - 0.5 * f)).astype(int)).all()
    moved = after["Contract"] != before["Contract"]
    assert (after.loc[moved, "Contract"] == "Month-to-month").all()
    assert moved.any() == (passed >= 5)
    rest = ["tenure", "MonthlyCharges", "Contract"]
    pd.testing.assert_frame_equal(after.drop(columns=rest), before.drop(columns=rest))


def test_contracts_move_with_the_probability_of_the_drift(worlds):
    february_on = days(date(2025, 2, 14), 60)
    moving, still = (
        pa.concat_tables([world.events(day) for day in february_on])["Contract"].to_pandas()
        for world in worlds
    )
    longer = still != "Month-to-month"
    assert (moving[longer] != still[longer]).mean() == pytest.approx(0.6 * 13 / 14, abs=0.04)


def test_labels_do_not_notice_the_drift(worlds):
    moving, still = worlds
    for day in days(DRIFTS_FROM + timedelta(days=90), 150)[::7]:
        assert moving.labels(day).num_rows == 50
        assert moving.labels(day).equals(still.labels(day))


# the drift that is injected

STRONGEST = 13 / 14


def plain(count=1, **columns):
    usual = {
        "TotalCharges": ["1000"] * count,
        "tenure": [40] * count,
        "Contract": ["Two year"] * count,
        "MonthlyCharges": [50.0] * count,
    }
    return pa.table({**usual, **columns})


def drifted(events, f, seed=1):
    return inject_drift(events, f, np.random.default_rng(seed))


def test_the_factor_rises_by_a_fourteenth_a_day_and_stays():
    days = [DRIFTS_FROM + timedelta(days=i) for i in (-300, -1, *range(14), 14, 500)]
    expected = [0, 0, *(i / 14 for i in range(14)), 13 / 14, 13 / 14]
    assert [drift_factor(day, DRIFTS_FROM) for day in days] == expected


def test_no_strength_changes_nothing():
    events = plain(2, MonthlyCharges=[19.95, None])
    assert drifted(events, 0).equals(events)


@pytest.mark.parametrize(
    ("f", "charge", "tenure"), [(0.1, 53.0, 38), (0.5, 65.0, 30), (STRONGEST, 77.857142857, 21)]
)
def test_charges_rise_and_tenures_shrink(f, charge, tenure):
    (row,) = drifted(plain(), f).to_pylist()
    assert row["MonthlyCharges"] == pytest.approx(charge)
    assert row["tenure"] == tenure
    assert row["TotalCharges"] == "1000"


def test_tenure_is_truncated_not_rounded():
    shrunk = drifted(plain(4, tenure=[0, 1, 3, 72]), STRONGEST)
    assert shrunk["tenure"].to_pylist() == [0, 0, 1, 38]
    assert shrunk["tenure"].type == pa.int64()


@pytest.mark.parametrize(("f", "share"), [(0.3, 0), (4 / 14, 0), (0.31, 0.186), (1, 0.6)])
def test_contracts_become_monthly_above_a_factor_of_three_tenths(f, share):
    moved = pc.equal(drifted(plain(20_000), f)["Contract"], "Month-to-month")
    assert pc.mean(moved).as_py() == pytest.approx(share, abs=0.012)


def test_a_contract_once_monthly_stays_so_as_the_drift_grows():
    weak, strong = (
        np.array(drifted(plain(1_000), f)["Contract"]) == "Month-to-month" for f in (0.4, 0.9)
    )
    assert weak.any()
    assert strong.sum() > weak.sum()
    assert strong[weak].all()


def test_the_generator_chooses_whose_contract_moves():
    events = plain(100)
    assert drifted(events, 0.9, seed=1).equals(drifted(events, 0.9, seed=1))
    assert not drifted(events, 0.9, seed=1).equals(drifted(events, 0.9, seed=2))


def test_columns_and_rows_keep_their_order():
    events = plain(3, key=["a", "b", "c"])
    after = drifted(events, 0.9)
    assert after.column_names == events.column_names
    assert after["key"].equals(events["key"])


@pytest.mark.parametrize("f", [0.2, 0.9])
def test_no_rows_stay_no_rows(f):
    assert drifted(plain().slice(0, 0), f).equals(plain().slice(0, 0))
    assert drifted(plain().schema.empty_table(), f).num_rows == 0
