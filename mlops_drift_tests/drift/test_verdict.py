"""When a column drifted, lost values or cannot be judged, and what the reason says."""

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.profile import profile, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import MIN_REFERENCE_ROWS, judge
from mlops_drift_tests.drift.verdicts import judged, normal, numbers, with_nulls

pytestmark = pytest.mark.filterwarnings("error")


def test_a_shift_fails_and_its_neighbour_passes():
    found = judged(
        {"moved": normal(3000), "still": normal(3000, seed=1)},
        {"moved": normal(1000, 1.0, seed=2), "still": normal(1000, seed=3)},
    )
    assert {name: v.verdict for name, v in found.items()} == {"moved": "fail", "still": "pass"}
    moved = found["moved"]
    assert moved.value == moved.measures.value("js") == pytest.approx(0.391, abs=0.03)
    assert moved.p == moved.measures.chi2_p
    assert (moved.measures.n_reference, moved.measures.n) == (3000, 1000)
    assert moved.excess == moved.value / 0.1


def test_identical_samples_are_never_flagged():
    rng = np.random.default_rng(8)
    columns = {
        "number": rng.normal(size=3000),
        "text": rng.choice(["a", "b"], 3000),
        "id": np.array([f"id {i}" for i in range(3000)]),
    }
    monitor = DriftMonitor(threshold=1e-9, alpha=0.9)
    for rule in ("drift", "nulls"):
        for verdict in judged(columns, columns, monitor, rule=rule).values():
            assert verdict.verdict == "pass"
            assert (verdict.value, verdict.p, verdict.q) == (0, 1, 1)


def test_a_renamed_category_fails():
    found = judged({"x": ["a"] * 900 + ["b"] * 100}, {"x": ["a"] * 270 + ["B"] * 30})["x"]
    assert (found.verdict, found.measures.unseen) == ("fail", 0.1)
    assert found.reason.endswith("share of b went from 10.0 % to 0.0 %")


def test_lost_values_fail_both_rules_and_the_other_columns_are_judged():
    reference = {"gone": normal(1000), "moved": normal(1000, seed=1), "still": normal(1000, seed=2)}
    current = {
        "gone": pa.array([None] * 200),
        "moved": normal(200, 1.5, seed=3),
        "still": normal(200, seed=4),
    }
    drift, nulls = (judged(reference, current, rule=rule) for rule in ("drift", "nulls"))
    assert {name: (drift[name].verdict, nulls[name].verdict) for name in reference} == {
        "gone": ("fail", "fail"),
        "moved": ("fail", "pass"),
        "still": ("pass", "pass"),
    }
    assert nulls["gone"].value == nulls["gone"].measures.null_share == 1.0
    assert nulls["gone"].reason.startswith(
        "gone lost values: share of null went from 0.0 % to 100.0 % (limit +5.0 %, q "
    )
    assert nulls["still"].reason.startswith("still kept its values: share of null went from 0.0 %")
    assert all(map(math.isfinite, numbers(drift["gone"])))


@pytest.mark.parametrize(
    ("share", "n", "verdict"),
    [(0.24, 10_000, "pass"), (0.25, 10_000, "fail"), (0.25, 100, "pass"), (0.0, 10_000, "pass")],
)
def test_nulls_need_both_a_rise_and_evidence(share, n, verdict):
    reference, current = with_nulls(normal(10_000), 0.2), with_nulls(normal(n, seed=1), share)
    found = judged({"x": reference}, {"x": current}, rule="nulls")["x"]
    assert (found.verdict, found.metric, found.threshold) == (verdict, "null_share", 0.05)
    assert found.value == pytest.approx(share - 0.2)
    assert found.p == found.measures.null_p


def test_a_falling_share_of_nulls_is_drift_but_no_loss():
    reference, current = {"x": with_nulls(normal(2000), 0.5)}, {"x": normal(2000, seed=1)}
    assert judged(reference, current)["x"].verdict == "fail"
    assert judged(reference, current, rule="nulls")["x"].verdict == "pass"


@pytest.mark.parametrize(("n", "n_reference"), [(50, 1500), (200, 200)])
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

    monitor = DriftMonitor(min_rows=30, threshold=0.05)
    alarms, noisy = [], []
    for _ in range(2):
        reference = Reference.fit(pa.table(draw(n_reference)))
        days = pa.table(draw(30 * n) | {"day": np.arange(30).repeat(n)})
        for window in profile_by(reference, days, "day").values():
            found = judge(reference, {1: window}, monitor)
            alarms.append(any(v.verdict == "fail" for v in found))
            noisy.append(any(v.measures.value("psi") > 0.1 for v in found))
    # PSI over .1 is everyday noise at this size; the verdict must not be.
    assert len(noisy) == 60
    assert np.mean(noisy) > 0.2
    assert sum(alarms) <= 1


@pytest.mark.parametrize(
    ("vocabulary", "n_reference"), [(2_000, 100), (2_000, 1_000), (6_000, 3_000)]
)
def test_the_new_members_of_a_long_tail_are_no_drift(vocabulary, n_reference):
    rng = np.random.default_rng(6)
    texts = np.array([f"town {i}" for i in range(vocabulary)])
    found = [
        judged({"x": rng.choice(texts, n_reference)}, {"x": rng.choice(texts, n)})["x"]
        for n in (100, 1000, 5000)
    ]
    assert [v.verdict for v in found] == ["pass"] * 3
    assert all(v.measures.unseen > 0.3 for v in found)


