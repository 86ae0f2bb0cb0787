"""The clock: the only place that asks what time it is, so that a test can say."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request


def utcnow() -> datetime:
    """The present instant, with its zone."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


async def now() -> datetime:
    """The present instant, for a route."""
    return utcnow()


async def today(request: Request) -> date:
    """The present day in the town, which at night is not the day of UTC."""
    return utcnow().astimezone(request.app.state.settings.zone).date()


Now = Annotated[datetime, Depends(now)]
Today = Annotated[date, Depends(today)]
