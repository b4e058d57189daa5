"""Comparisons of two tables: their verdicts, numbers and reasons."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from mlops_drift.compare.compare import compare, compare_chunks
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.reference import Reference
from mlops_drift.files.error import TableError
from mlops_drift_tests.compare.two_columns import as_json, table, verdicts

pytestmark = pytest.mark.filterwarnings("error")

KEYS = [
    "kind", "psi", "js", "hellinger", "tvd", "linf", "ks", "ks_p", "wasserstein", "chi2",
    "chi2_p", "null_reference", "null_current", "unseen", "q", "verdict", "reasons",
]  # fmt: skip


def test_json_is_as_documented():
    past, now = table(), table(400, 1.0, seed=1)
    found = as_json(compare(past, now))
    assert list(found) == ["n_reference", "n_current", "columns", "drifted"]
    assert (found["n_reference"], found["n_current"]) == (1000, 400)
    assert list(found["columns"]) == ["x", "plan"]
    assert found["drifted"] == ["x"]
    number, category = found["columns"].values()
    assert list(number) == list(category) == KEYS
    assert (number["kind"], category["kind"]) == ("numeric", "categorical")
    assert [name for name, value in number.items() if value is None] == ["unseen"]
    assert [name for name, value in category.items() if value is None] == [
        "ks",
        "ks_p",
        "wasserstein",
    ]
    assert (number["verdict"], category["verdict"]) == ("fail", "pass")
    ks = stats.ks_2samp(past["x"].to_numpy(), now["x"].to_numpy()).statistic
    assert number["ks"] == pytest.approx(ks, abs=1e-12)
    [reason] = number["reasons"]
    assert reason.startswith("x moved: JS distance 0.")
    assert ", 400 rows; share of" in reason


def test_json_of_an_unknown_column_says_why():
    found = as_json(compare(table(), table(50)))["columns"]["x"]
    assert (found["verdict"], found["q"]) == ("unknown", None)
    assert found["reasons"] == ["x was not judged: 50 rows, at least 100 are needed"]
    assert found["psi"] > 0
    missing = as_json(compare(table(), table().drop_columns("x")))["columns"]["x"]
    assert missing == dict.fromkeys(KEYS) | {
        "verdict": "unknown",
        "reasons": ["x was not judged: the current table does not have this column"],
    }


def test_a_column_missing_on_one_side_is_unknown_and_the_others_are_judged():
    past, now = table(old=range(1000)), table(new=range(1000), seed=1)
    found = compare(past, now)
    assert verdicts(found) == {"x": "pass", "plan": "pass", "old": "unknown", "new": "unknown"}
    assert found.columns["new"].reasons == (
        "new was not judged: the reference does not have this column",
    )
    assert found.columns["old"].reasons == (
        "old was not judged: the current table does not have this column",
    )
    assert found.columns["old"].kind is found.columns["old"].column is None


def test_what_cannot_be_read_is_unknown_with_its_reason():
    past = table(age=range(1000), tags=[[1]] * 1000)
    now = table(seed=1, age=["n/a"] * 1000, tags=[[1]] * 1000)
    found = compare(past, now)
    assert verdicts(found) == {"x": "pass", "plan": "pass", "age": "unknown", "tags": "unknown"}
    [reason] = found.columns["age"].reasons
    assert reason.startswith(
        "age was not judged: column 'age' of the table holds text such as 'n/a'"
    )
    assert "nested" in found.columns["tags"].reasons[0]
    assert compare(past, now, auc=True).auc == pytest.approx(0.5, abs=0.06)


def test_files_are_compared_like_tables(tmp_path):
    past, now = table(), table(500, 0.5, seed=1)
    expected = compare(past, now).to_dict()
    pq.write_table(past, tmp_path / "past.parquet")
    pq.write_table(now, tmp_path / "now.parquet")
    assert compare(str(tmp_path / "past.parquet"), tmp_path / "now.parquet").to_dict() == expected


def test_a_fitted_reference_stands_in_for_its_table():
    past, now = table(), table(500, 0.5, seed=1)
    expected = compare(past, now, monitor=DriftMonitor(bins=7)).to_dict()
    # Its bins are its own, whatever the monitor says.
    assert compare(Reference.fit(past, bins=7), now).to_dict() == expected
    columns = Reference.fit(past, bins=7).columns
    bare = Reference({name: replace(column, sample=None) for name, column in columns.items()})
    found = compare(bare, now).to_dict()
    exact = dict.fromkeys(("ks", "ks_p", "wasserstein"))
    assert found["columns"]["x"] == expected["columns"]["x"] | exact
    assert compare(Reference({}), now).columns["x"].verdict == "unknown"


def test_counts_and_bins_come_with_the_column():
    found = compare(table(), table(500, seed=1)).columns["x"]
    assert len(found.counts) == len(found.column.labels) == 12
    assert (found.counts.sum(), found.column.n) == (500, 1000)


def test_only_the_columns_asked_for_are_compared():
    found = compare(table(), table(), columns=["plan"])
    assert list(found.columns) == ["plan"]
    with pytest.raises(
        TableError, match=r"columns names age, zip, which neither table has; .*x, plan"
    ):
        compare(table(), table(), columns=["x", "age", "zip"])
    with pytest.raises(TableError, match="categorical names age"):
        compare(table(), table(), categorical=["age"])
    with pytest.raises(TableError, match="no column to compare"):
        compare_chunks(table(), table(), by="plan", columns=["plan"])


def test_numbers_are_categories_where_told():
    codes = {"code": np.arange(1000) % 30}
    found = compare(table(**codes), table(**codes), categorical=["code"])
    assert found.columns["code"].kind == "categorical"
    assert found.columns["code"].measures.value("ks") is None
    assert len(found.columns["code"].counts) == 33
    assert compare(table(**codes), table(**codes)).columns["code"].kind == "numeric"


def test_a_column_that_lost_its_type_takes_the_other_side_s():
    empty = {"gone": pa.array([None] * 1000)}
    numbers = {"gone": np.arange(1000.0)}
    appeared = compare(table(**empty), table(**numbers)).columns["gone"]
    vanished = compare(table(**numbers), table(**empty)).columns["gone"]
    assert (appeared.kind, vanished.kind) == ("numeric", "numeric")
    assert (appeared.verdict, vanished.verdict) == ("fail", "fail")
    assert (appeared.measures.null_reference, vanished.measures.null_share) == (1.0, 1.0)


def test_drifted_columns_come_furthest_first():
    shifts = {"near": 0.4, "still": 0.0, "far": 2.0, "middle": 0.8}
    rng = np.random.default_rng(0)
    past = pa.table({name: rng.normal(size=2000) for name in shifts})
    now = pa.table({name: rng.normal(shift, 1, 2000) for name, shift in shifts.items()})
    assert compare(past, now).drifted == ["far", "middle", "near"]
    strict = DriftMonitor(columns={"near": {"threshold": 0.01}})
    # Furthest in units of its own threshold.
    assert compare(past, now, monitor=strict).drifted == ["near", "far", "middle"]


def test_both_rules_give_their_reason():
    gone = np.random.default_rng(1).normal(3, 1, 1000)
    gone[:300] = np.nan
    found = compare(table(), table(x=gone)).columns["x"]
    assert [reason.split(":")[0] for reason in found.reasons] == ["x moved", "x lost values"]


def test_tests_are_made_on_request():
    past, now = table(), table(500, 0.5, seed=1)
    found = compare(past, now, tests=["mann-whitney", "levene"])
    x, y = past["x"].to_numpy(), now["x"].to_numpy()
    u, w = stats.mannwhitneyu(x, y, method="asymptotic"), stats.levene(x, y, center="median")
    assert found.columns["x"].tests == pytest.approx(
        {
            "mann_whitney": u.statistic,
            "mann_whitney_p": u.pvalue,
            "levene": w.statistic,
            "levene_p": w.pvalue,
        }
    )
    assert list(as_json(found)["columns"]["x"])[-4:] == list(found.columns["x"].tests)
    assert found.columns["plan"].tests == compare(past, now).columns["x"].tests == {}


def test_auc_is_found_on_request():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    past, now = pa.table({"x": x, "y": x}), pa.table({"x": x, "y": -x})
    found = compare(past, now, auc=True)
    assert found.drifted == []
    assert as_json(found)["auc"] == found.auc > 0.9
    assert compare(past, past).auc is None
    with pytest.raises(ValueError, match="auc needs the rows of the reference"):
        compare(Reference.fit(past), now, auc=True)


def test_a_column_may_have_the_name_that_queries_give_to_theirs(tmp_path):
    rng = np.random.default_rng(5)
    values = np.where(rng.random(600) < 0.2, np.nan, rng.integers(0, 4, 600))
    path = tmp_path / "v.parquet"
    pq.write_table(pa.table({"v": values, "x": rng.choice(["a", "b"], 600)}), path)
    assert compare(path, path).drifted == []
    assert compare(path, path, categorical=["v"]).columns["v"].measures.null_share > 0.1
    assert compare(path, path, categorical=["v"]).drifted == []


def test_durations_are_days_from_a_file_too(tmp_path):
    days = np.random.default_rng(6).integers(0, 9000, 900)
    table = pa.table({"d": pa.array(days * 1_000_000, pa.duration("us"))})
    pq.write_table(table, tmp_path / "d.parquet")
    assert compare(table, tmp_path / "d.parquet").columns["d"].measures.value("js") == 0
    assert compare(tmp_path / "d.parquet", table).columns["d"].measures.maximum < 0.11


def test_a_long_category_is_shortened_in_the_reason():
    found = compare(pa.table({"x": ["a" * 5000] * 300}), pa.table({"x": ["b"] * 300})).columns["x"]
    assert found.verdict == "fail"
    assert len(found.reasons[0]) < 250


def test_one_column_with_an_infinite_date_takes_no_other_down():
    ends = pa.array([2**31 - 1, 5_000_000, *range(998)], pa.int32()).cast(pa.date32())
    late = pa.array([2**62, *range(999)], pa.timestamp("ms"))
    names = ["x", "plan", "d", "t"]
    columns = compare(table(d=ends, t=late), table(d=ends, t=late), columns=names).columns
    assert {name: column.verdict for name, column in columns.items()} == {
        "x": "pass", "plan": "pass", "d": "pass", "t": "unknown"
    }  # fmt: skip
    assert "column 't' of the table cannot be read: " in columns["t"].reasons[0]


def test_truths_and_their_numbers_are_the_same():
    past, now = pa.table({"x": [True, False] * 100}), pa.table({"x": [1, 0] * 100})
    assert verdicts(compare(past, now)) == verdicts(compare(now, past)) == {"x": "pass"}
    assert verdicts(compare(Reference.fit(past), now)) == {"x": "pass"}


def test_where_one_side_has_no_value_its_distances_do_not_apply():
    past, now = table(x=np.zeros(1000)), table(x=pa.nulls(1000, pa.float64()))
    for pair in ((past, now), (now, past)):
        found = compare(*pair).to_dict()["columns"]["x"]
        assert (found["ks"], found["ks_p"], found["wasserstein"]) == (None, None, None)
        assert found["verdict"] == "fail"
    by_ks = compare(now, past, monitor=DriftMonitor(metric="ks")).columns["x"]
    assert (by_ks.verdict, "none at all" in by_ks.reasons[0]) == ("unknown", True)


def test_infinite_values_are_beyond_the_wasserstein_distance_of_the_finite_ones():
    past, now = table(), table(x=np.append(table(seed=1)["x"].to_numpy()[:500], [np.inf] * 500))
    column = compare(past, now, monitor=DriftMonitor(metric="wasserstein")).columns["x"]
    assert column.verdict == "unknown"
    assert "infinite ones went from 0.0 % to 50.0 %" in column.reasons[0]


def test_a_column_may_have_a_limit_of_its_own_for_nulls():
    rng = np.random.default_rng(1)
    now = table(x=pa.array(rng.normal(size=1000), mask=rng.random(1000) < 0.08))
    own = DriftMonitor(metric="tvd", columns={"x": {"null_increase": 0.2}})
    assert compare(table(), now, monitor=DriftMonitor(metric="tvd")).drifted == ["x"]
    assert compare(table(), now, monitor=own).drifted == []


def test_when_rows_are_of_is_shown_and_only_judged_if_it_is_named():
    past, now = (pa.table({"day": days, "x": range(200)}) for days in (in_month(1), in_month(3)))
    found = compare(past, now)
    assert found.drifted == []
    assert found.columns["day"].is_time
    assert (found.columns["day"].verdict, found.columns["day"].q) == ("unknown", None)
    assert found.columns["day"].reasons == (
        "day is a time and was not judged: 2024-03-01 to 2024-03-20, in the reference 2024-01-01 "
        "to 2024-01-20",
    )
    assert found.to_dict()["columns"]["day"]["is_time"]
    assert compare(past, now, columns=["day"]).drifted == ["day"]
    fitted = Reference.fit(past)
    assert compare(fitted, now).columns["day"].is_time


def in_month(month):
    return pa.array([dt.date(2024, month, 1 + number % 20) for number in range(200)])
