from datetime import date
from types import SimpleNamespace

import pytest

from mlops_drift.charts.plot import Boxes
from mlops_drift.reports.model import outcomes

DAY = date(2024, 10, 5)


@pytest.fixture
def drawn(monkeypatch):
    """Draws the predictions of a day on which class n was predicted n + 1 times; its boxes."""
    plots = []
    monkeypatch.setattr(outcomes, "svg", lambda found, *_, **__: plots.extend(found) or "")

    def boxes(classes):
        names = [f"class {number}" for number in range(classes)]
        rows = [
            {"day": DAY, "version": 1, "prediction": name, "n": number}
            for number, name in enumerate(names, 1)
        ]
        target = SimpleNamespace(is_classification=True, classes=names)
        spec = SimpleNamespace(target=target)
        data = SimpleNamespace(spec=spec, predicted=rows, days=[DAY], labelled={})
        outcomes.predictions_section(data)
        return [mark for mark in plots[0].marks if isinstance(mark, Boxes)]

    return boxes


@pytest.mark.parametrize("classes", [2, 6, 7, 30])
def test_the_shares_of_classes_fill_the_day(classes, drawn):
    ends = [mark.corners[0][1::2] for mark in drawn(classes)]
    assert ends[0][0] == 0
    assert ends[-1][1] == pytest.approx(1)
    assert [high for _, high in ends[:-1]] == [low for low, _ in ends[1:]]


def test_of_many_classes_the_most_frequent_are_told_apart(drawn):
    labels = [mark.label for mark in drawn(30)]
    assert labels == [*(f"class {number}" for number in range(25, 30)), "25 other classes"]
