"""The days that a command runs."""

from datetime import UTC, date, datetime, timedelta

from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError


def period(
    spec: ModelSpec, first: date | None, last: date | None, today: date | None = None
) -> tuple[date, date]:
    """The first and the last day to run: by default those of the model that have ended.

    `today` is the day that is not over yet; that of the clock, in UTC, by default. A UserError
    names an option whose day the model does not have, or that has not ended.
    """
    start, end, name = spec.start_date, spec.end_date, spec.name
    newest = (today or datetime.now(UTC).date()) - timedelta(days=1)
    if start > newest:
        raise UserError(
            f"{name} starts on {start}, which has not ended yet; wait, or correct start_date"
        )
    for option, day in (("--from", first), ("--until", last)):
        if day and (day < start or (end and day > end)):
            days = f"days from {start} to {end or 'yesterday'}"
            raise UserError(f"{option} {day}: {name} has {days}")
        if day and day > newest:
            ended = f"the last one that has is {newest}"
            raise UserError(f"{option} {day}: that day has not ended yet in UTC; {ended}")
    if last is None and end is None:
        raise UserError(f"{name} has no end_date; say how far to go with --until DAY")
    since, until = first or start, last or min(end or newest, newest)
    if until < since:
        raise UserError(f"--until {until} is before --from {since}")
    return since, until
