"""The job that removes what the retention lets go."""

from typing import Any

import dagster as dg
from pydantic import Field

from mlops_drift.assets.common import MODEL_TAG
from mlops_drift.monitoring.stored import CleanupPlan
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.cleanup import clean_up


class CleanupConfig(dg.Config):
    """Whether a cleanup removes anything."""

    dry_run: bool = Field(True, description="Only show what would go; false removes it for good.")


def cleanup_job_name(model: str) -> str:
    """Name of the job that cleans up after a model."""
    return f"{model}_cleanup"


def cleanup_job(spec: ModelSpec) -> dg.JobDefinition:
    """Builds the job; nothing starts it but a person, or a schedule of theirs."""
    name = cleanup_job_name(spec.name)
    described = (
        f"Removes what the `retention` of {spec.name} lets go. A dry run by default: the output's "
        "metadata shows what would go, and what stays although it is old, each with the reason."
    )

    @dg.op(name=f"{name}_op", description=described, tags={MODEL_TAG: spec.name})
    def remove(
        context: dg.OpExecutionContext,
        config: CleanupConfig,
        lake: LakeResource,
        registry: dg.ResourceParam[Registry],
    ) -> dg.Output[dict[str, Any]]:
        verb = "would go" if config.dry_run else "goes"
        plan = clean_up(
            spec,
            lake.of(spec),
            registry,
            dry_run=config.dry_run,
            on_item=lambda item: context.log.info(f"{item.kind} {item.name} goes: {item.reason}"),
        )
        context.log.info(f"{len(plan.items)} things, {plan.size} bytes: {verb}")
        counted = {"items": len(plan.items), "bytes": plan.size, "dry_run": config.dry_run}
        metadata: dict[str, Any] = {
            **counted,
            "day": str(plan.day),
            verb: _going(plan),
            "stays": _staying(plan),
        }
        return dg.Output(counted, metadata=metadata)

    @dg.job(name=name, description=described, tags={MODEL_TAG: spec.name})
    def job() -> None:
        remove()

    return job


def _going(plan: CleanupPlan) -> dg.TableMetadataValue:
    columns = {"what": "string", "name": "string", "bytes": "int", "why": "string"}
    rows = [
        {"what": item.kind, "name": item.name, "bytes": item.size, "why": item.reason}
        for item in plan.items
    ]
    return _table(columns, rows)


def _staying(plan: CleanupPlan) -> dg.TableMetadataValue:
    columns = {"what": "string", "name": "string", "why": "string"}
    rows = [{"what": kept.kind, "name": kept.name, "why": kept.reason} for kept in plan.kept]
    return _table(columns, rows)


def _table(columns: dict[str, str], rows: list[dict[str, Any]]) -> dg.TableMetadataValue:
    schema = dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in columns.items()])
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema=schema)
