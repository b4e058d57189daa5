import math
from datetime import date, timedelta

import pytest
import yaml
from pydantic import ValidationError

from mlops_drift.notifications.messages import (
    LONGEST_REASON,
    Evaluated,
    Notifications,
    broken_check_message,
    decision_message,
    failed_check_messages,
    missing_file_messages,
    outcome_message,
    promotion_message,
)

START = date(2024, 10, 1)
ADVICE = {"feature_drift": "Look at the pipeline.", "null_spike": "Look at the feed."}


def day(number):
    return START + timedelta(days=number)


def evaluated(on, verdict="fail", check="feature_drift", version=1, column="a", **changes):
    fields = {
        "reason": f"{column} moved",
        "value": 0.2,
        "threshold": 0.1,
        "n": 100,
        "window": 1,
    }
    return Evaluated(
        day=day(on),
        check=check,
        version=version,
        verdict=verdict,
        column=column,
        **{**fields, **changes},
    )


def told(verdicts):
    return [message.id for message in failed_check_messages("shop", verdicts, ADVICE)]


def walk(verdicts):
    """Verdicts of days 0, 1, ...: p, f, u for pass, fail, unknown, a blank for none."""
    words = {"p": "pass", "f": "fail", "u": "unknown"}
    return [evaluated(on, words[letter]) for on, letter in enumerate(verdicts) if letter in words]


def first_days(verdicts):
    return [message.day for message in failed_check_messages("shop", walk(verdicts), ADVICE)]


@pytest.mark.parametrize(
    ("verdicts", "begun"),
    [
        ("", []),
        ("pppup", []),
        ("pfffp", [1]),
        ("f", [0]),
        ("fuuf", [0]),
        ("f  f", [0]),
        ("fpf", [0]),
        ("fpfpfpfpfpfpf", [0]),
        ("fppppppf", [0]),
        ("fpppppppf", [0, 8]),
        ("fuuuuuuuf", [0]),
        ("fuuupuuuf", [0, 8]),
        ("f       f", [0]),
    ],
)
def test_an_episode_ends_when_the_check_has_passed_and_not_failed_for_a_week(verdicts, begun):
    assert first_days(verdicts) == [day(number) for number in begun]


def test_earlier_days_that_are_filled_in_later_belong_to_the_episode_that_was_told():
    late = failed_check_messages("shop", walk("   ff"), ADVICE)
    whole = failed_check_messages("shop", walk("fffffppppppppf"), ADVICE, [late[0].id])
    assert [message.day for message in whole] == [day(13)]


def test_an_episode_has_the_same_message_however_often_and_in_whatever_order_it_is_seen():
    verdicts = walk("pffuf")
    seen = [failed_check_messages("shop", verdicts[:n], ADVICE) for n in (2, 3, 4, 5)]
    assert all(messages == seen[0] for messages in seen)
    assert failed_check_messages("shop", verdicts[::-1], ADVICE) == seen[0]
    assert seen[0][0].id == "shop-feature_drift-v1-2024-10-02"


def test_a_day_fails_if_any_number_fails_and_passes_if_any_passes_and_none_fails():
    mixed = [evaluated(1, "pass", column="b"), evaluated(1, "fail"), evaluated(1, "unknown")]
    assert told([evaluated(0), *mixed]) == ["shop-feature_drift-v1-2024-10-01"]
    passed = [evaluated(1, "pass", column="b"), evaluated(1, "unknown")]
    assert len(told([evaluated(0), *passed, evaluated(9)])) == 2


def test_a_new_version_begins_an_episode_of_its_own():
    verdicts = [evaluated(on, version=1 + (on > 1)) for on in range(4)]
    assert told(verdicts) == [
        "shop-feature_drift-v1-2024-10-01",
        "shop-feature_drift-v2-2024-10-03",
    ]


def test_two_versions_that_are_judged_on_the_same_days_have_one_episode_each():
    verdicts = [evaluated(on, version=version) for on in range(3) for version in (1, 2)]
    assert told(verdicts) == [
        "shop-feature_drift-v1-2024-10-01",
        "shop-feature_drift-v2-2024-10-01",
    ]


def test_a_version_that_serves_again_begins_a_new_episode():
    verdicts = [evaluated(0), evaluated(1, "pass", version=2), evaluated(2)]
    assert told(verdicts) == [
        "shop-feature_drift-v1-2024-10-01",
        "shop-feature_drift-v1-2024-10-03",
    ]


def test_checks_have_episodes_of_their_own_and_messages_come_by_day():
    verdicts = [
        evaluated(2, check="feature_drift"),
        evaluated(1, check="null_spike"),
        evaluated(2, "pass", check="null_spike"),
    ]
    messages = failed_check_messages("shop", verdicts, ADVICE)
    assert [message.title for message in messages] == [
        "shop: null_spike fails since 2024-10-02",
        "shop: feature_drift fails since 2024-10-03",
    ]
    assert [message.body.endswith("the feed.") for message in messages] == [True, False]


