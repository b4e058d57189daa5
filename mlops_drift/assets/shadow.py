"""What the pages show of a challenger that scores the same events as the champion."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from mlops_drift.assets.common import Metadata
from mlops_drift.charts.shadow import shadow_chart
from mlops_drift.checks.report import image, verdict_table
from mlops_drift.lifecycle.shadow.comparison import window_name
from mlops_drift.lifecycle.shadow.scoring import ShadowDay, shadow_summary
from mlops_drift.monitors.base import interval
from mlops_drift.pipeline.scoring import Served
from mlops_drift.store.model_store import ModelStore

_COLUMNS = {
    "scored": "scored",
    "labelled": "n",
    "champion": "champion_value",
    "challenger": "challenger_value",
    "difference": "difference",
}


def scored_metadata(shadow: Served) -> Metadata:
    """Which version shadows, and how many rows; nothing where none does."""
    if not shadow.versions:
        return {}
    return {
        "shadow": ", ".join(f"version {version}" for version in shadow.versions),
        "shadow rows": shadow.rows,
        "added shadow rows": shadow.added,
    }


def comparison_metadata(measured: ShadowDay | None) -> Metadata:
    """Champion and challenger as a table and a chart; nothing without a shadow."""
    if measured is None:
        return {}
    shadow = measured.shadow
    versions = {"champion": shadow.champion, "challenger": shadow.challenger}
    rows = [{**versions, **asdict(window)} for window in measured.windows]
    chart = shadow_chart(measured)
    return {
        "shadow since": str(shadow.since),
        **({"shadow by production day": image("shadow", chart)} if chart else {}),
        **({_title(rows[0]): _table(rows)} if rows else {}),
    }


def summary_metadata(store: ModelStore, version: int) -> Metadata:
    """The comparison of a version that waited with the champion; nothing if it never shadowed."""
    rows = shadow_summary(store, version)
    return {_title(rows[0]): _table(rows)} if rows else {}


def _title(about: Mapping[str, Any]) -> str:
    versions = f"version {about['challenger']} compared with version {about['champion']}"
    return f"shadow: {about['metric']} of {versions}"


def _table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    return verdict_table(
        [
            {"window": window_name(row["window"], row["production_day"])}
            | {title: row[column] for title, column in _COLUMNS.items()}
            | {
                "95 % interval": interval(row["lower"], row["upper"]),
                "predictions that differ": row["disagreement"],
            }
            for row in rows
        ]
    )
