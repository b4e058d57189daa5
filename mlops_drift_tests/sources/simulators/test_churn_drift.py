from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_drift.sources.simulators.churn_drift import drift_factor, inject_drift

FIRST = date(2025, 2, 1)
STRONGEST = 13 / 14


def customers(count=1, **columns):
    plain = {
        "TotalCharges": ["1000"] * count,
        "tenure": [40] * count,
        "Contract": ["Two year"] * count,
        "MonthlyCharges": [50.0] * count,
    }
    return pa.table({**plain, **columns})


def drifted(events, f, seed=1):
    return inject_drift(events, f, np.random.default_rng(seed))


def test_the_factor_rises_by_a_fourteenth_a_day_and_stays():
    days = [FIRST + timedelta(days=i) for i in (-300, -1, *range(14), 14, 500)]
    expected = [0, 0, *(i / 14 for i in range(14)), 13 / 14, 13 / 14]
    assert [drift_factor(day, FIRST) for day in days] == expected


def test_no_strength_changes_nothing():
    events = customers(2, MonthlyCharges=[19.95, None])
    assert drifted(events, 0).equals(events)


@pytest.mark.parametrize(
    ("f", "charge", "tenure"), [(0.1, 53.0, 38), (0.5, 65.0, 30), (STRONGEST, 77.857142857, 21)]
)
def test_charges_rise_and_tenures_shrink(f, charge, tenure):
    (row,) = drifted(customers(), f).to_pylist()
    assert row["MonthlyCharges"] == pytest.approx(charge)
    assert row["tenure"] == tenure
    assert row["TotalCharges"] == "1000"


def test_tenure_is_truncated_not_rounded():
    shrunk = drifted(customers(4, tenure=[0, 1, 3, 72]), STRONGEST)
    assert shrunk["tenure"].to_pylist() == [0, 0, 1, 38]
    assert shrunk["tenure"].type == pa.int64()


@pytest.mark.parametrize(("f", "share"), [(0.3, 0), (4 / 14, 0), (0.31, 0.186), (1, 0.6)])
def test_contracts_become_monthly_above_a_factor_of_three_tenths(f, share):
    moved = pc.equal(drifted(customers(20_000), f)["Contract"], "Month-to-month")
    assert pc.mean(moved).as_py() == pytest.approx(share, abs=0.012)


def test_a_contract_once_monthly_stays_so_as_the_drift_grows():
    weak, strong = (
        np.array(drifted(customers(1_000), f)["Contract"]) == "Month-to-month" for f in (0.4, 0.9)
    )
    assert weak.any()
    assert strong.sum() > weak.sum()
    assert strong[weak].all()


def test_the_generator_chooses_whose_contract_moves():
    events = customers(100)
    assert drifted(events, 0.9, seed=1).equals(drifted(events, 0.9, seed=1))
    assert not drifted(events, 0.9, seed=1).equals(drifted(events, 0.9, seed=2))


def test_columns_and_rows_keep_their_order():
    events = customers(3, key=["a", "b", "c"])
    after = drifted(events, 0.9)
    assert after.column_names == events.column_names
    assert after["key"].equals(events["key"])


@pytest.mark.parametrize("f", [0.2, 0.9])
def test_no_rows_stay_no_rows(f):
    assert drifted(customers().slice(0, 0), f).equals(customers().slice(0, 0))
    assert drifted(customers().schema.empty_table(), f).num_rows == 0
