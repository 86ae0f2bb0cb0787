"""What Publik sends."""

from datetime import date, datetime

from pydantic import Field

from api.core.schemas import Output


class Payment(Output):
    """A payment that Publik's bank confirmed. Publik may add fields."""

    transaction_id: str = Field(min_length=1, max_length=200)
    transaction_date: datetime | None = None


class Link(Output):
    """A service key, and the birth date of a child when the key came by letter."""

    key: str = Field(min_length=1, max_length=40)
    birth_date: date | None = None