def test_the_worst_three_columns_are_named_once_each_and_the_others_counted():
    sizes = {"a": (0.2, 0.1), "b": (70.0, 50.0), "c": (0.5, 0.1), "d": (math.inf, 0.1)}
    verdicts = [
        evaluated(0, column=name, value=value, threshold=threshold)
        for name, (value, threshold) in sizes.items()
    ]
    verdicts += [
        evaluated(0, column="c", value=0.9, window=7, reason="c moved over 7 days"),
        evaluated(0, "pass", column="e", value=9.0),
        evaluated(0, column="f", value=None),
        evaluated(1, column="g", value=99.0),
    ]
    [message] = failed_check_messages("shop", verdicts, ADVICE)
    assert message.body.splitlines() == [
        "Version 1:",
        "- d moved",
        "- c moved over 7 days",
        "- a moved",
        "and 2 more",
        "",
        "Look at the pipeline.",
    ]


def test_a_message_says_why_a_value_under_its_threshold_is_bad_before_a_milder_one():
    verdicts = [
        evaluated(0, column="accuracy", value=0.80, threshold=0.85),
        evaluated(0, column="auc", value=0.50, threshold=0.85),
        evaluated(0, column="share", value=0.01, threshold=0.0),
    ]
    [message] = failed_check_messages("shop", verdicts, ADVICE)
    assert [line[2:] for line in message.body.splitlines()[1:4]] == [
        "auc moved",
        "accuracy moved",
        "share moved",
    ]


def test_long_reasons_and_errors_are_cut():
    long = "word " * 1000
    [failed] = failed_check_messages("shop", [evaluated(0, reason=long)], ADVICE)
    broken = broken_check_message("shop", "run", "drift_metrics", day(0), long)
    decided = decision_message("shop", "d", day(0), "retrain", ["x"], 1, long)
    assert len(failed.body) < LONGEST_REASON + 100
    assert len(broken.body) < LONGEST_REASON + 200
    assert len(decided.body) < 4 * LONGEST_REASON


def test_a_decision_and_its_promotion_are_two_messages():
    decided = decision_message("shop", "shop-v0-x", day(0), "retrain", [], None, "no champion")
    promoted = promotion_message("shop", "shop-v0-x", day(0), [], None, 1, "all gates passed")
    assert (decided.kind, promoted.kind) == ("decision", "promotion")
    assert decided.id != promoted.id
    assert decided.body == "About the first version, on 2024-10-01.\nno champion"
    assert promoted.body == "It serves after 2024-10-01 as the first version.\nall gates passed"


def test_a_challenger_that_waits_and_is_then_refused_is_told_of_twice():
    waits = outcome_message("shop", "shop-v1-x", day(0), "waiting", 2, "all gates passed")
    refused = outcome_message("shop", "shop-v1-x", day(1), "rejected", None, "it was not better")
    assert waits.id != refused.id
    assert waits.title == "shop: version 2 waits for approval"
    assert refused.title == "shop: the challenger was refused"
    assert refused.body.startswith("it was not better\n")


def test_a_step_that_breaks_again_on_the_same_day_is_the_same_episode():
    first, again, later = (
        broken_check_message("shop", run, "drift_metrics", day(on), "OSError: disk is full")
        for run, on in (("r1", 0), ("r2", 0), ("r3", 1))
    )
    assert first.id == again.id != later.id
    assert "r1" in first.body
    assert "disk is full" in first.body


def missing(*days, source="events", told=()):
    files = [(day(number), source, f"{number}.csv") for number in days]
    return [message.id for message in missing_file_messages("shop", files, told)]


def test_days_without_a_file_are_one_episode_until_a_week_has_its_files():
    assert missing(0, 1, 5, 12) == [f"shop-events-missing-{day(0)}"]
    assert missing(0, 8) == [f"shop-events-missing-{day(number)}" for number in (0, 8)]


def test_events_and_labels_have_episodes_of_their_own():
    files = [(day(number), source, "f") for number in (0, 1) for source in ("events", "labels")]
    assert [message.title for message in missing_file_messages("shop", files)] == [
        f"shop: no file of {source} since {day(0)}" for source in ("events", "labels")
    ]


def test_an_episode_whose_first_file_has_come_is_no_new_one():
    told = missing(0, 1)
    assert missing(1, told=told) == []
    assert missing(1, source="labels", told=told) == [f"shop-labels-missing-{day(1)}"]


def test_every_kind_is_sent_by_default_and_to_nobody():
    config = Notifications()
    assert config.urls == []
    assert len(config.about) == 4


def test_the_fields_can_be_written_in_yaml():
    written = "urls: ['json://127.0.0.1/${HOOK}']\nabout: [decision, promotion]\n"
    config = Notifications(**yaml.safe_load(written))
    assert config.urls == ["json://127.0.0.1/${HOOK}"]
    assert config.about == ["decision", "promotion"]


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValidationError, match="about"):
        Notifications(about=["failed_checks"])
