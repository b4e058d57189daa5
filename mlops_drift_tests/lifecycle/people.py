"""Two people who move versions, a world to move them in, and what it has recorded."""

from contextlib import contextmanager

from mlops_drift.config.context import ModelContext
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.transitions import Person

ANN, BOB = Person("ann", "better on paper"), Person("bob", "customers complained")


def aliases(registry):
    return dict(registry.client.get_registered_model("tiny").aliases)


@contextmanager
def opened(world, root):
    """The model of a copy of a world, to go its own way."""
    with world.active():
        spec = world.spec()
    with world.copy(root).active(), open_lake() as lake:
        yield ModelContext.of(lake, spec, open_registry())


def versions_of(model):
    return [(item.version, item.previous, item.person) for item in model.versions.promotions()]


def story_of(model):
    return [
        (record.action, record.status, record.challenger, record.outcome.person)
        for record in model.decisions.records(idle=False)
    ]


def record_of(model, decision):
    return model.decisions.get(decision)
