"""What comes out of the town."""

from pydantic import BaseModel, Field


class TownRead(BaseModel):
    """What a page or an application shows of the town before anybody signs in."""

    name: str
    contact_email: str
    colour: str = Field(description="of the town, as #rrggbb; dark enough for white text on it")
    timezone: str
    languages: list[str] = Field(description="in which mails and SMS are written")
    demo: bool = Field(description="whether this is the demonstration")
