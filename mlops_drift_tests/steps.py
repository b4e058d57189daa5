"""The steps of days and of a training without Dagster, for tests that are not about Dagster."""

from contextlib import contextmanager

from mlops_drift.config.context import ModelContext
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.lifecycle.shadow.scoring import measure_shadows, score_shadows
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.labels import count_labels
from mlops_drift.pipeline.landing import judge_labels_again, land_events, land_labels
from mlops_drift.pipeline.monitoring import measure_drift, measure_performance
from mlops_drift.pipeline.served_rows import predict_days
from mlops_drift_tests.tiny import day


@contextmanager
def opened(world, model="tiny"):
    """A model of a world that is active, on its lake on disk and its registry in MLflow."""
    with open_lake() as lake:
        yield ModelContext.of(lake, world.spec(model), open_registry())


def land_days(world, about, first, last):
    """The days by number, landed only."""
    source, days = about.spec.source.open(world.defs / about.spec.name), (day(first), day(last))
    land_events(about, source, *days)
    judge_labels_again(about, days[0])
    land_labels(about, source, *days)
    make_features(about, *days)


def do_days(world, about, first, last):
    """All that the daily job makes of the days by number, as one range."""
    land_days(world, about, first, last)
    days = day(first), day(last)
    predict_days(about, *days)
    score_shadows(about, *days)
    measure_drift(about, *days)
    measure_performance(about, *days)
    count_labels(about, *days)
    measure_shadows(about, *days)


def train(about, as_of=None, since=None, name="by hand"):
    """Trains a version as a retraining by hand does, or one of a decision of that name; the run."""
    # Here, since it takes seconds, and not all tests need it.
    import mlflow

    run, model = RetrainingRun(about, name), about.spec.name
    run.build_training_set(as_of, since)
    about.registry.prepare(model)
    with mlflow.start_run(experiment_id=about.registry.experiment(model)):
        run.train()
    return run
