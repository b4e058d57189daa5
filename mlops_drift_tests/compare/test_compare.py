import datetime as dt
import json
import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from mlops_drift.compare import chunks
from mlops_drift.compare.compare import compare, compare_chunks
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.files.error import TableError

pytestmark = pytest.mark.filterwarnings("error")

KEYS = [
    "kind", "psi", "js", "hellinger", "tvd", "linf", "ks", "ks_p", "wasserstein", "chi2",
    "chi2_p", "null_reference", "null_current", "unseen", "q", "verdict", "reasons",
]  # fmt: skip


def table(n=1000, mean=0.0, seed=0, **columns):
    rng = np.random.default_rng(seed)
    own = {"x": rng.normal(mean, 1, n), "plan": rng.choice(["a", "b", "c"], n)}
    return pa.table({**own, **columns})


def verdicts(comparison):
    return {name: column.verdict for name, column in comparison.columns.items()}


def as_json(comparison):
    return json.loads(json.dumps(comparison.to_dict(), allow_nan=False))


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


def chunked(n_days=4, n=300, **shifts):
    """Rows of some days, out of order, of which some are shifted."""
    days = [dt.date(2024, 1, 1 + i) for i in range(n_days)]
    x = [table(n, shifts.get(f"day{i}", 0.0), seed=10 + i) for i in range(n_days)]
    day = pa.array(np.repeat(np.array(days, dtype="datetime64[D]"), n))
    rows = pa.concat_tables(x).append_column("day", day)
    return rows.take(np.random.default_rng(0).permutation(len(rows)))


def test_each_chunk_is_compared_like_a_table_of_its_own():
    past, rows = table(), chunked(day2=1.0)
    found = compare_chunks(past, rows, by="day")
    assert [chunk.chunk for chunk in found] == [f"2024-01-0{i}" for i in (1, 2, 3, 4)]
    assert [chunk.drifted for chunk in found] == [[], [], ["x"], []]
    assert list(as_json(found[0])) == ["chunk", "n_reference", "n_current", "columns", "drifted"]
    for i, chunk in enumerate(found):
        day = pa.scalar(dt.date(2024, 1, 1 + i))
        own = rows.filter(pa.compute.equal(rows["day"], day)).drop_columns("day")
        assert chunk.to_dict() == {"chunk": chunk.chunk, **compare(past, own).to_dict()}
        np.testing.assert_array_equal(chunk.columns["plan"].counts.sum(), 300)
    assert [c.to_dict() for c in compare_chunks(past, rows.sort_by("day"), by="day")] == [
        chunk.to_dict() for chunk in found
    ]


def labels(values, **options):
    rows = pa.table({"by": values, "x": np.arange(float(len(values)))})
    found = compare_chunks(table(), rows, by="by", **options)
    return [(chunk.chunk, chunk.n_current) for chunk in found]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["b", None, "a", "b"], [("a", 1), ("b", 2), ("null", 1)]),
        ([10, 9, 10], [("9", 1), ("10", 2)]),
        ([2.5, np.nan, None], [("2.5", 1), ("null", 2)]),
        ([True, False, True], [("false", 1), ("true", 2)]),
        (
            [dt.datetime(2024, 1, 2), dt.datetime(2024, 1, 1)],
            [("2024-01-01", 1), ("2024-01-02", 1)],
        ),
        ([dt.datetime(2024, 1, 2, tzinfo=dt.UTC)], [("2024-01-02", 1)]),
        ([dt.datetime(2024, 1, 1, 6), None], [("2024-01-01 06:00:00", 1), ("null", 1)]),
        (pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("ns")), [("2024-01-01", 1)]),
        (pa.array([None, None]), [("null", 2)]),
        (pa.array([], pa.date32()), []),
    ],
)
def test_chunks_are_named_and_ascend(values, expected):
    assert labels(values) == expected


def test_rows_without_a_chunk_are_a_chunk_of_their_own():
    rows = chunked(1)
    rows = rows.set_column(2, "day", pa.array([None] * 300, pa.date32()))
    [found] = compare_chunks(table(), pa.concat_tables([rows, rows]), by="day")
    assert (found.chunk, found.n_current) == ("null", 600)
    assert found.columns["x"].counts.sum() == found.columns["plan"].counts.sum() == 600


def test_more_chunks_than_can_be_read_are_refused(monkeypatch):
    monkeypatch.setattr(chunks, "MAX_CHUNKS", 3)
    assert len(labels([1, 2, 3, 3])) == 3
    assert len(labels([1, 2, 3, None])) == 4
    with pytest.raises(
        TableError, match="'by' of the table has 4 different values, at most 3 chunks"
    ):
        labels([1, 2, 3, 4])


