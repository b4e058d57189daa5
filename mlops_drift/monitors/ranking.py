"""The order in which evaluations are named: one for pages, `status`, decisions and messages."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from math import inf, isfinite, isnan

from mlops_drift.monitors.base import NO_FILE, NOT_SIGNIFICANT, CheckEvaluation

_ORDER = {"fail": 0, "pass": 2, "unknown": 3}

# Subjects that a headline names with their reason.
HEADLINE_SUBJECTS = 3

Rank = tuple[int, float, float, str, str, int, date, int, date, int]


def excess(item: CheckEvaluation) -> float:
    """How far a value is beyond its limit, in units of the limit; negative within it.

    Whichever side of the limit is the bad one: a value that failed, or that was not significant,
    is beyond it, any other one within. The unit of a limit of 0 is 1. Without a value or a limit,
    and where the verdict is unknown, it is -inf.
    """
    distance = abs(item.value - item.threshold)
    if item.verdict == "unknown" or isnan(distance):
        return -inf
    unit = abs(item.threshold) if item.threshold and isfinite(item.threshold) else 1.0
    is_beyond = item.verdict == "fail" or item.code == NOT_SIGNIFICANT
    return distance / unit if is_beyond else -distance / unit


def rank(item: CheckEvaluation) -> Rank:
    """Sorts evaluations, the worst first; equal ones agree in all that tells them apart.

    First what failed, then days without a file (a source that is well does not make up for one
    that is missing), what passed, and what is unknown. Within these the furthest beyond its limit;
    where that says nothing, the smallest q, or p. Then by check, subject, window and days.
    """
    chance = next((value for value in (item.q, item.p) if not isnan(value)), inf)
    order = 1 if item.code == NO_FILE else _ORDER[item.verdict]
    what, when = (item.check, item.subject, item.window), (item.production_day, item.version)
    return order, -excess(item), chance, *what, *when, item.day, item.n


def worst_first(evaluations: Iterable[CheckEvaluation]) -> list[CheckEvaluation]:
    """Evaluations in the order of `rank`."""
    return sorted(evaluations, key=rank)


def worst_of_each_subject(evaluations: Iterable[CheckEvaluation]) -> list[CheckEvaluation]:
    """The worst evaluation of each subject, the worst subject first."""
    found: dict[str, CheckEvaluation] = {}
    for item in worst_first(evaluations):
        found.setdefault(item.subject, item)
    return list(found.values())


def on_last_day(evaluations: Iterable[CheckEvaluation], last: date) -> list[CheckEvaluation]:
    """The worst evaluation of each check as the last day has it, by name.

    One of an earlier day says nothing about the last: its verdict becomes unknown.
    """
    worst: dict[str, CheckEvaluation] = {}
    for item in worst_first(evaluations):
        if item.day != last:
            reason = f"unknown since {item.day}; last result {item.verdict}: {item.reason}"
            item = replace(item, verdict="unknown", reason=reason)
        worst.setdefault(item.check, item)
    return [item for _, item in sorted(worst.items())]


def headline(ordered: Sequence[CheckEvaluation]) -> str:
    """The reasons of the worst subjects of one check that failed; without one, the first reason.

    Of at least one evaluation, the worst first.
    """
    failed = worst_of_each_subject(item for item in ordered if item.verdict == "fail")
    named = "; ".join(item.reason for item in failed[:HEADLINE_SUBJECTS]) or ordered[0].reason
    more = len(failed) - HEADLINE_SUBJECTS
    return f"{named}; and {more} more" if more > 0 else named
