"""Published and computed numbers, through the public path."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mlops_drift.compare.compare import compare

MILLION = 1_000_000

# Mean and standard deviation of the current normal: PSI, JS distance, TVD, L-inf and KS.
NORMALS = {
    "N(.1, 1)": ((0.1, 1), (0.009587, 0.041561, 0.039828, 0.018692, 0.039878)),
    "N(.25, 1)": ((0.25, 1), (0.059816, 0.103555, 0.098706, 0.051141, 0.099476)),
    "N(.5, 1)": ((0.5, 1), (0.237749, 0.204684, 0.197412, 0.117239, 0.197413)),
    "N(1, 1)": ((1, 1), (0.926142, 0.391436, 0.382820, 0.289144, 0.382925)),
    "N(0, 1.5)": ((0, 1.5), (0.193543, 0.185489, 0.192901, 0.096451, 0.096790)),
}


@pytest.fixture(scope="module")
def normals():
    """A million quantiles of N(0, 1) beside as many of each normal."""
    quantiles = stats.norm.ppf((np.arange(MILLION) + 0.5) / MILLION)
    reference = dict.fromkeys(NORMALS, quantiles)
    current = {name: mean + sd * quantiles for name, ((mean, sd), _) in NORMALS.items()}
    return compare(pa.table(reference), pa.table(current)).columns


@pytest.mark.parametrize("name", NORMALS)
def test_distances_between_normals(normals, name):
    found = normals[name].measures
    values = [
        found.value("psi"),
        found.value("js"),
        found.value("tvd"),
        found.value("linf"),
        found.value("ks"),
    ]
    assert values == pytest.approx(NORMALS[name][1], rel=1e-4)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("N(.1, 1)", "pass"), ("N(.25, 1)", "fail"), ("N(1, 1)", "fail"), ("N(0, 1.5)", "fail")],
)
def test_a_quarter_of_a_sigma_is_what_fails(normals, name, verdict):
    assert normals[name].verdict == verdict


def test_wasserstein_of_a_shift_is_the_shift(normals):
    unit = 2 * stats.norm.ppf(0.75)
    for name, shift in {"N(.1, 1)": 0.1, "N(1, 1)": 1.0}.items():
        assert normals[name].measures.value("wasserstein") == pytest.approx(shift / unit, rel=1e-5)


def test_hellinger_of_normals_follows_from_their_shares(normals):
    edges = stats.norm.ppf(np.arange(1, 10) / 10)
    for name, ((mean, sd), _) in NORMALS.items():
        shares = np.diff(stats.norm.cdf(edges, mean, sd), prepend=0, append=1)
        expected = np.sqrt(1 - np.sum(np.sqrt(shares / 10)))
        assert normals[name].measures.value("hellinger") == pytest.approx(expected, rel=1e-4)


def test_sampled_normals_agree_to_three_digits():
    rng = np.random.default_rng(0)
    reference, current = rng.normal(size=MILLION), rng.normal(1, 1, MILLION)
    found = compare(pa.table({"x": reference}), pa.table({"x": current})).columns["x"].measures
    values = [
        found.value("psi"),
        found.value("js"),
        found.value("tvd"),
        found.value("linf"),
        found.value("ks"),
    ]
    assert values == pytest.approx(NORMALS["N(1, 1)"][1], abs=2e-3)


def shares(**percent):
    return pa.table({"x": [name for name, rows in percent.items() for _ in range(rows * 10_000)]})


def test_psi_of_three_categories():
    found = compare(shares(a=50, b=30, c=20), shares(a=40, b=35, c=25)).columns["x"]
    # Half a count in each bin of a million rows is seen in the seventh digit.
    assert found.measures.value("psi") == pytest.approx(0.0411791, abs=3e-7)
    assert found.to_dict()["psi"] == found.measures.value("psi")


def test_chi2_of_four_categories():
    reference, current = (
        pa.table({"x": np.repeat(list("ABCD"), rows)})
        for rows in ([25, 25, 25, 25], [35, 20, 25, 20])
    )
    found = compare(reference, current).columns["x"].measures
    assert (round(found.chi2, 3), round(found.chi2_p, 3)) == (2.778, 0.427)


def test_ks_of_the_scipy_example():
    rng = np.random.RandomState(12345678)
    x = stats.norm.rvs(size=200, random_state=rng)
    y = stats.norm.rvs(size=300, loc=0.5, scale=1.5, random_state=rng)
    found = compare(pa.table({"x": x}), pa.table({"x": y})).columns["x"].measures
    assert round(found.value("ks"), 8) == 0.20833333
    assert found.ks_p == pytest.approx(5.12928e-05, abs=5e-11)
