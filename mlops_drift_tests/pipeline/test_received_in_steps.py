"""Every row is accounted for, however the days are put together."""

import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlops_drift_tests.pipeline.place import Place, day, describe, write

# The last day that runs.
LAST = 3
CELLS = st.sampled_from(["k1", "k2", "k3", "", "1.0", "n,a", 'say "x"', "ü", "\n"])
DAYS = st.sampled_from(
    [*(str(day(n)) for n in range(-1, LAST + 1)), "", "soon", "2024-03-02T23:59:59+02:00"]
)
ROW = st.tuples(CELLS, DAYS, st.sampled_from(["1", "-2.5", "", "x", "inf"]))
ROWS = st.lists(ROW, max_size=14)
# What becomes of a row while the days run: it stays, goes, or is another.
EDITS = st.lists(st.one_of(st.just("stays"), st.just("goes"), ROW), min_size=15, max_size=15)


def edited(rows, edits):
    pairs = zip(rows, edits, strict=False)
    return [row if edit == "stays" else edit for row, edit in pairs if edit != "goes"]


def surplus(rows, others):
    """How many rows are not among the others, blanks being alike."""
    counted = [Counter(tuple(map(str.strip, row)) for row in some) for some in (rows, others)]
    return (counted[0] - counted[1]).total()


def _shown(row):
    # A record lacks the keys that it leaves out.
    if "row" in row:
        row["row"] = {name: cell for name, cell in json.loads(row["row"]).items() if cell}
    return str(row)


def tables_after(folder, steps, files, name):
    spec = describe(name)
    place = Place(folder, spec)
    for first, last in steps:
        for path, write_file in files(first):
            write_file(path)
        place.land(first, last)
    tables = place.model.tables
    return {
        table.name: sorted(map(_shown, place.model.lake.read(table).to_pylist()))
        for table in (
            tables.events,
            tables.quarantined,
            tables.checks,
            tables.files,
            tables.received,
        )
    }, place


def as_csv(rows):
    return lambda path: write(path.parent, rows, path.name)


def as_parquet(rows):
    def write_file(path):
        table = pa.table(
            {
                name: pa.array([row[n] or None for row in rows], pa.string())
                for n, name in enumerate(["id", "day", "b"])
            }
        )
        pq.write_table(table, path)

    return write_file


def as_jsonl(rows):
    def write_file(path):
        lines = (
            {
                name: cell or None
                for name, cell in zip(["id", "day", "b"], row, strict=True)
                if cell or name == "id"
            }
            for row in rows
        )
        text = "".join(json.dumps(line) + "\n" for line in lines)
        path.write_text(text or "[]", encoding="utf-8")

    return write_file


def as_json(rows):
    def write_file(path):
        names = ["id", "day", "b"]
        records = [dict(zip(names, (cell or None for cell in row), strict=True)) for row in rows]
        path.write_text(json.dumps(records), encoding="utf-8")

    return write_file


FORMATS = {"csv": as_csv, "parquet": as_parquet, "jsonl": as_jsonl, "json": as_json}


@settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, edits=EDITS, appended=ROWS, ending=st.sampled_from(sorted(FORMATS)))
def test_every_row_lands_or_is_quarantined_in_steps_of_any_length(
    tmp_path, rows, edits, appended, ending
):
    rows = [("k0", str(day(0)), "1"), *rows]
    later = [rows[0], *edited(rows[1:], edits), *appended]
    encode = FORMATS[ending]

    def files(first):
        # The file changes before the last day.
        return [(tmp_path / f"e.{ending}", encode(later if first == LAST else rows))]

    steps = [(n, n) for n in range(LAST + 1)]
    daily, place = tables_after(tmp_path, steps, files, f"e.{ending}")
    ranged, _ = tables_after(tmp_path, [(0, LAST - 1), (LAST, LAST)], files, f"e.{ending}")
    assert daily == ranged
    ran = [[row for row in some if row[1] != str(day(LAST))] for some in (rows, later)]
    account = place.account()
    assert (account.rows, account.waiting) == (len(later), 0)
    assert account.gone == surplus(*ran)
    assert account.recorded == len(later) + account.gone
    assert len(place.events()) + len(place.quarantined()) == account.recorded
    late = sum(row["day"] == day(LAST) != row["row_day"] for row in place.quarantined())
    assert late + sum(account.landed_late.values()) == surplus(*reversed(ran))

    once, _ = tables_after(
        tmp_path, [(0, LAST)], lambda _: [(tmp_path / f"e.{ending}", encode(rows))], f"e.{ending}"
    )
    parts, _ = tables_after(tmp_path, [(0, 1), (2, LAST)], lambda _: [], f"e.{ending}")
    assert once == parts


@settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, ending=st.sampled_from(sorted(FORMATS)))
def test_daily_files_hold_what_one_file_holds(tmp_path, rows, ending):
    by_day = {n: [row for row in rows if row[1] == str(day(n))] for n in range(LAST + 1)}
    readable = [row for n in by_day for row in by_day[n]]
    encode = FORMATS[ending]

    def one(_):
        return [(tmp_path / f"all.{ending}", encode([("k0", str(day(0)), "1"), *readable]))]

    def daily(_):
        first = {0: [("k0", str(day(0)), "1"), *by_day[0]]}
        return [(tmp_path / f"{day(n)}.{ending}", encode({**by_day, **first}[n])) for n in by_day]

    whole, _ = tables_after(tmp_path, [(0, LAST)], one, f"all.{ending}")
    for steps in ([(0, LAST)], [(n, n) for n in by_day]):
        parts, place = tables_after(tmp_path, steps, daily, f"{{day}}.{ending}")
        names = [place.model.tables.events.name, place.model.tables.quarantined.name]
        assert Counter(map(tuple, map(parts.get, names))) == Counter(
            map(tuple, map(whole.get, names))
        )
        assert place.account().rows == len(readable) + 1


@settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, edits=EDITS, ending=st.sampled_from(sorted(FORMATS)))
def test_daily_files_that_change_after_their_day_leave_a_trace(tmp_path, rows, edits, ending):
    rows = [row for row in rows if row[1].startswith("2024-03")]
    for name in tmp_path.glob("2024-*"):
        name.unlink()
    place = Place(tmp_path, describe(f"{{day}}.{ending}"))
    encode = FORMATS[ending]

    def write_days(by_day):
        for number in range(LAST + 1):
            first = (f"f{number}", str(day(number)), "1")
            encode([first, *by_day[number]])(tmp_path / f"{day(number)}.{ending}")

    by_day = [[row for row in rows if row[1].startswith(str(day(n)))] for n in range(LAST + 1)]
    write_days(by_day)
    for number in range(LAST):
        place.land(number)
    later = [edited(some, edits[number:]) for number, some in enumerate(by_day)]
    write_days(later)
    place.land(LAST)
    pairs = list(zip(by_day[:LAST], later[:LAST], strict=True))
    account = place.account()
    assert account.gone == sum(surplus(*pair) for pair in pairs)
    late = [*account.late.values(), *account.landed_late.values()]
    assert sum(late) == sum(surplus(*reversed(pair)) for pair in pairs)
    assert account.rows == LAST + 1 + sum(map(len, later))
    assert len(place.events()) + len(place.quarantined()) == account.recorded
