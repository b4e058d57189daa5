import json
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
import yaml
from pydantic_core import to_jsonable_python

from mlops_drift.errors import UserError
from mlops_drift.explore.explore import explore
from mlops_drift.explore.page import exploration_page
from mlops_drift.schema.columns import Column, Target
from mlops_drift_tests.explore.shop import GAP, N, orders

ROWS = 300


@pytest.fixture(scope="module")
def columns(found):
    return {column.name: column for column in found.columns}


def sentences(found, severity):
    return [one.sentence for one in found.findings if one.severity == severity]


def table(**columns):
    return pa.table(columns)


def test_roles_are_found(found):
    assert (found.key, found.day, found.target) == ("order_id", "day", "returned")


def test_errors_come_first_the_leaks_before_all(found):
    errors = sentences(found, "error")
    assert [one.severity for one in found.findings][: len(errors)] == ["error"] * len(errors)
    assert errors[0].startswith("refund alone predicts the target almost perfectly (AUC 1.000); it")
    assert errors[1:] == [
        "status is the target by another name: leave it out",
        "order_id is no key: 12 rows (0.4 %) repeat the value of another",
        *[text for text in errors if text.startswith(("ratio is infinite", "12 rows", "mostly"))],
    ]
    assert len(errors) == 6


@pytest.mark.parametrize(
    "begin",
    [
        "nothing is always empty",
        "shop is always 'Berlin'",
        "country is 'unknown' in ",
        "age is -999 in ",
        "income is missing in ",
        "country: 'DE' and 'de ' differ only in case or space",
        "price has 3 outliers (0.1 %): 3 above ",
        "price, refund and taxed say the same",
        "day: 2 of 100 days have no rows: 2024-02-10 to 2024-02-11",
    ],
)
def test_warnings_name_what_is_odd(found, begin):
    assert [text for text in sentences(found, "warning") if text.startswith(begin)]


def test_notes_tell_trends_and_seasons(found):
    notes = sentences(found, "note")
    [trend] = [text for text in notes if text.startswith("the mean of income")]
    assert "rises by" in trend
    assert any(text.startswith("the mean of price has a season: highest on S") for text in notes)


def test_columns_are_counted_exactly(columns):
    frame = orders()
    income, ratio = columns["income"], columns["ratio"]
    assert (income.missing, income.distinct) == (
        frame["income"].isna().sum(),
        frame["income"].nunique(),
    )
    assert income.spread.mean == pytest.approx(frame["income"].mean())
    assert ratio.infinite == np.isinf(frame["ratio"]).sum()
    assert [bar.rows for bar in columns["country"].bars] == frame["country"].value_counts().tolist()
    for column in columns.values():
        finite = column.filled - column.infinite
        assert sum(bar.rows for bar in column.bars) + column.rest == finite


def test_the_groups_of_a_column_add_up_to_all_rows(found, columns):
    assert found.groups.labels == ("no", "yes")
    for name in ("price", "country", "age"):
        for bar in columns[name].bars:
            assert sum(bar.by_group) == bar.rows
    assert columns["refund"].filled_by_group == (0, found.groups.rows[1])


def test_duplicates_and_days_are_counted(found):
    assert (found.duplicates.whole, found.duplicates.keys) == (12, ())
    assert [str(day) for day in found.timeline.gaps] == GAP
    assert sum(found.timeline.rows) == found.rows == N - 60 + 12


def test_the_fragment_for_defs_yaml_is_one(found):
    defs = yaml.safe_load(found.defs)
    kept = {name: Column.model_validate(one) for name, one in defs["columns"].items()}
    assert set(kept) == {"price", "age", "income", "country", "taxed", "ratio"}
    assert (kept["income"].nullable, kept["income"].min) == (True, 0)
    assert Target.model_validate(defs["target"]).positive == "yes"
    assert (defs["key"], defs["key_type"]) == ("order_id", "integer")
    assert "# - status: is the target by another name" in found.defs


def test_the_same_input_gives_the_same_bytes(shop, found):
    again = explore(shop, target="returned")
    assert json.dumps(to_jsonable_python(again)) == json.dumps(to_jsonable_python(found))
    assert exploration_page(again) == exploration_page(found)


def test_a_pair_of_columns_is_a_key_where_no_column_is():
    rows = table(
        shop=np.repeat(np.arange(20), 15), number=np.tile(np.arange(15), 20), x=np.arange(ROWS) / 7
    )
    assert ("shop", "number") in explore(rows).duplicates.keys


def test_numbers_beyond_doubles_are_told_apart():
    found = explore(table(ticket_id=[2**62 + number for number in range(ROWS)]))
    assert (found.columns[0].distinct, found.key) == (ROWS, "ticket_id")


