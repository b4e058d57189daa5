import pytest

from mlops_drift.learning.gates import cost
from mlops_drift.learning.gates.cost import TRIES, ArtifactSize, BatchLatency, SingleRowLatency
from mlops_drift_tests.learning.gates.candidates import BINARY, candidate, knowing, rows

ROW, BATCH, SIZE = SingleRowLatency(), BatchLatency(), ArtifactSize()


class Slow:
    """A model that takes as many milliseconds as it is told to, on a clock of its own."""

    def __init__(self, monkeypatch, *takes):
        self.now, self.asked, self.takes = 0.0, [], list(takes)
        monkeypatch.setattr(cost, "thread_time", lambda: self.now)

    def predict(self, frame):
        if self.asked:
            self.now += self.takes[min(len(self.asked), len(self.takes)) - 1] / 1000
        # The first to ask is whoever predicts the test split.
        self.asked.append(len(frame))
        return knowing(BINARY)(frame)

    @property
    def tries(self):
        return len(self.asked) - 1


@pytest.mark.parametrize(("gate", "limit", "n"), [(ROW, 50, 1), (BATCH, 1000, 1000)])
def test_a_model_that_is_fast_enough_passes_at_the_first_try(monkeypatch, gate, limit, n):
    slow = Slow(monkeypatch, limit)
    found = gate.judge(candidate(BINARY, slow.predict))
    assert (found.verdict, found.value, found.threshold) == ("pass", pytest.approx(limit), limit)
    assert slow.asked == [400, n]


LIMITS = [(ROW, "max_row_latency_ms"), (BATCH, "max_batch_latency_ms")]


@pytest.mark.parametrize(("gate", "limit"), LIMITS)
def test_a_busy_machine_fails_no_innocent_model(monkeypatch, gate, limit):
    slow = Slow(monkeypatch, 500, 900, 20, 10)
    found = gate.judge(candidate(BINARY, slow.predict, gates={limit: 30}))
    assert (found.verdict, found.value) == ("pass", pytest.approx(20))
    assert found.numbers["tries"] == slow.tries == 3


@pytest.mark.parametrize(("gate", "limit"), LIMITS)
def test_a_slow_model_fails_after_all_tries(monkeypatch, gate, limit):
    slow = Slow(monkeypatch, 90, 80, 85)
    found = gate.judge(candidate(BINARY, slow.predict, gates={limit: 30}))
    assert (found.verdict, found.value) == ("fail", pytest.approx(80))
    assert found.numbers["tries"] == slow.tries == TRIES == 20
    assert limit in found.advice


@pytest.mark.parametrize(("gate", "limit"), LIMITS)
def test_what_was_measured_before_decides_under_a_limit_that_it_keeps(monkeypatch, gate, limit):
    slow = Slow(monkeypatch, 90)
    before = {gate.name: 25.0}
    found = gate.judge(candidate(BINARY, slow.predict, gates={limit: 30}, milliseconds=before))
    assert (found.verdict, found.value, slow.tries) == ("pass", 25, 0)
    stricter = candidate(BINARY, slow.predict, gates={limit: 20}, milliseconds=before)
    assert gate.judge(stricter).verdict == "fail"


def test_a_batch_of_few_rows_is_filled_up(monkeypatch):
    slow = Slow(monkeypatch, 1)
    BATCH.judge(candidate(BINARY, slow.predict, test=rows(BINARY, 3, 2)))
    assert slow.asked == [3, 1000]


@pytest.mark.parametrize(("size", "verdict"), [(100_000_000, "pass"), (100_000_001, "fail")])
def test_the_stored_model_has_a_largest_size(size, verdict):
    found = SIZE.judge(candidate(BINARY, size=size))
    assert (found.name, found.verdict, found.threshold) == ("artifact_size", verdict, 100)
    assert found.value == pytest.approx(100)
