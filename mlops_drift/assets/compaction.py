"""The asset `compaction`: files of closed days put together, and old commits forgotten."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from mlops_drift.assets.common import MODEL_TAG, asset_key
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.cleanup.commits import forget_old_commits
from mlops_drift.resources import LakeResource
from mlops_drift.store.compaction import compact
from mlops_drift.store.tables import Table

COMPACTION = "compaction"


class CompactionConfig(dg.Config):
    """Which tables of a model are compacted."""

    tables: list[str] = Field([], description="Their names; all tables where none is named.")


def compaction_of(spec: ModelSpec, tables: Sequence[Table]) -> dict[str, Any]:
    """The configuration of a run that compacts some tables."""
    names = {"tables": [table.name for table in tables]}
    return {"ops": {f"{spec.name}__{COMPACTION}": {"config": names}}}


def compaction_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """Builds the asset, which changes no row: its metadata says how many files there are."""

    @dg.asset(
        key=asset_key(spec, COMPACTION),
        group_name=spec.name,
        description="Puts the many small files of closed days together, by year: a query "
        "opens every file of its days. No row changes; what a table held at its last 500 "
        "commits can be read as before.",
        kinds={"deltalake"},
        tags={MODEL_TAG: spec.name},
        owners=spec.owners,
    )
    def compaction(
        config: CompactionConfig, mlops_drift_lake: LakeResource
    ) -> dg.MaterializeResult:
        store, wanted = mlops_drift_lake.of(spec).store, set(config.tables)
        tables = [table for table in store.tables if not wanted or table.name in wanted]
        found = [compact(store.lake, table) for table in tables]
        changed = [vars(one) for one in found if one.after < one.before]
        files = {
            "files before": sum(one.before for one in found),
            "files": sum(one.after for one in found),
            "commits forgotten": forget_old_commits(store),
        }
        return dg.MaterializeResult(metadata={**files, "tables": verdict_table(changed)})

    return compaction
