from mlops_drift import settings
from mlops_drift_tests.cli.commands import run


def test_without_a_day_of_any_model_nothing_is_written(new_world):
    world = new_world("no_days")
    world.write_model()
    with world.active():
        assert "no model has a day yet" in run("report").stderr
        assert "tiny has no day yet; run it first" in run("report", "tiny").stderr
        assert not settings.report_root().exists()