@pytest.mark.parametrize("n_reference", [100, 300])
def test_categories_that_a_small_reference_saw_by_luck_are_no_drift(n_reference):
    rng = np.random.default_rng(12)
    weights = 1 / np.arange(1, 61) ** 1.3
    towns = np.array([f"town {i}" for i in range(60)])

    def draw(n):
        return rng.choice(towns, n, p=weights / weights.sum())

    for _ in range(15):
        found = judged({"x": draw(n_reference)}, {"x": draw(1000)}, DriftMonitor(threshold=0.02))
        assert found["x"].verdict == "pass"


def test_garbage_in_place_of_a_long_tail_fails():
    rng = np.random.default_rng(6)
    texts = np.array([f"town {i}" for i in range(500)])
    garbage = judged({"x": rng.choice(texts, 5000)}, {"x": ["?"] * 300})["x"]
    assert garbage.verdict == "fail"


@pytest.mark.parametrize("rule", ["drift", "nulls"])
@pytest.mark.parametrize(
    ("n_reference", "n", "reason"),
    [
        (1000, 99, "x was not judged: 99 rows over 1 day, at least 100 are needed"),
        (1000, 1, "x was not judged: 1 row over 1 day, at least 100 are needed"),
        (1000, 0, "x was not judged: 0 rows over 1 day, at least 100 are needed"),
        (29, 500, "x was not judged: its reference has 29 rows, at least 30 are needed"),
        (0, 500, "x was not judged: its reference has 0 rows, at least 30 are needed"),
    ],
)
def test_too_few_rows_leave_the_verdict_unknown(n_reference, n, reason, rule):
    found = judged({"x": normal(n_reference)}, {"x": normal(n, 3.0, seed=1)}, rule=rule)["x"]
    assert (found.verdict, found.q, found.reason) == ("unknown", 1.0, reason)
    assert all(map(math.isfinite, numbers(found)))


def test_just_enough_rows_are_judged():
    found = judged({"x": normal(MIN_REFERENCE_ROWS)}, {"x": normal(100, 3.0, seed=1)})["x"]
    assert found.verdict == "fail"


def test_reason_says_what_moved_by_how_much():
    reference = Reference.fit(pa.table({"miles": range(1000)}), bins=4)
    current = pa.table({"miles": [100] * 500 + [300, 600] * 400 + [800] * 100})
    monitor = DriftMonitor(columns={"miles": {"threshold": 0.15}})
    found, _ = judge(reference, {28: profile(reference, current)}, monitor)
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
    assert chance["x"].reason.startswith("x: not significant (q = ")
    assert ": JS distance 0." in chance["x"].reason
    assert (
        ", limit 0.010, 100 rows" in chance["x"].reason
        or ", limit 0.010 over" in chance["x"].reason
    )
    few = judged(
        {"x": with_nulls(normal(1000), 0.1)}, {"x": with_nulls(normal(100), 0.16)}, rule="nulls"
    )["x"]
    assert few.verdict == "pass"
    assert few.reason.startswith("x: not significant (q = ")
    assert "): share of null went from 10.0 % to " in few.reason


def test_a_q_too_small_for_a_double_reads_as_a_bound():
    found = judged({"x": normal(50_000)}, {"x": normal(50_000, 3.0, seed=1)})["x"]
    assert found.q == 0.0
    assert "q < 0.0001)" in found.reason


def test_all_rules_columns_and_windows_share_one_family():
    rng = np.random.default_rng(9)
    columns = {f"x{i}": with_nulls(rng.normal(size=1000), 0.1) for i in range(20)}
    reference = Reference.fit(pa.table(columns))
    now = {
        name: with_nulls(rng.normal(0.2, 1, 400), 0.1 + i / 99) for i, name in enumerate(columns)
    }
    window = profile(reference, pa.table(now))
    both = judge(reference, {1: window, 7: window}, DriftMonitor())
    assert [(v.window, v.column, v.rule) for v in both] == [
        (days, name, rule) for days in (1, 7) for name in columns for rule in ("drift", "nulls")
    ]
    expected = stats.false_discovery_control([v.p for v in both])
    assert [v.q for v in both] == pytest.approx(expected.tolist(), rel=1e-12)
    assert {v.verdict for v in both if v.rule == "nulls"} == {"pass", "fail"}
    for verdict in both:
        far, sure = verdict.value >= verdict.threshold, verdict.q < 0.001
        assert verdict.verdict == ("fail" if far and sure else "pass")


def test_unknown_columns_stay_out_of_the_family():
    reference = Reference.fit(pa.table({"x": normal(1000)}))
    day = profile(reference, pa.table({"x": normal(50, seed=1)}))
    week = profile(reference, pa.table({"x": normal(350, 0.3, seed=2)}))
    alone = judge(reference, {7: week}, DriftMonitor())
    beside = judge(reference, {1: day, 7: week}, DriftMonitor())
    assert [v.verdict for v in beside[:2]] == ["unknown"] * 2
    assert beside[2:] == alone


@pytest.mark.parametrize("window", [{}, {"x": ColumnProfile(np.array([1, 2]))}])
def test_profile_of_another_reference_is_refused(window):
    reference = Reference.fit(pa.table({"x": normal(100)}))
    with pytest.raises(ValueError, match="window of 7 days needs 7 bins for column 'x'"):
        judge(reference, {7: window}, DriftMonitor())
