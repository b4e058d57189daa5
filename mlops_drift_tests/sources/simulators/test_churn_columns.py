import numpy as np
import pandas as pd
import pytest

from mlops_drift.sources.simulators.churn_columns import columns_of, customer_ids
from mlops_drift.sources.simulators.churn_customers import draw_traits

NO_INTERNET = "No internet service"
SERVICES = [
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
]


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(1)
    return pd.DataFrame(columns_of(rng, draw_traits(rng, 20_000)))


def test_keys_have_four_digits_and_five_letters_and_never_come_back():
    keys = pd.Series(customer_ids(np.arange(100_000)))
    assert keys.str.fullmatch(r"[0-9]{4}-[A-Z]{5}").all()
    assert keys.is_unique


def test_a_key_belongs_to_its_number_wherever_the_counting_starts():
    assert customer_ids(np.arange(10, 13)).tolist() == customer_ids(np.arange(13))[10:].tolist()
    far = customer_ids(np.array([10**10, 10**10 + 1]))
    assert len({*far, *customer_ids(np.arange(1_000))}) == 1_002


def test_no_customers_have_no_rows():
    assert len(customer_ids(np.arange(0))) == 0
    rng = np.random.default_rng(1)
    assert len(pd.DataFrame(columns_of(rng, draw_traits(rng, 0)))) == 0


def test_total_charges_are_blank_exactly_where_tenure_is_0(customers):
    blank = customers["TotalCharges"] == " "
    assert 10 < blank.sum() < 80
    assert blank.equals(customers["tenure"] == 0)


def test_total_charges_are_about_tenure_times_the_monthly_charge(customers):
    billed = customers[customers["tenure"] > 0]
    months = pd.to_numeric(billed["TotalCharges"]) / billed["MonthlyCharges"]
    assert months[billed["tenure"] == 1].to_numpy() == pytest.approx(1, abs=1e-9)
    late = billed["tenure"] > 24
    assert months[late].to_numpy() == pytest.approx(billed["tenure"][late].to_numpy(), rel=0.2)
    assert (months - billed["tenure"])[late].std() == pytest.approx(1.5, abs=0.15)


def test_total_charges_are_written_as_plain_numbers(customers):
    written = customers.loc[customers["tenure"] > 0, "TotalCharges"]
    assert written.str.fullmatch(r"[1-9][0-9]*(\.[0-9]{0,1}[1-9])?").all()


def test_amounts_are_multiples_of_five_cents(customers):
    charges = customers["MonthlyCharges"]
    assert (charges == charges.round(2)).all()
    assert ((charges * 100).round() % 5 == 0).all()


def test_services_that_need_the_internet_are_marked_where_there_is_none(customers):
    offline = customers["InternetService"] == "No"
    for service in SERVICES:
        assert (customers[service] == NO_INTERNET).equals(offline)


def test_lines_are_marked_where_there_is_no_phone_and_only_dsl_goes_without(customers):
    mute = customers["PhoneService"] == "No"
    assert (customers["MultipleLines"] == "No phone service").equals(mute)
    assert (customers.loc[mute, "InternetService"] == "DSL").all()


def test_the_price_list_explains_the_monthly_charge(customers):
    bought = (
        pd.concat([customers["MultipleLines"], customers[SERVICES]], axis=1).eq("Yes").astype(int)
    )
    prices = pd.Series([5, 5, 5, 5, 5, 10, 10], index=bought.columns)
    internet = customers["InternetService"].map({"No": 0, "DSL": 25, "Fiber optic": 50})
    listed = internet + 20 * (customers["PhoneService"] == "Yes") + (bought * prices).sum(axis=1)
    noise = customers["MonthlyCharges"] - listed
    assert noise.mean() == pytest.approx(0, abs=0.05)
    assert noise.std() == pytest.approx(1.02, abs=0.05)
