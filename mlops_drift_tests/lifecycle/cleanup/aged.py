"""A model with three versions of long ago: its definition, its parts, and its cleanup."""

import hashlib
from types import SimpleNamespace

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.gateways import open_registry
from mlops_drift.lifecycle.cleanup.cleanup import clean_up
from mlops_drift.lifecycle.transitions import Person
from mlops_drift.registry.artifacts import Artifacts
from mlops_drift_tests import steps
from mlops_drift_tests.tiny import SPEC, day, merged

ANN = Person("ann", "customers complained")
TODAY = day(14)
MODEL = {
    "end_date": day(18),
    "gates": {"tolerance": 0.5},
    "policy": {"first_training_rows": 9999, "training_windows": ["recent"], "window_days": 2},
    "retention": {
        "versions": 1,
        "training_sets_days": 1,
        "predictions_days": 4,
        "landing_days": 5,
        "metrics_days": 2,
    },
}


def do_days(parts, first, last):
    steps.do_days(parts.world, context(parts), first, last)


def parts_of(world, lake):
    spec = ModelSpec(**merged(SPEC, MODEL))
    return SimpleNamespace(
        world=world, spec=spec, model=ModelContext.of(lake, spec).store, registry=open_registry()
    )


def context(parts):
    return ModelContext(parts.spec, parts.model, parts.registry)


def clean(parts, **options):
    return clean_up(
        context(parts),
        Artifacts(parts.registry, parts.spec.name),
        **{"dry_run": False, **options},
    )


def contents(folder):
    """The digest of every file."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def kinds(plan):
    return sorted({item.kind for item in plan.items})
