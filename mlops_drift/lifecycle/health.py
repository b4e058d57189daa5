"""Whether a model is well, in one word and a few sentences, and what happens next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mlops_drift.lifecycle.unserved import Unserved
from mlops_drift.policy.decision import PAUSED

State = Literal["failing", "waiting", "unknown", "healthy"]

# The worst first; a person reads the word, and never the colour alone.
STATES: tuple[State, ...] = ("failing", "waiting", "unknown", "healthy")
WORDS: Mapping[State, str] = {
    "failing": "FAILING",
    "waiting": "WAITS FOR YOU",
    "unknown": "UNKNOWN",
    "healthy": "HEALTHY",
}
SIGNS: Mapping[State, str] = {"failing": "✕", "waiting": "‖", "unknown": "?", "healthy": "✓"}
SENTENCES = 3
# Names that a sentence lists.
_LISTED = 6


@dataclass(frozen=True)
class Health:
    """The state of a model at the end of its last day.

    Attributes:
        state: `failing` if a check fails that is an alarm; else `waiting` if a challenger waits
            for a person, or the policy has given up; else `unknown` if no version serves or no
            check passed; else `healthy`.
        sentences: at most three: what, by how much, since when.
        next: what the policy does next, and why.
        command: what a person can do about it; None where nothing is to be done.
    """

    state: State
    sentences: Sequence[str]
    next: str
    command: str | None

    @property
    def word(self) -> str:
        """The state in capitals."""
        return WORDS[self.state]


def worst_first(models: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What has a `health` and the name of a `model`, by state and then by name."""
    return sorted(models, key=lambda one: (STATES.index(one["health"]["state"]), one["model"]))


def health_of(status: Mapping[str, Any], unserved: Unserved | None) -> Health:
    """The health of a model from its status, and why no version serves (`why_unserved`)."""
    checks, champion = status["checks"], status["champion"]
    failing = [one for one in checks if one["verdict"] == "fail" and not one["warns"]]
    waits = [waiting_sentence(status["shadow"], champion is not None)] if status["shadow"] else []
    others = [*_failed_sentences(failing), *waits]
    paused = _is_paused(status)
    if failing:
        state: State = "failing"
    elif status["shadow"] or paused:
        state = "waiting"
    elif champion is None or not any(one["verdict"] == "pass" for one in checks):
        state = "unknown"
    else:
        state = "healthy"
    if champion is None and unserved and not status["shadow"]:
        others.insert(0, f"No version serves: {unserved.why}.")
    if paused:
        others.append("Retraining is paused and needs a person.")
    sentences = [*others, *_rest(checks, status["last_day"])][:SENTENCES]
    return Health(state, sentences, _next(status), _command(status, unserved))


def _next(status: Mapping[str, Any]) -> str:
    """What happens next: of a challenger that waits, what a person has to do."""
    shadow, next_step = status["shadow"], status["next"]
    if shadow and next_step.startswith("nothing"):
        return f"you decide: approve or reject version {shadow['version']}"
    return str(next_step)


def _failed_sentences(failing: Sequence[Mapping[str, Any]]) -> list[str]:
    """One for the worst two checks; a third sentence names the others."""
    shown = failing[:2] if len(failing) > 2 else failing
    found = []
    for one in shown:
        of = f" ({one['failing']} of {one['subjects']})" if one["subjects"] > 1 else ""
        before = one["since_before"]
        earlier = f", and of earlier versions since {before}" if before else ""
        found.append(f"{one['check']} fails since {one['since']}{earlier}{of}: {one['reason']}.")
    if len(failing) > 2:
        names = [f"{one['check']} (since {one['since']})" for one in failing[2 : 2 + _LISTED]]
        found.append(f"{', '.join(names)} fail too.")
    return found


def waiting_sentence(shadow: Mapping[str, Any], has_champion: bool) -> str:
    """Which version waits, since when, and how it does beside the champion; of a status."""
    waits = f"Version {shadow['version']} waits for approval since {shadow['since']}"
    if not has_champion:
        return f"No version serves: v{waits[1:]}."
    one = longest_window(shadow)
    if one is None:
        test = f"{shadow['metric']} on its test split {shadow['test_value']:.3f}"
        return f"{waits}: {test}; no event that both versions scored has a label yet."
    ends = f"{one['lower']:+.3f} to {one['upper']:+.3f}"
    return (
        f"{waits}: {one['metric']} {one['difference']:+.3f} ({ends}) on {one['n']:,} events "
        f"against version {one['champion']}."
    )


def ways_out(model: str, version: int) -> list[str]:
    """The commands that end the wait of a challenger: approve, then reject."""
    end = f"{model} --version {version} --reason …"
    return [f"mlops-drift approve {end}", f"mlops-drift reject {end}"]


def longest_window(shadow: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The comparison of a challenger that waits since its wait began; None without labels."""
    known = [one for one in shadow["windows"] if one["difference"] == one["difference"]]
    return min(known, key=lambda window: window["window"] or 0, default=None)


def _rest(checks: Sequence[Mapping[str, Any]], day: object) -> list[str]:
    """How the checks are that do not fail."""
    warned = [one for one in checks if one["verdict"] == "fail" and one["warns"]]
    passed = [one for one in checks if one["verdict"] == "pass"]
    unknown = [one["check"] for one in checks if one["verdict"] == "unknown"]
    found = [f"{one['check']} warns since {one['since']}: {one['reason']}." for one in warned]
    if checks and len(passed) == len(checks):
        return [*found, f"Every check of {day} passes ({len(checks)})."]
    if not passed and not unknown:
        return found
    more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
    listed = f"{len(unknown)} unknown: {', '.join(unknown[:_LISTED])}{more}"
    counted = f"{len(passed)} of {len(checks)} checks pass"
    return [*found, f"{counted}, {listed}." if unknown else f"{counted}."]


def _is_paused(status: Mapping[str, Any]) -> bool:
    """Whether the policy has had its share of rejected challengers, now or before."""
    next_step: str = status["next"]
    return next_step.startswith(("give_up", f"nothing: {PAUSED}"))


def _command(status: Mapping[str, Any], unserved: Unserved | None) -> str | None:
    model, shadow = status["model"], status["shadow"]
    if shadow:
        return ways_out(model, shadow["version"])[0]
    if status["missing_days"]:
        return f"mlops-drift run {model}"
    if _is_paused(status) or status["next"].startswith("alert") or unserved:
        return f"mlops-drift log {model}"
    return None
