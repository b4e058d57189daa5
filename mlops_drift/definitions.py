"""What Dagster loads: every model's definitions, the resources and the executor."""

from collections.abc import Iterable

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings

from mlops_drift import settings
from mlops_drift.component import model_definitions
from mlops_drift.config.loading import Model, load_definitions
from mlops_drift.jobs import absent_job


@dg.definitions
@suppress_dagster_warnings
def defs() -> dg.Definitions:
    """All models; steps run in one process, since each takes less than starting another."""
    settings.isolate()
    return _complete(load_definitions())


def definitions_of(models: Iterable[Model]) -> dg.Definitions:
    """Some loaded models: a tenth of the work of `defs`, which describes components to the UI."""
    settings.isolate()
    found = list(models)
    called = {one.spec.policy.action.job for one in found if one.spec.policy.action}
    jobs = dg.Definitions(jobs=[absent_job(name) for name in sorted(filter(None, called))])
    return _complete(*(model_definitions(one.spec, one.folder) for one in found), jobs)


def _complete(*models: dg.Definitions) -> dg.Definitions:
    return dg.Definitions.merge(*models, dg.Definitions(executor=dg.in_process_executor))
