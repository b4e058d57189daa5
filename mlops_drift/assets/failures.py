"""Where a failed check leads: since when it fails, and the pages that say more."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property, partial

import dagster as dg

from mlops_drift import links
from mlops_drift.assets.common import DECISION_TAG, report_link, version_link
from mlops_drift.assets.decisions import DECISIONS
from mlops_drift.checks import keys
from mlops_drift.checks.monitors import AboutFailure
from mlops_drift.checks.report import Detail
from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.check_days import check_days, checks_of_data, failing_since
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.policy.decision import DecisionRecord

# How far back a page looks for the first failing day: it must not make a bad day slow.
LOOKBACK = timedelta(days=60)


class Failures:
    """What is known of checks of a model that fail; nothing is read before one does."""

    def __init__(self, model: ModelContext) -> None:
        self._model = model
        self._known: dict[date, Mapping[str, date]] = {}

    def on(self, last: date) -> AboutFailure:
        """Since when a check fails at the end of a day, its report, decisions, run and version."""
        return partial(self._about, last)

    def _about(self, last: date, worst: CheckEvaluation) -> Mapping[str, Detail]:
        spec, since = self._model.spec, self._since(last).get(worst.check)
        decisions = links.asset_page(spec.name, DECISIONS, worst.day)
        found: dict[str, Detail] = {
            **report_link(spec, worst.day),
            keys.DECISION: dg.MetadataValue.url(decisions),
        }
        if since is not None:
            found[keys.SINCE] = f"{since} or earlier" if since == last - LOOKBACK else str(since)
            if retraining := self._retraining(worst.version, since, last):
                page = links.runs_page(DECISION_TAG, retraining)
                found[keys.RETRAINING_RUN] = dg.MetadataValue.url(page)
        if worst.version and worst.check not in checks_of_data(self._model):
            found |= version_link(spec, self._model.registry, worst.version)
        return found

    def _since(self, last: date) -> Mapping[str, date]:
        if last not in self._known:
            days = check_days(self._model, last - LOOKBACK, last)
            self._known[last] = failing_since(days, checks_of_data(self._model))
        return self._known[last]

    def _retraining(self, version: int, since: date, last: date) -> str | None:
        """The last retraining of a version that was decided on some days."""
        return next(
            (
                one.id
                for one in reversed(self._decisions)
                if one.version == version and since <= one.day <= last
            ),
            None,
        )

    @cached_property
    def _decisions(self) -> list[DecisionRecord]:
        records = self._model.store.decisions.records(idle=False)
        return [one for one in records if one.action == "retrain"]