def test_a_chunk_column_that_cannot_divide_is_refused():
    with pytest.raises(TableError, match=r"no column 'day'; its columns are \['x', 'plan'\]"):
        compare_chunks(table(), table(), by="day")
    with pytest.raises(TableError, match=r"'day' of the table holds BIGINT\[\]"):
        compare_chunks(table(), table(2, day=[[1], [2]]), by="day")


def test_the_chunk_column_itself_is_not_compared():
    past = table(day=[1] * 1000)
    assert list(compare_chunks(past, past, by="day")[0].columns) == ["x", "plan"]


def test_each_chunk_is_a_family_of_its_own():
    rng = np.random.default_rng(3)
    names = [f"x{i}" for i in range(20)]
    past = pa.table({name: rng.normal(size=2000) for name in names})
    day = np.repeat([1, 2], 400)
    now = pa.table({name: rng.normal(0.1 * day) for name in names} | {"day": day})
    first, second = compare_chunks(past, now, by="day")
    for chunk in (first, second):
        measures = [column.measures for column in chunk.columns.values()]
        p = [m.chi2_p for m in measures] + [m.null_p for m in measures]
        expected = stats.false_discovery_control(p)[:20]
        found = [column.q for column in chunk.columns.values()]
        assert found == pytest.approx(expected.tolist(), rel=1e-12)


def test_every_number_of_a_comparison_is_finite():
    found = compare_chunks(table(), chunked(day1=5.0), by="day", tests=["levene", "mann-whitney"])
    for chunk in found:
        for column in chunk.to_dict()["columns"].values():
            numbers = [value for value in column.values() if isinstance(value, float)]
            assert all(map(math.isfinite, numbers))


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


# Text files


def in_files(folder, past, now):
    """Compares one column `x` of two CSV files, beside a column that nothing is the matter with."""
    paths = [folder / "past.csv", folder / "now.csv"]
    for path, values in zip(paths, (past, now), strict=True):
        path.write_text("x;ok\n" + "".join(f"{value};1\n" for value in values))
    return compare(*paths).columns["x"]


def days(month, last, pattern):
    return [dt.date(2024, month, 1 + n % last).strftime(pattern) for n in range(400)]


@pytest.mark.parametrize(
    ("past", "now"),
    [
        (["True", "False"] * 99 + ["None"] * 4, ["True", "False"] * 100),
        (["true", "false"] * 100, ["0", "1"] * 100),
        (["0", "1"] * 100, ["True", "False"] * 100),
        (["1.0", "2.0"] * 100 + ["a"] * 50, ["1.0", "2.0"] * 100 + ["a"] * 45),
        (["1.0", "2.0", "a"] * 99, ["1.0", "2.0", "a"] * 40),
        ([" ", *map(str, range(500))], list(map(str, range(0, 500, 3)))),
        (days(1, 20, "%m/%d/%Y"), days(1, 20, "%m/%d/%Y")),
        (["1,5", "2,5"] * 100, ["1.5", "2.5"] * 100),
    ],
)
def test_the_same_values_of_two_text_files_are_the_same(past, now, tmp_path):
    assert in_files(tmp_path, past, now).verdict == "pass"


def test_days_of_two_text_files_are_read_in_one_format(tmp_path):
    column = in_files(tmp_path, days(1, 20, "%m/%d/%Y"), days(1, 12, "%m/%d/%Y"))
    assert column.measures.maximum == (dt.date(2024, 1, 12) - dt.date(1970, 1, 1)).days


def test_numbers_with_a_text_among_them_are_not_judged_as_categories(tmp_path):
    rng = np.random.default_rng(1)
    past, now = rng.normal(size=500), rng.normal(3, 1, 500)
    column = in_files(tmp_path, ["?", *past], now)
    assert (column.verdict, column.kind) == ("unknown", None)
    assert "holds text such as '?' in 1 of 501 rows" in column.reasons[0]
    moved = in_files(tmp_path, [" ", *past], [*now, " "])
    assert (moved.verdict, moved.kind) == ("fail", "numeric")


