"""What goes in and comes out of privacy."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.accounts.schemas import CurrentPassword
from api.core.schemas import Input, Output, Page


class AccessRead(Output):
    """Something that somebody did with the person's account or family file."""

    id: UUID
    at: datetime
    action: str = Field(description="what, as `family.viewed`; new ones may come")
    by: Literal["me", "agent", "parent", "portal"] = Field(
        description="oneself, an agent of the town, another parent of the file, or the portal by itself"
    )
    about: Literal["account", "family"]
    request_reference: str | None


class AccessList(Page):
    """Who did what, the newest first."""

    items: list[AccessRead]


class ExportRead(Output):
    """Everything that the portal keeps about the person; each part as its own resource gives it."""

    exported_at: datetime
    profile: dict[str, Any]
    second_factors: dict[str, Any]
    sessions: list[dict[str, Any]]
    household_members: list[dict[str, Any]]
    service_keys: list[dict[str, Any]]
    families: list[dict[str, Any]]
    family_contacts: list[dict[str, Any]] = Field(description="what the service keeps to reach the person")
    invoices: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    enrollments: list[dict[str, Any]]
    absences: list[dict[str, Any]]
    access: list[dict[str, Any]] = Field(description="who looked at or changed the file")


class Closing(Input):
    """Close the account: the present password, again."""

    current_password: CurrentPassword
