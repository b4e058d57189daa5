"""The story that most end-to-end tests share: a model that learns, fails, and learns again."""

from dataclasses import dataclass, field

import pandas as pd

from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import World, day, events_of, labels_of


@dataclass
class Story:
    """A walk through the days of `tiny`, whose rule turns around on day 3.

    Attributes:
        steps: what the replay reported.
        ticks: two looks of the sensor at every day that it asked for a retraining on.
    """

    world: World
    steps: list = field(default_factory=list)
    ticks: dict = field(default_factory=dict)

    def tell(self, until):
        """Goes on with it, to a day."""
        with self.world.active(), open_instance() as instance:

            def on_step(step, what):
                # What another replay has told of is complete at once.
                if (step.last, what) not in self.steps:
                    self.steps.append((step.last, what))
                if what.startswith("retraining"):
                    self.ticks[step.last] = [self.world.look(instance) for _ in range(2)]

            self.world.replay(instance, until=until, on_step=on_step)


def write_story(world):
    """The definition and the files of the story."""
    folder = world.write_model()
    events = pd.concat([events_of(number) for number in range(7)])
    labels = pd.concat([labels_of(number, flipped=number >= 3) for number in range(6)])
    events.to_csv(folder / "events.csv", index=False)
    labels.to_parquet(folder / "labels.parquet", index=False)
    assert day(6) == events["day"].max()
