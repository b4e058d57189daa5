import dataclasses
import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import judge


def kinds_of(columns):
    return {
        name: "numeric" if np.asarray(values).dtype.kind in "fi" else "categorical"
        for name, values in columns.items()
    }


def judged(reference, current, monitor=None, days=1):
    """Verdicts by column of one window against a reference, both as columns of arrays."""
    fitted = Reference.fit(pa.table(reference), kinds_of(reference), bins=10)
    window = profile(fitted, pa.table(current))
    return {v.column: v for v in judge(fitted, {days: window}, monitor or DriftMonitor())}


def numbers(verdict):
    return [v for v in dataclasses.astuple(verdict) if isinstance(v, int | float)]


def normal(n, mean=0.0, seed=0):
    return np.random.default_rng(seed).normal(mean, 1, n)


def with_nulls(values, share):
    values = values.copy()
    values[: round(share * len(values))] = np.nan
    return values


def test_a_shift_fails_and_its_neighbour_passes():
    found = judged(
        {"moved": normal(3000), "still": normal(3000, seed=1)},
        {"moved": normal(1000, 1.0, seed=2), "still": normal(1000, seed=3)},
    )
    assert {name: v.verdict for name, v in found.items()} == {"moved": "fail", "still": "pass"}
    assert found["moved"].value == found["moved"].js == pytest.approx(0.391, abs=0.03)
    assert (found["moved"].n_reference, found["moved"].n) == (3000, 1000)


def test_identical_samples_are_never_flagged():
    rng = np.random.default_rng(8)
    columns = {
        "number": rng.normal(size=10_000),
        "text": rng.choice(["a", "b"], 10_000),
        "id": np.array([f"id {i}" for i in range(10_000)]),
    }
    for verdict in judged(columns, columns, DriftMonitor(threshold=1e-9, alpha=0.9)).values():
        assert verdict.verdict == "pass"
        assert (verdict.js, verdict.psi, verdict.chi2_p, verdict.q) == (0, 0, 1, 1)


def test_one_extreme_current_value_hides_nothing():
    quantiles = stats.norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    shifted = quantiles + 1
    shifted[0] = 1000.0
    found = judged({"x": quantiles}, {"x": shifted})["x"]
    assert found.psi == pytest.approx(0.93, rel=0.01)
    assert found.verdict == "fail"


def test_one_extreme_reference_value_hides_nothing():
    reference = normal(30_000)
    reference[0] = 1e6
    found = judged({"x": reference}, {"x": normal(30_000, 1.0, seed=1)})["x"]
    assert found.js == pytest.approx(0.391, abs=0.02)
    assert found.verdict == "fail"


