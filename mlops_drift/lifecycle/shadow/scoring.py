"""A challenger that waits for a person scores the same events as the champion."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.shadow.comparison import (
    DayComparison,
    compare_days,
    compare_windows,
)
from mlops_drift.pipeline.scoring import Served, score_by
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Shadow, WindowComparison


@dataclass(frozen=True)
class ShadowDay:
    """The comparison of a challenger with the champion, as known at the end of a day."""

    day: date
    shadow: Shadow
    windows: Sequence[WindowComparison]
    days: Sequence[DayComparison]


def score_shadows(model: ModelContext, first: date, last: date) -> Served:
    """Scores days, each by the challenger that waited on it; what was scored stays."""
    shadows = model.store.versions.shadows(first, last)
    challengers = {day: found.challenger for day, found in shadows.items()}
    return score_by(model, model.store.tables.shadow_predictions, challengers)


def measure_shadows(model: ModelContext, first: date, last: date) -> ShadowDay | None:
    """Compares the challenger of each day with the champion of that day, and stores it.

    On the events that both scored since the wait began, with the labels known at the end of the
    day. Days on which nothing shadows, or nothing was scored yet, are left out; the last of the
    others is returned.
    """
    spec, store, table = model.spec, model.store, model.store.tables.shadow
    # Almost always no challenger has ever waited: no query then.
    if not store.lake.holds(Scan(store.tables.shadow_predictions, until=last)):
        return None
    shadows = store.versions.shadows(first, last)
    if not shadows:
        return None
    since = min(found.since for found in shadows.values()) + timedelta(days=1)
    outcomes = store.predictions.shadow_outcomes(since, last).to_pandas(date_as_object=False)
    metric, seed = spec.training.metric, spec.training.seed
    lengths = spec.monitors.performance.windows
    found = {
        day: compare_windows(metric, spec.target, _known(outcomes, day, shadow), lengths, seed)
        for day, shadow in shadows.items()
    }
    rows = [
        {"day": day, **asdict(shadows[day]), **asdict(window)}
        for day, windows in found.items()
        for window in windows
    ]
    store.lake.replace_days(table, first, last, pa.Table.from_pylist(rows, schema=table.schema))
    if not rows:
        return None
    latest = max(day for day, windows in found.items() if windows)
    shadow = shadows[latest]
    days = compare_days(metric, spec.target, _known(outcomes, latest, shadow))
    return ShadowDay(latest, shadow, found[latest], days)


def shadow_summary(store: ModelStore, version: int) -> list[dict[str, object]]:
    """Rows of `monitoring.<model>_shadow` of the last day that a version shadowed, by window."""
    return store.lake.rows(
        f"""
        SELECT * FROM s WHERE challenger = {version}
        QUALIFY day = max(day) OVER () ORDER BY "window"
        """,
        s=store.tables.shadow,
    )


def _known(outcomes: pd.DataFrame, day: date, shadow: Shadow) -> pd.DataFrame:
    """The events of the wait, each with the last label that had arrived by a day."""
    now = pd.Timestamp(day)
    of_wait = outcomes["day"].between(pd.Timestamp(shadow.since), now, inclusive="right")
    of_champion = outcomes["champion"] == shadow.champion
    of_challenger = outcomes["challenger"] == shadow.challenger
    mine, event = outcomes[of_wait & of_champion & of_challenger], ["day", "key"]
    # Rows of an event are in the order of arrival; one whose label has not arrived keeps its first.
    mine = mine[(mine["label_day"] <= now) | ~mine.duplicated(event)]
    mine = mine.drop_duplicates(event, keep="last")
    return mine.assign(label=mine["label"].where(mine["label_day"] <= now))
