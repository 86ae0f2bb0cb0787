"""What goes in and comes out of the town."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from api.core.errors import FieldRefused
from api.core.schemas import Input, LongText, Moment, Output, Page
from api.town.models import Function


def _codes(texts: dict[str, str]) -> dict[str, str]:
    # Not as a pattern of the keys: generated clients would lose the type of the values.
    if any(not (code.isascii() and code.isalpha() and code.islower() and len(code) in {2, 3}) for code in texts):
        raise FieldRefused(
            "language", "Les langues sont des codes, comme fr et en.", "Languages are codes, as fr and en."
        )
    return texts


ByLanguage = Annotated[
    dict[str, LongText],
    Field(description="by language code; `fr` must be there", max_length=20),
    AfterValidator(_codes),
]


class TownRead(Output):
    """What a page or an application shows of the town before anybody signs in."""

    name: str
    contact_email: str
    colour: str = Field(description="of the town, as #rrggbb; dark enough for white text on it")
    timezone: str
    languages: list[str] = Field(description="in which mails and SMS are written")
    demo: bool = Field(description="whether this is the demonstration")


class PublicNotice(Output):
    """A notice in the reader's language."""

    id: UUID
    body: str
    starts_at: datetime
    ends_at: datetime


class PublicNoticeList(Page):
    """The notices of this moment."""

    items: list[PublicNotice]


class NoticeWrite(Input):
    """A notice, in each language."""

    body: ByLanguage
    starts_at: Moment
    ends_at: Moment


class NoticeRead(NoticeWrite):
    """A notice, for an agent."""

    id: UUID
    version: int


class NoticeList(Page):
    """Notices, those that end last first."""

    items: list[NoticeRead]


class SwitchWrite(Input):
    """The kind word for who needs the function."""

    message: ByLanguage


class SwitchRead(Output):
    """A function of the portal; `message` is null while it is on."""

    function: Function
    message: dict[str, str] | None
    since: datetime | None


class SwitchList(Page):
    """Every function that can be switched off."""

    items: list[SwitchRead]