@pytest.mark.parametrize("n", [100, 10_000])
@pytest.mark.parametrize("metric", ["js", "psi", "hellinger", "tvd", "linf"])
def test_one_row_of_an_unseen_category_never_fails(n, metric):
    current = np.array(["a", "b"] * (n // 2))
    current[0] = "new"
    monitor = DriftMonitor(metric=metric, threshold=1e-9)
    found = judged({"x": ["a", "b"] * 5000}, {"x": current}, monitor)["x"]
    assert (found.verdict, found.unseen) == ("pass", 1)
    assert all(map(math.isfinite, numbers(found)))


def test_a_renamed_category_fails():
    found = judged({"x": ["a"] * 900 + ["b"] * 100}, {"x": ["a"] * 270 + ["B"] * 30})["x"]
    assert (found.verdict, found.unseen) == ("fail", 30)
    assert found.reason.endswith("share of b went from 10.0 % to 0.0 %")


def test_an_all_null_column_fails_and_the_others_are_judged():
    reference = {"gone": normal(1000), "moved": normal(1000, seed=1), "still": normal(1000, seed=2)}
    current = {
        "gone": pa.array([None] * 200),
        "moved": normal(200, 1.5, seed=3),
        "still": normal(200, seed=4),
    }
    found = judged(reference, current)
    assert {name: v.verdict for name, v in found.items()} == {
        "gone": "fail",
        "moved": "fail",
        "still": "pass",
    }
    assert found["gone"].null_share == 1.0
    assert "gone lost values: share of null went from 0.0 % to 100.0 %" in found["gone"].reason


def test_growing_nulls_fail_although_no_value_moved():
    reference, current = with_nulls(normal(4000), 0.05), with_nulls(normal(1000, seed=1), 0.25)
    found = judged({"x": reference}, {"x": current}, DriftMonitor(threshold=5))["x"]
    assert found.verdict == "fail"
    assert (found.null_reference, found.null_share) == (0.05, 0.25)
    assert "share of null went from 5.0 % to 25.0 % (limit +5.0 %, q " in found.reason


@pytest.mark.parametrize(
    ("share", "n", "verdict"),
    [(0.24, 10_000, "pass"), (0.25, 10_000, "fail"), (0.25, 100, "pass"), (0.0, 10_000, "pass")],
)
def test_nulls_need_both_a_rise_and_evidence(share, n, verdict):
    reference, current = with_nulls(normal(10_000), 0.2), with_nulls(normal(n, seed=1), share)
    found = judged({"x": reference}, {"x": current}, DriftMonitor(threshold=5))["x"]
    assert found.verdict == verdict


def test_a_tiny_shift_of_a_million_rows_passes():
    found = judged({"x": normal(1_000_000)}, {"x": normal(1_000_000, 0.01, seed=1)})["x"]
    assert found.chi2_p < 1e-6
    assert found.verdict == "pass"


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("n_reference", [200, 1500])
def test_false_alarms_without_drift_are_rare(n, n_reference):
    rng = np.random.default_rng(n + n_reference)
    weights = [0.6, 0.2, 0.1, 0.06, 0.03, 0.007, 0.003]

    def draw(rows):
        columns = {f"number {i}": rng.gamma(2, 3, rows) for i in range(13)}
        columns |= {f"level {i}": rng.poisson(2, rows) for i in range(5)}
        columns |= {f"text {i}": rng.choice(list("abcdefg"), rows, p=weights) for i in range(5)}
        columns |= {
            f"gaps {i}": np.where(rng.random(rows) < 0.02, np.nan, rng.normal(size=rows))
            for i in range(2)
        }
        return columns

    alarms, noisy, days = 0, 0, 0
    for _ in range(4):
        sample = draw(n_reference)
        reference = Reference.fit(pa.table(sample), kinds_of(sample), bins=10)
        for _ in range(25):
            window = profile(reference, pa.table(draw(n)))
            found = judge(reference, {1: window}, DriftMonitor(min_rows=30, threshold=0.05))
            alarms += any(v.verdict == "fail" for v in found)
            noisy += any(v.psi > 0.1 for v in found)
            days += 1
    # PSI over .1 is everyday noise at this size; the verdict must not be.
    assert noisy > 0.2 * days
    assert alarms <= 1


@pytest.mark.parametrize(
    ("vocabulary", "n_reference"), [(2_000, 100), (2_000, 1_000), (10_000, 5_000)]
)
def test_the_new_members_of_a_long_tail_are_no_drift(vocabulary, n_reference):
    rng = np.random.default_rng(6)
    texts = np.array([f"town {i}" for i in range(vocabulary)])
    found = [
        judged({"x": rng.choice(texts, n_reference)}, {"x": rng.choice(texts, n)})["x"]
        for n in (100, 1000, 5000)
    ]
    assert [v.verdict for v in found] == ["pass"] * 3
    assert all(v.unseen > 0.3 * v.n for v in found)


@pytest.mark.parametrize("n_reference", [100, 300])
def test_categories_that_a_small_reference_saw_by_luck_are_no_drift(n_reference):
    rng = np.random.default_rng(12)
    weights = 1 / np.arange(1, 61) ** 1.3
    towns = np.array([f"town {i}" for i in range(60)])

    def draw(n):
        return rng.choice(towns, n, p=weights / weights.sum())

    for _ in range(40):
        found = judged({"x": draw(n_reference)}, {"x": draw(1000)}, DriftMonitor(threshold=0.02))
        assert found["x"].verdict == "pass"


def test_garbage_in_place_of_a_long_tail_fails():
    rng = np.random.default_rng(6)
    texts = np.array([f"town {i}" for i in range(500)])
    garbage = judged({"x": rng.choice(texts, 5000)}, {"x": ["?"] * 300})["x"]
    assert garbage.verdict == "fail"


@pytest.mark.parametrize(
    ("n_reference", "n", "reason"),
    [
        (1000, 99, "x was not judged: 99 rows over 1 day, at least 100 are needed"),
        (1000, 0, "x was not judged: 0 rows over 1 day, at least 100 are needed"),
        (29, 500, "x was not judged: its reference has 29 rows, at least 30 are needed"),
        (0, 500, "x was not judged: its reference has 0 rows, at least 30 are needed"),
    ],
)
def test_too_few_rows_leave_the_verdict_unknown(n_reference, n, reason):
    found = judged({"x": normal(n_reference)}, {"x": normal(n, 3.0, seed=1)})["x"]
    assert (found.verdict, found.q, found.reason) == ("unknown", 1.0, reason)
    assert all(map(math.isfinite, numbers(found)))


def test_reason_says_what_moved_by_how_much():
    reference = Reference.fit(pa.table({"miles": range(1000)}), {"miles": "numeric"}, bins=4)
    current = pa.table({"miles": [100] * 500 + [300, 600] * 400 + [800] * 100})
    monitor = DriftMonitor(column_thresholds={"miles": 0.15})
    [found] = judge(reference, {28: profile(reference, current)}, monitor)
    assert found.reason.startswith("miles moved: JS distance 0.")
    assert "(limit 0.150, q " in found.reason
    assert found.reason.endswith(
        "over 28 days, 1,400 rows; share of >= 750 went from 25.0 % to 7.1 %"
    )
    assert (found.window, found.threshold, found.metric) == (28, 0.15, "js")


def test_reason_of_a_pass_says_whether_size_or_evidence_was_missing():
    small = judged({"x": normal(5000)}, {"x": normal(5000, seed=1)})["x"]
    assert small.reason.startswith("x stayed within its limit: JS distance 0.0")
    chance = judged({"x": normal(5000)}, {"x": normal(100, seed=1)}, DriftMonitor(threshold=0.01))
    assert chance["x"].reason.startswith("x moved no further than chance allows: JS distance 0.")
    assert "needed under 0.001" in chance["x"].reason


def test_all_columns_and_windows_share_one_family():
    rng = np.random.default_rng(9)
    columns = {f"x{i}": rng.normal(size=1000) for i in range(20)}
    reference = Reference.fit(pa.table(columns), kinds_of(columns), bins=10)
    window = profile(reference, pa.table({n: rng.normal(0.2, 1, 400) for n in columns}))
    monitor = DriftMonitor()
    both = judge(reference, {1: window, 7: window}, monitor)
    assert [(v.window, v.column) for v in both] == [(w, n) for w in (1, 7) for n in columns]
    # No nulls: half of the family are null tests with p = 1.
    p = np.array([v.chi2_p for v in both] + [1.0] * len(both))
    expected = stats.false_discovery_control(p)[: len(both)]
    assert [v.q for v in both] == pytest.approx(expected.tolist(), rel=1e-12)


def test_unknown_columns_stay_out_of_the_family():
    columns = {"x": normal(1000)}
    reference = Reference.fit(pa.table(columns), {"x": "numeric"}, bins=10)
    day = profile(reference, pa.table({"x": normal(50, seed=1)}))
    week = profile(reference, pa.table({"x": normal(350, 0.3, seed=2)}))
    [alone] = judge(reference, {7: week}, DriftMonitor())
    unknown, beside = judge(reference, {1: day, 7: week}, DriftMonitor())
    assert unknown.verdict == "unknown"
    assert beside == alone


def test_every_metric_can_decide():
    for metric in ("js", "psi", "hellinger", "tvd", "linf"):
        monitor = DriftMonitor(metric=metric)
        found = judged({"x": normal(2000)}, {"x": normal(2000, 1.0, seed=1)}, monitor)["x"]
        assert found.value == getattr(found, metric)
        assert found.verdict == "fail"


def test_profile_of_another_reference_is_refused():
    reference = Reference.fit(pa.table({"x": normal(100)}), {"x": "numeric"}, bins=10)
    for window in ({}, {"x": np.array([1, 2])}):
        with pytest.raises(ValueError, match="window of 7 days needs 7 bins for column 'x'"):
            judge(reference, {7: window}, DriftMonitor())
