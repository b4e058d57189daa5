"""The asset `compaction`: the files of a model's tables, those of closed days put together."""

import dagster as dg

from mlops_drift.assets.common import MODEL_TAG, asset_key
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.spec import ModelSpec
from mlops_drift.resources import LakeResource
from mlops_drift.store.compaction import compact

COMPACTION = "compaction"


def compaction_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """Builds the asset, which changes no row: its metadata says how many files there are."""

    @dg.asset(
        key=asset_key(spec, COMPACTION),
        group_name=spec.name,
        description="Puts the many small files of closed days together, by month and by year: a "
        "query opens every file of its days. No row changes; what a table held before can be read "
        "as before.",
        kinds={"deltalake"},
        tags={MODEL_TAG: spec.name},
    )
    def compaction(lake: LakeResource) -> dg.MaterializeResult:
        store = lake.of(spec).store
        found = [compact(store.lake, table) for table in store.tables]
        changed = [vars(one) for one in found if one.after < one.before]
        files = {
            "files before": sum(one.before for one in found),
            "files": sum(one.after for one in found),
        }
        return dg.MaterializeResult(metadata={**files, "tables": verdict_table(changed)})

    return compaction
