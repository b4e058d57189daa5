"""What the checks found day by day about who served, as the pages and `status` have it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.store.records import CheckDay

# How far back an episode of failing days is followed.
LOOKBACK = timedelta(days=400)


def checks_of_data(model: ModelContext) -> frozenset[str]:
    """The checks that judge what landed, whoever serves."""
    return frozenset(one.name for one in monitors_of(model.spec.monitors) if one.is_about_data)


def check_days(model: ModelContext, first: date, last: date) -> list[CheckDay]:
    """What each check found on some days about the version that served them, by day and check."""
    of_data, served = checks_of_data(model), model.store.versions.serving(first, last)
    return [
        one
        for one in model.store.checks.by_day(first, last)
        if one.check in of_data or one.version == served[one.day]
    ]


def about_served(
    model: ModelContext, evaluations: Iterable[CheckEvaluation]
) -> list[CheckEvaluation]:
    """Of evaluations those about data, and those about the version that served their day."""
    found = list(evaluations)
    if not found:
        return []
    days = [item.day for item in found]
    of_data, served = checks_of_data(model), model.store.versions.serving(min(days), max(days))
    return [one for one in found if one.check in of_data or one.version == served[one.day]]


def failing_since(days: Collection[CheckDay], of_data: Collection[str]) -> Mapping[str, date]:
    """By check that fails, the first day of its episode: no day since then passed.

    Unknown days do not end an episode. One of a version begins with that version.
    """
    since: dict[str, CheckDay] = {}
    for one in sorted(days, key=lambda one: (one.day, one.check)):
        begun = since.get(one.check)
        if one.verdict == "fail":
            if begun is None or (one.check not in of_data and begun.version != one.version):
                since[one.check] = one
        elif one.verdict == "pass":
            since.pop(one.check, None)
    return {check: one.day for check, one in since.items()}
