"""What goes in and comes out of absences."""

from datetime import date, datetime

from pydantic import Field

from api.core.schemas import CalendarDay, Input, Output


class AbsenceCreate(Input):
    """The child does not come on a day."""

    day: CalendarDay


class BookingRead(Output):
    """A day on which a child is expected, or was told to be absent."""

    day: date
    limit: datetime = Field(description="until when an absence is told in time: it is not billed")
    absent: bool
    in_time: bool | None = Field(description="whether the absence was told in time; null when the child comes")


class BookingList(Output):
    """The days of an enrollment, in their order."""

    items: list[BookingRead]
