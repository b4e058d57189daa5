from datetime import date, timedelta
from math import nan

import pytest

from mlops_drift.reports.backtest import best_policy, print_backtest, worst
from mlops_drift_tests.reports.a_backtest import compared, decision, policy, result


@pytest.fixture
def printed(capsys):
    def run(backtest):
        print_backtest(backtest)
        return capsys.readouterr().out

    return run


def row_of(text, name):
    return next(line for line in text.splitlines() if line.startswith(name)).rstrip()


def test_the_head_names_model_metric_and_days(printed):
    text = printed(compared())
    assert "insurance: accuracy by policy" in text
    assert "2020-01-01 to 2020-12-31, higher is better" in text
    assert "lower is better" in printed({**compared(), "greater_is_better": False})


def test_a_row_tells_what_a_policy_reached_and_what_it_cost(printed):
    row = row_of(printed(compared()), "on failed checks").removeprefix("on failed checks *")
    assert row.split()[:-1] == ["0.895", "0.840", "3", "1", "12.2", "13500", "2"]
    assert len(row.split()[-1]) == 12


def test_alarms_are_counted_by_day(printed):
    assert row_of(printed(compared()), "never").split()[1:6] == ["0.735", "0.570", "0", "2", "—"]


def test_all_curves_have_one_scale(printed):
    text = printed(result({"low": policy([0.5, 0.5]), "high": policy([0.9, 0.9])}, months=2))
    assert row_of(text, "low").endswith(" ▁▁")
    assert row_of(text, "high").endswith(" ██")


def test_a_period_without_labels_is_a_gap_in_the_curve(printed):
    values = {"a": policy([0.5, None, 0.9]), "b": policy([0.5, nan, 0.9], mean_value=nan)}
    text = printed(result(values, months=3))
    assert row_of(text, "a").endswith("▁ █")
    assert row_of(text, "b").endswith("▁ █")
    assert row_of(text, "b").split()[1:3] == ["—", "0.500"]


def test_the_best_policy_is_marked_and_explained(printed):
    text = printed(compared())
    assert row_of(text, "on failed checks").startswith("on failed checks *")
    assert not row_of(text, "never").startswith("never *")
    assert "* best mean" in text


def test_a_single_policy_is_not_called_the_best(printed):
    assert "*" not in printed(result({"never": policy([0.9, 0.8])}, months=2))


def test_decisions_stand_below_their_policy_with_rules_and_outcome(printed):
    text = printed(compared())
    below = text[text.rindex("\non failed checks\n") :].splitlines()[4:]
    assert [" ".join(line.split()) for line in below] == [
        "2020-04-10 retrain on recent feature_drift promoted v2",
        "2020-07-02 retrain on recent performance_drop, feature_drift rejected v3",
        "2020-10-09 retrain on recent feature_drift promoted v4",
    ]
    above = text[text.index("\nnever\n") : text.rindex("\non failed checks\n")]
    assert above.split() == ["never", "no", "decisions"]


def test_only_the_first_fifteen_decisions_are_listed(printed):
    many = [decision(date(2020, 1, 1) + timedelta(days=i), i + 1) for i in range(18)]
    text = printed(result({"eager": policy([0.9], decisions=many)}, months=1))
    assert "2020-01-15" in text
    assert "2020-01-16" not in text
    assert "… 3 more" in " ".join(text.split())


def test_it_is_at_most_100_wide_when_piped(printed):
    long = "a policy whose name " + "goes on and " * 8 + "on"
    rules = ["performance_drop", "feature_drift", "prediction_drift", "null_spike", "model_age"]
    waiting = decision(date(2020, 5, 1), 2, None, rules)
    text = printed(
        result({**compared()["policies"], long: policy([0.9] * 60, decisions=[waiting])})
    )
    table = text[: text.index("\nnever\n")]
    assert max(map(len, table.splitlines())) <= 100
    assert max(len(line) for line in text.splitlines() if line.startswith("2020")) <= 100
    assert "…" not in table


def test_a_short_history_is_drawn_by_week(printed):
    weekly = policy([0.9, 0.8], weeks=policy([0.5, 0.6, 0.7, 0.9])["periods"])
    text = printed(result({"a": weekly}, months=2))
    assert "by week" in text
    assert len(row_of(text, "a").split()[-1]) == 4


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_table_is_wider_than_the_terminal(printed, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = printed(compared())
    assert max(map(len, text.splitlines())) <= width
    assert "0.895" in text


def test_names_that_look_like_markup_are_printed_as_they_are(printed):
    assert printed(result({"[red]x[/]": policy([0.9])}, months=1)).count("[red]x[/]") == 2


def test_a_policy_without_a_version_has_dashes(printed):
    text = printed(result({"alert": policy([])}, months=1))
    assert row_of(text, "alert").split() == ["alert", "—", "—", "0", "0", "—", "0", "2"]


def test_no_policy_at_all_prints_only_the_head(printed):
    assert "insurance: accuracy by policy" in printed(result({}))


@pytest.mark.parametrize(("greater_is_better", "expected"), [(True, 0.7), (False, 0.9)])
def test_the_worst_period_depends_on_the_direction_of_the_metric(greater_is_better, expected):
    backtest = result({}, greater_is_better=greater_is_better)
    assert worst(backtest, policy([0.8, nan, 0.7, None, 0.9]))["value"] == expected
    assert worst(backtest, policy([None, nan], mean_value=nan)) is None


def test_the_best_policy_depends_on_the_direction_of_the_metric():
    policies = {"low": policy([0.5]), "high": policy([0.9]), "none": policy([])}
    assert best_policy(result(policies)) == "high"
    assert best_policy(result(policies, greater_is_better=False)) == "low"


def test_of_equal_policies_the_one_that_retrains_least_is_best():
    policies = {"often": policy([0.9], retrainings=5), "rarely": policy([0.9], retrainings=1)}
    assert best_policy(result(policies)) == "rarely"
