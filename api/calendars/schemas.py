"""What comes out of calendars."""

from datetime import datetime

from pydantic import Field

from api.core.schemas import Output


class CalendarRead(Output):
    """Whether there is a calendar."""

    created_at: datetime


class CalendarCreated(CalendarRead):
    """The calendar's address, shown this once."""

    url: str = Field(description="for a calendar application that subscribes to addresses")
