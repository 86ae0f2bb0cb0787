"""The clock: the only place that asks what time it is, so that a test can say."""

from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request


def utcnow() -> datetime:
    """The present instant, with its zone."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


def instant(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """The instant at which a clock on the wall shows that hour. In the nights when clocks change, an hour that is there twice is the
    second, and one that is not there is as much later: what PostgreSQL's AT TIME ZONE says, and never earlier than people expect.
    """
    shown = datetime.combine(day, hour, zone)
    try:
        return max(shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    except OverflowError:  # the first and the last day of the calendar
        return shown.replace(tzinfo=UTC)


async def now() -> datetime:
    """The present instant, for a route."""
    return utcnow()


async def today(request: Request) -> date:
    """The present day in the town, which at night is not the day of UTC."""
    return utcnow().astimezone(request.app.state.settings.zone).date()


Now = Annotated[datetime, Depends(now)]
Today = Annotated[date, Depends(today)]
