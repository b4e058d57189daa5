from datetime import date

import pytest
from pydantic import ValidationError

from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.base import CheckEvaluation, Monitor
from mlops_drift.monitors.registry import MONITORS, Monitors, monitors_of
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.schema.fields import Strict
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.tiny import SPEC, day, merged

HERE = "mlops_drift_tests.monitors.test_registry"


class WeekendSettings(Strict):
    """Which weekday is too late."""

    last_weekday: int = 4


class Weekend(Monitor[WeekendSettings]):
    """A check of another package."""

    name = "closed_days"
    description = "Fails on a weekend."
    advice = "Go home."
    assets = ("events",)
    settings_type = WeekendSettings

    def evaluate(self, context, day):
        late = day.weekday() > self.settings.last_weekday
        return [
            CheckEvaluation(
                check=self.name,
                day=day,
                production_day=day,
                version=0,
                subject="events",
                window=1,
                verdict="fail" if late else "pass",
                code="closed_days",
                reason=f"{day:%A}",
            )
        ]


class NotACheck:
    """Something else."""


def spec_with(extra, **changes):
    return ModelSpec(**merged(SPEC, {"monitors": {"extra": extra}, **changes}))


def test_every_check_has_its_name_and_tells_what_to_do():
    for name, one in MONITORS.items():
        assert one.name == name
        assert min(len(one.description), len(one.advice)) > 40, name
        assert one.assets, name


def test_a_check_of_another_package_runs_with_its_settings_and_may_retrain():
    written = {"check": f"{HERE}:Weekend", "last_weekday": 5}
    spec = spec_with([written], policy={"retrain_on": ["closed_days"]})
    [mine] = [one for one in monitors_of(spec.monitors, "events") if one.name == "closed_days"]
    assert "closed_days" not in {one.name for one in monitors_of(spec.monitors, "labels")}
    found = [
        mine.evaluate(MemoryContext(spec, []), date(2024, 3, number))[0].verdict
        for number in (1, 2, 3)
    ]
    assert found == ["pass", "pass", "fail"]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ([{"check": "no_such_package:Check"}], "no_such_package"),
        ([{"check": f"{HERE}:NotACheck"}], "NotACheck"),
        ([{"check": "weather"}], "mlops_drift.checks"),
        ([{"check": f"{HERE}:Weekend", "hours": 3}], r"monitors\.extra: .*:Weekend: hours"),
        ([{"check": f"{HERE}:Weekend"}] * 2, "more than one check 'closed_days'"),
        ([{"check": "mlops_drift.monitors.volume:Volume"}], "more than one check 'volume'"),
    ],
)
def test_a_check_that_is_none_is_a_mistake_in_the_description(extra, said):
    with pytest.raises(ValidationError, match=said):
        spec_with(extra)


class NeedsAColumn(Weekend):
    needs = "last_weekday"
    section = "weekend"


def test_a_check_that_needs_a_field_is_off_without_its_section():
    assert not NeedsAColumn(None).is_on()
    assert NeedsAColumn(WeekendSettings(last_weekday=5)).is_on()


def test_null_switches_a_check_off():
    on = {one.name for one in monitors_of(Monitors())}
    off = {one.name for one in monitors_of(Monitors(volume=None, freshness=None))}
    assert on - off == {"volume", "freshness"}
    assert {"slice_performance", "business_value", "error_drift"}.isdisjoint(on)


def test_the_new_checks_only_alert_unless_they_are_named():
    assert {"volume", "freshness"}.isdisjoint(RetrainingPolicy().retrain_on)
    spec = ModelSpec(**merged(SPEC, {"policy": {"retrain_on": ["volume"]}}))
    assert spec.policy.retrain_on == ["volume"]
    assert day(0) == spec.start_date
