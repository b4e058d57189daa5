import html
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from mlops_drift.cli.main import main
from mlops_drift_tests.compare.two_tables import daily, drifted, table, with_column

NUMBERS = ["psi", "js", "hellinger", "tvd", "linf", "ks", "ks_p", "wasserstein", "chi2", "chi2_p"]
SHARES = ["null_reference", "null_current", "unseen"]
COLUMN_KEYS = ["kind", *NUMBERS, *SHARES, "q", "verdict", "reasons"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files: a reference, a current table that drifted, its days, all that cannot be read."""
    folder = tmp_path_factory.mktemp("files")
    current = table(2, shift=1.0, nulls=0.15)
    current = with_column(current, "extra", range(current.num_rows))
    for name, rows in (("past", table(1)), ("now", current), ("days", daily())):
        pq.write_table(rows, folder / f"{name}.parquet")
        pacsv.write_csv(rows, folder / f"{name}.csv")
    pq.write_table(table(1).slice(0, 0), folder / "empty.parquet")
    (folder / "empty.csv").write_text("moved,plan\n")
    (folder / "nothing.csv").write_text("")
    (folder / "past.txt").write_text("moved\n1\n")
    whole = (folder / "past.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[:3000])
    (folder / "damaged.parquet").write_bytes(whole[:100] + b"\x5a" * 10_000 + whole[10_100:])
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return lambda *arguments: CliRunner().invoke(main, ["compare", *arguments])


@pytest.fixture
def printed(run):
    def read(*arguments):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    return read


@pytest.fixture
def as_json(printed):
    return lambda *arguments: json.loads(printed(*arguments, "--format", "json"))


@pytest.fixture
def complaint(run):
    def read(*arguments):
        result = run(*arguments)
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code == 2
        assert result.stdout == ""
        return result.stderr

    return read


def test_two_files_are_compared_in_a_table(printed):
    text = printed("past.parquet", "now.parquet")
    assert "2 of 5 columns drifted, 1 not judged" in text
    assert "now.parquet, 1,000 rows, against past.parquet, 1,000 rows" in text


def test_json_has_every_number_of_every_column(as_json):
    found = as_json("past.parquet", "now.parquet")
    assert list(found) == ["n_reference", "n_current", "columns", "drifted"]
    assert list(found["columns"]) == ["moved", "lost", "plan", "steady", "extra"]
    assert all(list(column) == COLUMN_KEYS for column in found["columns"].values())
    assert found["drifted"] == ["moved", "lost"]
    assert found["columns"]["plan"]["ks"] is None
    assert found["columns"]["extra"]["verdict"] == "unknown"
    assert found["columns"]["moved"]["js"] == drifted().columns["moved"].measures.value("js")


def test_csv_and_parquet_give_the_same(as_json):
    from_text = as_json("past.csv", "now.csv")
    assert from_text == as_json("past.parquet", "now.parquet")


def test_chunks_are_listed_in_json(as_json):
    found = as_json("past.parquet", "days.parquet", "--by", "day")
    assert list(found) == ["chunks"]
    assert [chunk["chunk"] for chunk in found["chunks"]] == [
        f"2024-01-0{number}" for number in range(1, 7)
    ]
    assert [chunk["drifted"] for chunk in found["chunks"]] == [[], [], [], [], ["moved"], ["moved"]]
    assert all("day" not in chunk["columns"] for chunk in found["chunks"])


def test_chunks_are_told_as_text(printed):
    text = printed("past.parquet", "days.csv", "--by", "day")
    assert "1 of 4 columns drifted in at least one of 6 chunks" in text


def test_columns_and_categories_can_be_chosen(as_json, tmp_path):
    rows = pa.table({"zip, code": [1, 2, 3, 4] * 100, "b": range(400)})
    pq.write_table(rows, tmp_path / "zip.parquet")
    path = str(tmp_path / "zip.parquet")
    found = as_json(path, path, "--columns", '"zip, code"', "--categorical", '"zip, code"')
    assert {name: column["kind"] for name, column in found["columns"].items()} == {
        "zip, code": "categorical"
    }


def test_tests_and_auc_are_added_on_request(as_json):
    options = ("--tests", "mann-whitney,levene", "--auc", "--columns", "moved,plan")
    found = as_json("past.parquet", "now.parquet", *options)
    assert found["columns"]["moved"]["mann_whitney_p"] < 1e-6
    assert found["columns"]["moved"]["levene_p"] > 1e-6
    assert found["auc"] > 0.6


def test_metric_threshold_alpha_and_rows_decide(as_json):
    def verdict(*options):
        found = as_json("past.parquet", "now.parquet", "--columns", "moved", *options)
        return found["columns"]["moved"]["verdict"]

    assert verdict() == "fail"
    assert verdict("--threshold", "0.9") == "pass"
    assert verdict("--metric", "psi") == "fail"
    assert verdict("--metric", "psi", "--threshold", "9") == "pass"
    assert verdict("--alpha", "1e-280") == "pass"
    assert verdict("--min-rows", "1001") == "unknown"


@pytest.mark.parametrize(("current", "expected"), [("now.parquet", 1), ("past.parquet", 0)])
def test_the_exit_code_tells_drift_only_if_asked(run, current, expected):
    assert run("past.parquet", current, "--exit-code").exit_code == expected
    assert run("past.parquet", current).exit_code == 0


def test_the_exit_code_tells_drift_of_any_chunk(run):
    assert run("past.parquet", "days.parquet", "--by", "day", "--exit-code").exit_code == 1


@pytest.mark.parametrize(
    ("current", "options", "said"),
    [
        ("y,plan\n" + "1,a\n" * 300, [], "current.csv lacks 'moved' of reference.csv"),
        ("1,a\n" * 300, [], "lacks 'moved', 'plan' of reference.csv"),
        ("moved,plan\n1,a\n", [], "no column has a verdict: moved was not judged: 1 row"),
        ("moved,plan\n" + "1,a\n2,b\n" * 9, ["--by", "plan"], "no column has a verdict"),
        ("plan\n" + "a\n" * 300, ["--columns", "moved"], "lacks 'moved'"),
    ],
)
def test_the_exit_code_tells_what_was_not_judged(run, current, options, said, tmp_path):
    (tmp_path / "reference.csv").write_text("moved,plan\n" + "1,a\n2,b\n" * 150)
    current = (tmp_path / "current.csv").write_text(current) and str(tmp_path / "current.csv")
    result = run(str(tmp_path / "reference.csv"), current, *options, "--exit-code")
    assert result.exit_code == 2
    assert said in result.stderr.replace(f"{tmp_path}/", "")
    assert "columns drifted" in result.stdout or "column drifted" in result.stdout


def test_what_was_not_judged_changes_no_exit_code_unless_asked(run, tmp_path):
    for name, rows in (("reference", "1,a\n2,b\n" * 150), ("current", "1,a\n")):
        (tmp_path / f"{name}.csv").write_text(f"moved,plan\n{rows}")
    assert run(*(str(tmp_path / f"{name}.csv") for name in ("reference", "current"))).exit_code == 0


def test_a_column_that_only_the_current_table_has_changes_no_exit_code(run, tmp_path):
    (tmp_path / "a.csv").write_text("x\n" + "1\n2\n" * 150)
    (tmp_path / "b.csv").write_text("x,new\n" + "1,a\n2,b\n" * 150)
    result = run(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--exit-code")
    assert result.exit_code == 0
    assert "1 not judged" in result.stdout


NAMES = [
    "self",
    "index",
    "NA",
    "select",
    'say "b"',
    "it's",
    "😀",
    "a.b",
    "{}",
    "%s",
    "v",
    "o",
    "<b>",
]
NAMES += ["arrow_rows", "[red]", "a,b", "x\ny", "c0", " "]


def test_columns_may_have_any_name(run, tmp_path):
    rng = np.random.default_rng(0)
    for file in ("a", "b"):
        rows = {name: rng.choice(["u", "v"], 200) for name in NAMES[:-1]}
        pq.write_table(pa.table({**rows, "n": rng.normal(size=200)}), tmp_path / f"{file}.parquet")
    files = [str(tmp_path / f"{file}.parquet") for file in ("a", "b")]
    page = tmp_path / "page.html"
    result = run(*files, "--html", str(page), "--auc", "--format", "json", "--exit-code")
    assert result.exit_code == 0, result.output
    assert list(json.loads(result.stdout)["columns"]) == [*NAMES[:-1], "n"]
    drawn = html.unescape(page.read_text("utf-8"))
    assert all(name in drawn for name in NAMES[:-1])
    for name in ["o", "arrow_rows", 'say "b"', "a,b"]:
        quoted = '"' + name.replace('"', '""') + '"'
        assert run(*files, "--by", name, "--columns", f"{quoted},n").exit_code == 0
    pq.write_table(pa.table({" ": [1]}), tmp_path / "blank.parquet")
    refused = run(files[0], str(tmp_path / "blank.parquet"))
    assert (refused.exit_code, "column 1 has no name" in refused.stderr) == (2, True)


def test_the_page_is_written_beside_what_is_printed(as_json, tmp_path):
    page = tmp_path / "page.html"
    found = as_json("past.parquet", "now.parquet", "--html", str(page))
    assert found["drifted"] == ["moved", "lost"]
    assert "2 of 5 columns drifted" in page.read_text("utf-8")


def test_nothing_but_the_report_is_printed_where_there_is_no_terminal(run):
    assert run("past.parquet", "now.parquet").stderr == ""


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("nope.parquet", "nope.parquet: no such file"),
        ("past.txt", "must end in one of .parquet, .csv"),
        ("empty.parquet", "empty.parquet has no rows"),
        ("empty.csv", "empty.csv has no rows"),
        ("nothing.csv", "nothing.csv, line 1: the file is empty"),
        ("cut.parquet", "cut.parquet: the Parquet file is cut off"),
        ("damaged.parquet", "damaged.parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(complaint, file, said):
    assert said in complaint("past.parquet", file)
    assert said in complaint(file, "past.parquet")


@pytest.mark.parametrize(
    "options", [("--columns", "moved,nope"), ("--categorical", "nope"), ("--by", "nope")]
)
def test_an_unknown_column_is_answered_with_the_columns(complaint, options):
    said = complaint("past.parquet", "now.parquet", *options)
    assert "nope" in said
    for name in ("moved", "lost", "plan", "steady"):
        assert name in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--metric", "jsd"), "found jsd"),
        (("--threshold", "nan"), "--threshold: Input should be a finite number, found nan"),
        (("--alpha", "1"), "--alpha: Input should be less than 1"),
        (("--min-rows", "0"), "--min-rows: Input should be greater than 0, found 0"),
        (("--tests", "levene,t"), "--tests must be of mann-whitney, levene, found 't'"),
        (("--columns", ""), "'--columns': has an empty name: ''"),
        (("--columns", "plan,,moved"), "'--columns': has an empty name"),
        (("--columns", "no\nname"), "names no, name, which neither table has"),
        (("--by", "plan", "--auc"), "--auc compares whole tables"),
        (("--html", "no/such/folder.html"), "--html no/such/folder.html cannot be written"),
    ],
)
def test_options_that_make_no_sense_are_refused(complaint, options, said):
    assert said in complaint("past.parquet", "now.parquet", *options)


def test_a_link_to_nowhere_is_rejected_and_stays(complaint, tmp_path):
    link = tmp_path / "page.html"
    link.symlink_to(tmp_path / "nowhere")
    assert "cannot be written: File exists" in complaint(
        "past.parquet", "now.parquet", "--html", str(link)
    )
    assert link.is_symlink()
    assert not link.exists()


def test_the_command_line_loads_the_engine_only_when_it_compares():
    code = (
        "import sys, mlops_drift.cli.main; "
        "sys.exit('mlops_drift.compare.compare' in sys.modules or 'jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
