"""Where a failed check leads: since when it fails, and the pages that say more."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property

import dagster as dg

from mlops_drift import links
from mlops_drift.assets.common import DECISION_TAG, Metadata, report_link, version_link
from mlops_drift.assets.decisions import DECISIONS
from mlops_drift.checks import keys
from mlops_drift.checks.report import Detail
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.check_days import check_days, checks_of_data, failing_since
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.policy.decision import DecisionRecord

# How far back a page looks for the first failing day: it must not make a bad day slow.
LOOKBACK = timedelta(days=60)


class Failures:
    """What is known of checks that fail at the end of a day; nothing is read before one does."""

    def __init__(self, model: ModelContext, last: date) -> None:
        self._model, self._last = model, last

    def about(self, worst: CheckEvaluation) -> Mapping[str, Detail]:
        """Since when a check fails, and its report, decisions, retraining run and version."""
        name = self._model.spec.name
        found: dict[str, Detail] = {
            **report_link(self._model.spec, worst.day),
            keys.DECISION: dg.MetadataValue.url(links.asset_page(name, DECISIONS)),
        }
        since = self._since.get(worst.check)
        if since is not None:
            is_first = since == self._last - LOOKBACK
            found[keys.SINCE] = f"{since} or earlier" if is_first else str(since)
        if retraining := self._retraining(worst, since):
            page = links.runs_page(DECISION_TAG, retraining.id)
            found[keys.RETRAINING_RUN] = dg.MetadataValue.url(page)
        if worst.version and worst.check not in checks_of_data(self._model):
            found |= version_link(self._model.spec, self._model.registry, worst.version)
        return found

    @cached_property
    def _since(self) -> Mapping[str, date]:
        first = self._last - LOOKBACK
        days = check_days(self._model, first, self._last)
        return failing_since(days, checks_of_data(self._model))

    @cached_property
    def _retrainings(self) -> list[DecisionRecord]:
        records = self._model.store.decisions.records(idle=False)
        return [one for one in records if one.action == "retrain" and one.day <= self._last]

    def _retraining(self, worst: CheckEvaluation, since: date | None) -> DecisionRecord | None:
        """The last one of this version since the check fails."""
        mine = (
            one
            for one in reversed(self._retrainings)
            if since and one.version == worst.version and one.day >= since
        )
        return next(mine, None)


def failed_checks(spec: ModelSpec, decision: DecisionRecord) -> Metadata:
    """The pages of the checks whose failure led to a decision."""
    monitors = {one.name: one for one in monitors_of(spec.monitors)}
    found: Metadata = {}
    for item in decision.evidence:
        if item.check in monitors:
            assets = monitors[item.check].assets
            # A check of several sources has one of them as its subject.
            asset = item.subject if item.subject in assets else assets[0]
            page = links.check_page(spec.name, asset, item.check)
            found[f"failed {item.check}"] = dg.MetadataValue.url(page)
    return found
