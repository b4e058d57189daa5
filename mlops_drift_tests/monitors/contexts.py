"""A context of checks in memory: what a test knows, and nothing of the rest."""

from mlops_drift.monitors.context import MonitorContext


class MemoryContext(MonitorContext):
    """A context whose answers are given by name; a function gets the arguments of the call."""

    def __init__(self, spec, days, **answers):
        super().__init__(spec, days)
        self._answers = answers

    def _answer(self, name, *arguments):
        answer = self._answers[name]
        return answer(*arguments) if callable(answer) else answer

    def champion(self, day):
        return self._answers["champion"](day) if "champion" in self._answers else None

    def baseline(self, version):
        return self._answer("baseline", version)

    def drift(self, day):
        return self._answer("drift", day)

    def labelled(self, day):
        return self._answer("labelled", day)

    def predicted(self, day):
        return self._answer("predicted", day)

    def errors(self, day):
        return self._answer("errors", day)

    def label_windows(self, day):
        return self._answer("label_windows", day)

    def trained(self, day):
        return self._answer("trained", day)

    def retrained(self, day):
        return self._answer("retrained", day)

    def landed(self, day):
        return self._answer("landed", day)

    def event_counts(self, since, until):
        counts = self._answers["event_counts"]
        return {day: n for day, n in counts.items() if since <= day <= until}

    def newest(self, source, day):
        return self._answer("newest", source, day)

    def days_without_events(self, since, until):
        return ()

    def skew(self, day):
        return self._answer("skew", day)

    def answers(self, since, until, version):
        return self._answer("answers", since, until, version)

    def tested_answers(self, version):
        return self._answer("tested_answers", version)

    def history(self):
        return ()

    def periods(self):
        return ()

    def label_coverage(self):
        return ()
