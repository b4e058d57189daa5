"""A challenger that waits for a person scores the same events as the champion."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.learning.metrics.base import Array
from mlops_drift.lifecycle.shadow.comparison import (
    DayComparison,
    Paired,
    compare_days,
    compare_windows,
)
from mlops_drift.pipeline.scoring import Served, score_by
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Shadow, WindowComparison


@dataclass(frozen=True)
class ShadowDay:
    """The comparison of a challenger with the champion, as known at the end of a day.

    Attributes:
        windows: since the wait began, and trailing windows.
        days: the production days since then that have labels.
    """

    day: date
    shadow: Shadow
    windows: Sequence[WindowComparison]
    days: Sequence[DayComparison]


def score_shadows(model: ModelContext, first: date, last: date) -> Served:
    """Scores the days `first` to `last`, each by the challenger that waited on it, if one did.

    What was scored stays, as with what is served.
    """
    challengers = {
        day: found.challenger for day, found in model.store.versions.shadows(first, last).items()
    }
    return score_by(model, model.store.tables.shadow_predictions, challengers)


def measure_shadows(model: ModelContext, first: date, last: date) -> ShadowDay | None:
    """Compares the challenger of each day with the champion of that day, and stores it.

    On the events that both scored since the wait began, with the labels known at the end of the
    day. Days on which nothing shadows, or nothing was scored yet, are left out.

    Returns:
        The last of these days; None if there is none.
    """
    spec = model.spec
    store = model.store
    # Almost always no challenger has ever waited: no query then.
    if not store.lake.holds(Scan(store.tables.shadow_predictions, until=last)):
        return None
    shadows = store.versions.shadows(first, last)
    if not shadows:
        return None
    since = min(found.since for found in shadows.values())
    outcomes = _Outcomes(store.predictions.shadow_outcomes(since + timedelta(days=1), last))
    metric, seed = spec.training.metric, spec.training.seed
    measured: dict[date, list[WindowComparison]] = {}
    for day, found in shadows.items():
        paired = outcomes.known(day, found)
        windows = compare_windows(
            metric, spec.target, paired, spec.monitors.performance.windows, seed
        )
        if windows:
            measured[day] = windows
    rows = [
        {"day": day, **asdict(shadows[day]), **asdict(window)}
        for day, windows in measured.items()
        for window in windows
    ]
    table = store.tables.shadow
    store.lake.replace_days(table, first, last, pa.Table.from_pylist(rows, schema=table.schema))
    if not measured:
        return None
    latest = max(measured)
    shadow = shadows[latest]
    days = compare_days(metric, spec.target, outcomes.known(latest, shadow))
    return ShadowDay(latest, shadow, measured[latest], days)


def shadow_summary(store: ModelStore, version: int) -> list[dict[str, Any]]:
    """The comparison of a challenger with the champion at the end of the last day it shadowed.

    Returns:
        The columns of the table `monitoring.<model>_shadow`, a row a window, the one since the wait
        began (0) first; nothing for a version that never shadowed.
    """
    return store.lake.rows(
        f"""
        SELECT * FROM s WHERE challenger = {version}
        QUALIFY day = max(day) OVER () ORDER BY "window"
        """,
        s=store.tables.shadow,
    )


class _Outcomes:
    """Events that two versions scored as columns, ordered by day, event, versions and arrival."""

    def __init__(self, outcomes: pa.Table) -> None:
        frame: pd.DataFrame = outcomes.to_pandas(date_as_object=True)
        self._columns = {str(name): frame[name].to_numpy() for name in frame.columns}
        self._day = np.array([day.toordinal() for day in frame["day"]], dtype=np.int64)
        self._event = pd.factorize(frame["key"])[0]
        # A label that has not arrived counts as one that never does.
        self._arrival = np.array(
            [day.toordinal() if day else date.max.toordinal() for day in frame["label_day"]],
            dtype=np.int64,
        )

    def known(self, day: date, shadow: Shadow) -> Paired:
        """The events of the wait, each with the last label that had arrived by a day."""
        columns, now = self._columns, day.toordinal()
        mine = np.flatnonzero(
            (columns["champion"] == shadow.champion)
            & (columns["challenger"] == shadow.challenger)
            & (self._day > shadow.since.toordinal())
            & (self._day <= now)
        )
        events, days = self._event[mine], self._day[mine]
        begins = np.flatnonzero(
            np.append(True, (events[1:] != events[:-1]) | (days[1:] != days[:-1]))[: len(mine)]
        )
        arrived = _sums(self._arrival[mine] <= now, begins)
        rows = mine[begins + np.maximum(arrived - 1, 0)]
        return Paired(
            day=self._day[rows],
            labelled=arrived > 0,
            truth=columns["label"][rows],
            champion=columns["champion_prediction"][rows],
            champion_score=columns["champion_score"][rows],
            challenger=columns["challenger_prediction"][rows],
            challenger_score=columns["challenger_score"][rows],
        )


def _sums(values: Array, begins: Array) -> Array:
    """How many are true in each run of rows."""
    if not len(begins):
        return np.zeros(0, dtype=np.int64)
    return np.asarray(np.add.reduceat(values.astype(np.int64), begins))