def test_a_text_file_beside_a_table_of_texts_is_read_as_text(tmp_path):
    pq.write_table(pa.table({"x": ["1.0", "2.0"] * 100}), tmp_path / "past.parquet")
    (tmp_path / "now.csv").write_text("x\n" + "1.0\n2.0\n" * 100)
    paths = [tmp_path / "past.parquet", tmp_path / "now.csv"]
    assert verdicts(compare(*paths)) == verdicts(compare(*paths[::-1])) == {"x": "pass"}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_words_for_a_missing_value_are_texts_beside_texts(form, tmp_path):
    codes = ["EU", "NA", "None", "null"] * 50
    past, now = tmp_path / f"past.{form}", tmp_path / "now.csv"
    if form == "csv":
        past.write_text("c\n" + "\n".join(codes) + "\n")
    else:
        pq.write_table(pa.table({"c": codes}), past)
    for words in (codes, ["null", "NA"] * 100):
        now.write_text("c,x\n" + "".join(f"{word},1\n" for word in words))
        for column in (compare(past, now).columns["c"], compare(now, past).columns["c"]):
            assert (column.measures.null_reference, column.measures.null_share) == (0, 0)
            assert column.verdict == ("pass" if words is codes else "fail")


def test_ids_of_many_digits_stay_apart(tmp_path):
    ids = [12345678901234567000 + number for number in range(100)]
    halves = [ids[:50] * 4, ids[50:] * 4]
    past, now = tmp_path / "past.csv", tmp_path / "now.csv"
    for path, half in zip((past, now), halves, strict=True):
        path.write_text("id\n" + "\n".join(map(str, half)))
    tables = [pa.table({"id": pa.array(half, pa.uint64())}) for half in halves]
    for pair in ((past, now), tables, (past, tables[1])):
        column = compare(*pair, categorical=["id"]).columns["id"]
        assert (column.measures.unseen, column.measures.value("tvd")) == (1.0, 1.0)
    assert compare(past, tables[0], categorical=["id"]).columns["id"].measures.unseen == 0
    whole = pa.table(
        {"id": pa.array([Decimal(number) for number in ids], pa.decimal128(38, 4)), "x": range(100)}
    )
    assert len(compare_chunks(whole, whole, by="id")) == 100


@pytest.mark.parametrize("kind", [pa.uint64(), pa.decimal128(38, 0), pa.string()])
def test_numbers_that_a_double_cannot_tell_apart_are_not_judged_as_numbers(kind, tmp_path):
    ids = [Decimal(12345678901234567000 + number) for number in range(100)] * 4
    path = tmp_path / ("ids.csv" if kind == pa.string() else "ids.parquet")
    if kind == pa.string():
        path.write_text("id\n" + "\n".join(map(str, ids)))
    else:
        pq.write_table(pa.table({"id": pa.array(ids).cast(kind)}), path)
    column = compare(path, path).columns["id"]
    assert column.verdict == "unknown"
    assert "are the same as numbers" in column.reasons[0]
    assert compare(path, path, categorical=["id"]).columns["id"].verdict == "pass"
    # These differ by more than a double rounds.
    moments = table(ns=1_700_000_000_000_000_000 + np.arange(1000) * 1_000_000)
    assert compare(moments, moments).columns["ns"].verdict == "pass"


def test_one_column_with_an_infinite_date_takes_no_other_down():
    ends = pa.array([2**31 - 1, 5_000_000, *range(998)], pa.int32()).cast(pa.date32())
    late = pa.array([2**62, *range(999)], pa.timestamp("ms"))
    columns = compare(table(d=ends, t=late), table(d=ends, t=late)).columns
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


def test_rows_without_a_chunk_are_told_from_a_chunk_called_null():
    now = table(300, by=["null"] * 100 + [None] * 100 + ["a"] * 100)
    found = compare_chunks(table(), now, by="by", columns=["x"])
    assert [chunk.chunk for chunk in found] == ["a", "null", "(null)"]


@pytest.mark.parametrize(
    ("past", "now"),
    [
        (["00501", "A12", "00712"], ["00501", "00712"]),
        (["True", "False", "Maybe"], ["True", "False"]),
        (["true", "false"], ["True", "False"]),
    ],
)
def test_a_text_file_is_read_as_the_categories_of_a_fitted_reference(past, now, tmp_path):
    for name, values in (("past", past), ("now", now)):
        (tmp_path / f"{name}.csv").write_text("x\n" + "".join(f"{v}\n" for v in values * 100))
    reference = Reference.fit(tmp_path / "past.csv")
    assert compare(reference, tmp_path / "now.csv").columns["x"].measures.unseen == 0
    assert profile(reference, tmp_path / "now.csv")["x"].counts[-2] == 0
