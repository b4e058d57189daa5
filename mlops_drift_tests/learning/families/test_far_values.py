import numpy as np
import pytest

from mlops_drift.learning.families.linear import LARGEST, FarValues


def fitted(*values):
    return FarValues().fit(np.array(values, dtype=float).reshape(-1, 1))


def test_rows_without_a_far_number_pass_as_they_are():
    rows = np.random.default_rng(0).lognormal(sigma=5, size=(500, 3))
    assert FarValues().fit(rows).transform(rows) is rows


@pytest.mark.parametrize("sentinel", [1e200, np.finfo(float).max, 1e30])
def test_a_sentinel_is_clipped_to_the_nearest_number_that_is_not_far(sentinel):
    clipped = fitted(1, 2, 3, 4, sentinel, -sentinel).transform([[sentinel], [-sentinel], [2.5]])
    assert clipped[:, 0].tolist() == [4, 1, 2.5]


def test_large_numbers_that_are_alike_are_not_far():
    rows = np.array([[1e20], [2e20], [3e20]])
    assert FarValues().fit(rows).transform(rows) is rows


def test_a_column_of_nothing_but_far_numbers_stays_within_what_can_be_squared():
    assert fitted(1e200, 1e250).transform([[1e300], [-1e300]])[:, 0].tolist() == [LARGEST, -LARGEST]


def test_missing_numbers_stay_missing():
    clipped = fitted(1, 2, np.nan, 1e200).transform([[np.nan], [1e200]])[:, 0]
    assert np.isnan(clipped[0])
    assert clipped[1] == 2
