"""What goes in and comes out of sessions."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.core.schemas import Input, Login, Opaque, Output, Page
from api.sessions.models import Client


class SessionCreate(Input):
    """Sign in."""

    email: Login = Field(description="the mail address, or the name that the counter gave")
    password: str = Field(min_length=1, max_length=1000)
    client: Client = Field(Client.BROWSER, description="browser: the refresh token is a cookie; app: it is in the body")


class SecondFactorCreate(Input):
    """The code of the authenticator, or a recovery code."""

    challenge: Opaque
    code: str = Field(min_length=6, max_length=20)


class PasskeySession(Input):
    """The browser's answer to the request options of a passkey."""

    credential: dict[str, Any]
    client: Client = Client.BROWSER


class RefreshCreate(Input):
    """An app's refresh token; a browser sends its cookie and an empty object."""

    refresh_token: Opaque | None = None


class TokenRead(Output):
    """An access token of RFC 9068, good for 5 minutes."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int = Field(description="seconds")
    scope: str = Field(description="space-separated")
    refresh_token: str | None = Field(None, description="for client `app` only")


class ChallengeRead(Output):
    """A further proof is asked for."""

    challenge: str
    kind: str = Field(description="what is asked: `totp`, or `child_birth_date`")


class SessionRead(Output):
    """A device that is signed in."""

    id: UUID
    client: Client
    device: str
    created_at: datetime
    last_used_at: datetime
    current: bool


class SessionList(Page):
    """Devices, the newest first."""

    items: list[SessionRead]
