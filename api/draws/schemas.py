"""The published result of a draw."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.core.schemas import Output


class DrawEntry(Output):
    """One enrollment, by its reference alone."""

    reference: str
    unit: str = Field(description="its reference, or that of the first of the siblings it stays with")
    points: int
    ticket: str
    place: int
    outcome: Literal["confirmed", "waitlisted"]


class DrawRead(Output):
    """All that is needed to draw again: `foyer draw --verify`."""

    activity_id: UUID
    seed: str
    seed_digest: str
    drawn_at: datetime
    entries: list[DrawEntry]
