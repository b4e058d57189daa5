"""A backtest as one self-contained HTML page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from mlops_drift.reporting.backtest import best_policy, is_known, shown, worst

TEMPLATE = "backtest_page.html.j2"

# Of the drawing, in pixels.
WIDTH, HEIGHT = 1080, 340
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 34
TICKS = 5
MOST_LABELS = 12

# Failed numbers listed for a policy.
MOST_ALARMS = 200


@dataclass(frozen=True)
class Curve:
    """The line of one policy: pieces between gaps, and where it was retrained."""

    name: str
    pieces: Sequence[str]
    points: Sequence[tuple[float, float, str]]
    retrained: Sequence[tuple[float, str]]


def backtest_page(result: Mapping[str, Any]) -> str:
    """Draws policies side by side over time, with what each of them did; without scripts.

    Args:
        result: what `Backtest.run` gives.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = shown
    template = environment.from_string(
        files("mlops_drift.reporting").joinpath(TEMPLATE).read_text("utf-8")
    )
    scale = _Scale(result)
    return template.render(
        result=result,
        best=best_policy(result),
        rows=[
            {
                "name": name,
                "worst": worst(result, policy),
                "alarm_days": len({alarm["day"] for alarm in policy["alarms"]}),
                "alarms": policy["alarms"][:MOST_ALARMS],
                **{
                    field: policy[field]
                    for field in (
                        "mean_value",
                        "retrainings",
                        "detection_delay",
                        "labels_used",
                        "seconds",
                        "decisions",
                        "versions",
                    )
                },
                "more_alarms": max(0, len(policy["alarms"]) - MOST_ALARMS),
            }
            for name, policy in result["policies"].items()
        ],
        curves=[_curve(scale, name, policy) for name, policy in result["policies"].items()],
        scale=scale,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
    )


class _Scale:
    """From days and values to places in the drawing."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        periods = [period for policy in result["policies"].values() for period in policy["periods"]]
        values = [period["value"] for period in periods if is_known(period["value"])]
        floor = result["floor"]
        limits = [*values, *([floor] if floor is not None else [])]
        low, high = min(limits, default=0.0), max(limits, default=1.0)
        margin = (high - low) * 0.08 or 0.05
        self.low, self.high = low - margin, high + margin
        self._first: date = result["first_day"]
        self._days = max(1, (result["last_day"] - self._first).days)
        self.floor = None if floor is None else self.y(floor)
        step = (self.high - self.low) / (TICKS - 1)
        self.ticks = [
            (self.y(value), f"{value:.2f}")
            for value in (self.low + step * number for number in range(TICKS))
        ]
        starts = sorted({period["start"] for period in periods})
        every = max(1, -(-len(starts) // MOST_LABELS))
        self.labels = [(self.x(start), f"{start:%b %Y}") for start in starts[::every]]

    def x(self, day: date) -> float:
        share = (day - self._first).days / self._days
        return float(round(LEFT + share * (WIDTH - LEFT - RIGHT), 1))

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return float(round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1))


def _curve(scale: _Scale, name: str, policy: Mapping[str, Any]) -> Curve:
    pieces: list[list[str]] = [[]]
    points = []
    for period in policy["periods"]:
        if not is_known(period["value"]):
            pieces.append([])
            continue
        middle = period["start"] + (period["end"] - period["start"]) / 2
        x, y = scale.x(middle), scale.y(period["value"])
        pieces[-1].append(f"{x},{y}")
        points.append(
            (
                x,
                y,
                f"{name}, {period['start']} to {period['end']}: {period['value']:.3f} on "
                f"{period['n']} rows, version {period['version']}",
            )
        )
    retrained = [
        (scale.x(row["day"]), f"{name}: {row['day']} {', '.join(row['rules'])}")
        for row in policy["decisions"]
        if row["action"] == "retrain" and row["outcome"] == "promoted"
    ]
    return Curve(name, [" ".join(piece) for piece in pieces if piece], points, retrained)
