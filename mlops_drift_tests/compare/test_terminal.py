from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_drift.compare.compare import Comparison, compare, compare_chunks
from mlops_drift.compare.terminal import print_comparison
from mlops_drift_tests.compare.two_tables import MONITOR, by_day, drifted


@pytest.fixture
def printed(capsys):
    def run(*comparisons, monitor=MONITOR):
        print_comparison(comparisons, "past.parquet", "now.parquet", monitor)
        return capsys.readouterr().out

    return run


def row_of(text, name):
    return next(line for line in text.splitlines() if line.startswith(name))


def test_the_head_counts_columns_and_rows(printed):
    text = printed(drifted())
    assert "2 of 5 columns drifted, 1 not judged" in text
    assert "now.parquet, 1,000 rows, against past.parquet, 1,000 rows" in text
    assert "JS distance reaches 0.1, or nulls rise by 5 points, with q < 0.001" in text


def test_a_row_tells_verdict_value_threshold_and_distribution(printed):
    comparison = drifted()
    row = row_of(printed(comparison), "moved")
    value = comparison.columns["moved"].measures.value
    assert f"num  fail    {value('js'):.3f} >= 0.1 {value('psi'):.3f} {value('ks'):.3f}" in row
    past, now = row.split()[-2:]
    assert len(past) == len(now) == 10
    assert len(set(past)) == 1
    assert now[-1] == "█"


def test_nulls_are_told_before_and_after(printed):
    nulls = drifted().columns["lost"].measures.null_share
    assert f"0 to {100 * nulls:.1f} %" in row_of(printed(drifted()), "lost")


def test_columns_are_in_the_order_of_interest(printed):
    lines = printed(drifted()).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("───"))
    names = [line.split()[0] for line in lines[first + 1 : first + 6]]
    assert names[:3] == ["moved", "lost", "extra"]


def test_reasons_of_failed_and_unknown_columns_are_below_in_one_line_each(printed):
    comparison = drifted()
    lines = [line.strip() for line in printed(comparison).splitlines()]
    for name in ("moved", "lost"):
        assert set(comparison.columns[name].reasons) <= set(lines)
    assert "extra: the reference does not have this column" in lines
    assert not set(comparison.columns["steady"].reasons) & set(lines)


def test_the_table_is_at_most_100_wide_when_piped(printed):
    text = printed(drifted())
    table_lines = text[: text.index("Drifted\n")].splitlines()
    assert max(map(len, table_lines)) <= 100
    assert "…" not in text


def test_long_names_are_shortened_in_the_table_and_whole_in_the_reasons(printed):
    name = "a_name_that_is_" + "very_" * 20 + "long"
    text = printed(compare(pa.table({name: range(1000)}), pa.table({name: range(500, 1500)})))
    assert max(map(len, text[: text.index("Drifted\n")].splitlines())) <= 100
    assert f"{name} moved" in text


def test_names_that_look_like_markup_or_steer_terminals_are_harmless(printed):
    past = pa.table({"[red]x[/]": range(1000), "a\x1b[2J\nb": range(1000)})
    text = printed(compare(past, past))
    assert "[red]x[/]" in text
    assert "\x1b" not in text
    assert "a�[2J�b" in text


def test_chunks_have_a_row_each(printed):
    text = printed(*by_day())
    assert "1 of 4 columns drifted in at least one of 6 chunks" in text
    assert row_of(text, "2024-01-03").split() == ["2024-01-03", "20", "—", "4"]
    assert row_of(text, "2024-01-05").split() == ["2024-01-05", "500", "1", "—", "moved"]


def test_a_drifted_column_tells_since_when_and_how_it_went_over_the_chunks(printed):
    comparisons = by_day()
    row = row_of(printed(*comparisons), "moved")
    assert "2 of 6 2024-01-05" in row
    # The third day has no verdict and no bar.
    trend = row.split("2024-01-05")[1].lstrip()[:6]
    assert trend[2] == " "
    assert "█" in trend[4:]
    highest = max(c.columns["moved"].measures.value("js") for c in comparisons[4:])
    assert f"js {highest:.3f}" in row


def test_only_the_last_hundred_chunks_are_listed(printed):
    chunks = [Comparison(f"c{number}", 9, 9, {}) for number in range(130)]
    text = printed(*chunks)
    assert "The last 100 of 130 chunks" in text
    assert "c30 " in text
    assert "c29 " not in text


def test_many_drifted_columns_of_a_chunk_are_counted(printed):
    past = pa.table({f"x{number}": range(1000) for number in range(9)})
    now = pa.table({f"x{number}": range(900, 1900) for number in range(9)})
    by = now.append_column("part", pa.array(["a"] * 1000))
    text = printed(*compare_chunks(past, by, by="part"))
    assert "and 5 more" in row_of(text, "a ")


def test_the_auc_is_shown_where_it_was_asked_for(printed):
    assert "AUC" not in printed(drifted())
    assert "AUC 0.731 (0.5: the tables look the same" in printed(replace(drifted(), auc=0.7314))


def test_a_table_without_any_value_can_be_printed(printed):
    empty = pa.table({"x": pa.nulls(200, pa.float64())})
    assert "0 of 1 column drifted" in printed(compare(empty, empty))


def test_columns_of_times_are_apart_and_not_counted(printed):
    days = pa.array([date(2024, 3, 1 + number % 20) for number in range(400)])
    past = drift_table(days)
    text = printed(compare(past, drift_table(pc.add(days, timedelta(days=90)))))
    assert "0 of 1 column drifted\n" in text
    assert "day is a time and was not judged: 2024-05-30 to 2024-06-18, in the reference" in text
    assert "not judged\n" not in text.splitlines()[1]


def drift_table(days):
    return pa.table({"x": range(400), "day": days})


def test_chunks_with_too_few_rows_say_what_would_help_once(printed):
    now = pa.table({"a": range(100), "b": range(100), "part": ["p", "q"] * 50})
    text = printed(*compare_chunks(pa.table({"a": range(500), "b": range(500)}), now, by="part"))
    assert "2 of 2 chunks have fewer than the 100 rows that a verdict needs: --min-rows 50" in text
    assert "a, b: q: 50 rows, at least 100 are needed" in text
    assert text.count("are needed") == 1


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal(printed, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = printed(drifted())
    table_lines = text[text.index("\n\n", 1) : text.index("Drifted\n")].splitlines()
    assert max(map(len, table_lines)) <= width
    assert any("moved" in line for line in table_lines)
