from datetime import date
from io import StringIO
from math import nan

from rich.console import Console

from mlops_drift.cli.views.terminal import print_shadow

ROW = {
    "day": date(2024, 10, 9),
    "champion": 1,
    "window": 0,
    "production_day": date(2024, 10, 9),
    "scored": 120,
    "n": 60,
    "metric": "auc",
    "champion_value": 0.71,
    "challenger_value": 0.7,
    "difference": -0.01,
    "lower": -0.0315,
    "upper": 0.0111,
    "disagreement": 0.125,
}


def printed(*windows):
    text = StringIO()
    shadow = {"version": 2, "since": date(2024, 10, 7), "windows": windows}
    print_shadow(shadow, Console(file=text, width=140))
    return text.getvalue()


def cells(text):
    return [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in text.splitlines()
        if line.startswith("│")
    ]


def test_both_stand_side_by_side_window_by_window():
    text = printed(ROW, {**ROW, "window": 7, "production_day": date(2024, 10, 8)})
    assert "version 2 waits for approval since 2024-10-07\n" in text
    assert "Shadow: version 2 and champion 1, auc as of 2024-10-09" in text
    numbers = ["120", "60", "0.710", "0.700", "-0.010", "-0.032 to +0.011", "12.5%"]
    assert cells(text) == [
        ["since the wait began", *numbers],
        ["7 days to 2024-10-08", *numbers],
    ]


def test_what_is_undefined_stays_empty():
    undefined = dict.fromkeys(
        ("champion_value", "challenger_value", "difference", "lower", "upper"), nan
    )
    text = printed({**ROW, **undefined, "n": 0})
    assert cells(text) == [["since the wait began", "120", "0", "", "", "", "", "12.5%"]]


def test_before_it_has_scored_only_the_wait_is_printed():
    assert printed() == (
        "version 2 waits for approval since 2024-10-07; it has not scored any events yet\n"
    )
