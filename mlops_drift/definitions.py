"""What Dagster loads: every model's definitions, the resources and the executor."""

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings

from mlops_drift import settings
from mlops_drift.config.loading import load_definitions
from mlops_drift.resources import default_resources
from mlops_drift.settings import isolate


@dg.definitions
@suppress_dagster_warnings
def defs() -> dg.Definitions:
    """All models; steps run in one process, since each takes less than starting another."""
    isolate()
    settings.require_own_instance()
    return dg.Definitions.merge(
        load_definitions(),
        dg.Definitions(resources=default_resources(), executor=dg.in_process_executor),
    )