def test_rows_that_differ_in_their_key_alone_are_told():
    values = np.arange(ROWS) % 250
    found = explore(table(id=np.arange(ROWS), x=values / 3, y=values * 2))
    assert found.duplicates.but_key == 50
    assert "50 rows (16.7 %) repeat another in all columns but id" in sentences(found, "warning")


@pytest.mark.parametrize("classes", [2, 3, 0])
def test_nothing_is_found_in_noise(classes):
    rng = np.random.default_rng(14)
    n = 400
    columns = {f"n{number}": rng.normal(size=n) for number in range(8)}
    columns |= {f"skewed{number}": rng.lognormal(0, 1, n) for number in range(3)}
    columns |= {f"c{number}": rng.choice(list("abcdef")[:number], n) for number in (2, 3, 6)}
    days = np.datetime64("2024-01-01") + np.arange(n) % 80
    target = rng.choice(list("xyz")[:classes], n) if classes else rng.normal(size=n)
    table = pa.table({"id": np.arange(n), "day": days, **columns, "target": target})
    assert [one.sentence for one in explore(table).findings] == []


def test_the_rarest_of_many_classes_is_named():
    names = np.repeat([f"class {number}" for number in range(8)], [50] * 7 + [2])
    found = explore(pa.table({"id": range(352), "target": names}))
    assert "the class class 7 of the target is rare: 2 rows (0.6 %)" in [
        one.sentence for one in found.findings
    ]


@pytest.mark.parametrize("kind", ["quarters", "classes"])
def test_a_target_of_numbers_has_quarters(kind):
    rng = np.random.default_rng(1)
    y = rng.normal(size=ROWS) if kind == "quarters" else rng.integers(0, 3, ROWS)
    found = explore(table(x=rng.normal(size=ROWS), y=y), target="y")
    assert found.groups.kind == kind
    assert sum(found.groups.rows) == ROWS


@pytest.mark.parametrize(
    ("rows", "target"),
    [
        (table(a=[1], day=[date(2024, 1, 1)], y=["yes"]), "y"),
        (table(a=pa.nulls(5), b=pa.array([None] * 5, pa.float64()), c=["", " ", "", "", ""]), None),
        (table(a=range(ROWS), y=pa.nulls(ROWS)), "y"),
        (table(a=range(ROWS), y=[np.inf, -np.inf] * (ROWS // 2)), "y"),
        (table(a=[1.7e308, -1.7e308] * (ROWS // 2), b=[1e-320] * ROWS), None),
        (table(a=[[1, 2], None] * (ROWS // 2), b=[{"x": 1}] * ROWS, c=[b"\xff"] * ROWS), None),
        (table(day=[date(1, 1, 1), date(9999, 12, 31)] * (ROWS // 2), x=range(ROWS)), None),
    ],
)
def test_ugly_tables_are_explored(rows, target):
    found = explore(rows, target=target)
    assert len(found.columns) == rows.num_columns
    assert exploration_page(found).rstrip().endswith("</html>")


def test_a_number_that_is_always_infinite_is_left_out():
    found = explore(table(x=[np.inf] * 30, y=range(30)))
    assert "x is always 'infinite'" in [one.sentence for one in found.findings]
    assert "- x: is always 'infinite'" in found.defs


def test_sentences_show_the_beginning_of_a_long_text():
    long = "word " * 5000
    rows = table(
        same=[long] * 200,
        case=[long, long.upper()] * 100,
        once=[1, None] * 100,
        target=[f"{long} yes", f"{long} no"] * 100,
    )
    found = explore(rows)
    assert {one.column for one in found.findings} >= {"same", "case", "once"}
    assert max(len(one.sentence) for one in found.findings) < 300
    assert max(map(len, found.defs.partition("target:")[0].splitlines())) < 300


def test_a_target_of_one_class_is_an_error_that_is_told():
    found = explore(table(a=range(ROWS), y=["a"] * ROWS), target="y")
    assert sentences(found, "error") == [
        "the label 'y' has 1 different value; there must be at least two"
    ]


def test_three_hundred_columns_are_explored():
    rng = np.random.default_rng(2)
    numbers = {f"x{n}": rng.normal(size=ROWS) for n in range(150)}
    categories = {f"c{n}": rng.integers(0, 4, ROWS) > 1 for n in range(150)}
    found = explore(table(**numbers, **categories))
    assert len(found.columns) == 300
    assert not [one for one in found.findings if "say the same" in one.sentence]


def test_what_cannot_be_explored_says_why(tmp_path):
    (tmp_path / "empty.csv").write_text("a,b\n")
    with pytest.raises(UserError, match="has no rows"):
        explore(tmp_path / "empty.csv")
    with pytest.raises(UserError, match="has no column 'z'; its columns are x"):
        explore(table(x=[1]), target="z")
    with pytest.raises(UserError, match="holds no days"):
        explore(table(x=[1]), day="x")
    with pytest.raises(UserError, match="must be different columns"):
        explore(table(x=[1]), key="x", target="x")
