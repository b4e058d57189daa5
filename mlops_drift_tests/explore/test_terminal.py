import pyarrow as pa
from rich.cells import cell_len

from mlops_drift.explore.explore import explore
from mlops_drift.explore.terminal import print_exploration


def test_no_line_is_wider_than_eighty_letters(found, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    print_exploration(found)
    text, _, _ = capsys.readouterr().out.partition("For defs.yaml")
    assert max(map(cell_len, text.splitlines())) <= 80


def test_what_to_look_at_comes_before_the_columns_and_the_fragment_last(found, capsys):
    print_exploration(found)
    printed = capsys.readouterr().out
    places = [
        printed.index(title)
        for title in (
            *("Look at first", "error    refund", "warning", "Columns", "What says most about"),
            *("Strongest pairs", "By day, 100 days", "For defs.yaml"),
        )
    ]
    assert places == sorted(places)


def test_a_name_cannot_steer_the_terminal(capsys):
    print_exploration(explore(pa.table({"a\x1b[31m\nb": ["x\x07"] * 3})))
    assert "\x1b[31m" not in capsys.readouterr().out
