"""The outside: an SMTP server, an SMS gateway, or the captured mailbox when neither is configured."""

import json
import os
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
import httpx2

from api.core.clock import utcnow
from api.core.settings import Settings

TIMEOUT = 20  # seconds


class Refused(Exception):
    """The other side will never take this message: a dead letter."""


class Unreachable(Exception):
    """The other side may take it later."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to leave. `reference` is the outbox id: a message sent twice carries it twice."""

    reference: str
    to: str
    subject: str
    body: str


class Mailer:
    """Sends one mail; the Message-ID is the reference."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def send(self, letter: Letter) -> None:
        """Raises Refused or Unreachable."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.settings.mail_from, letter.to, letter.subject
        domain = parseaddr(self.settings.mail_from)[1].partition("@")[2] or "localhost"
        message["Message-ID"], message["Date"] = f"<{letter.reference}@{domain}>", formatdate()
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body, cte="quoted-printable")
        url = urlsplit(self.settings.mail_url)
        try:
            await aiosmtplib.send(
                message,
                hostname=url.hostname,
                port=url.port or (465 if url.scheme == "smtps" else 587 if url.username else 25),
                username=unquote(url.username) if url.username else None,
                password=unquote(url.password) if url.password else None,
                use_tls=url.scheme == "smtps",
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refusal.code for refusal in error.recipients]
            raise (Refused if all(c >= 500 for c in codes) else Unreachable)(f"SMTP {codes}") from None
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Unreachable(f"SMTP sign-in refused: {error.code}") from None  # the operator will mend it
        except aiosmtplib.SMTPResponseException as error:
            raise (Refused if error.code >= 500 else Unreachable)(f"SMTP {error.code}") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(type(error).__name__) from None


class SmsGateway:
    """Sends one SMS as JSON `{to, text, sender, reference}`: the generic gateway."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def send(self, letter: Letter) -> None:
        """Raises Refused (a 4xx that waiting does not cure) or Unreachable."""
        body = {"to": letter.to, "text": letter.body, "sender": self.settings.sms_sender, "reference": letter.reference}
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
                answer = await client.post(self.settings.sms_url, json=body)
        except httpx2.HTTPError as error:
            raise Unreachable(type(error).__name__) from None
        if answer.is_success:
            return
        permanent = answer.is_client_error and answer.status_code not in {401, 403, 408, 425, 429}
        raise (Refused if permanent else Unreachable)(f"HTTP {answer.status_code}")


class CapturedMailbox:
    """Keeps messages as files for whoever has no server yet: the newest can be read at /demo in the demonstration."""

    def __init__(self, settings: Settings, channel: str) -> None:
        self.folder, self.channel = settings.mailbox, channel

    async def send(self, letter: Letter) -> None:
        """One JSON file a message, named by its reference, so that sending twice keeps one."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {
            "id": letter.reference,
            "channel": self.channel,
            "to": letter.to,
            "subject": letter.subject,
            "body": letter.body,
            "sent_at": utcnow().isoformat(),
        }
        part = self.folder / f".{letter.reference}"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
        part.rename(self.folder / f"{letter.reference}.json")


def transports(settings: Settings) -> dict[str, Mailer | SmsGateway | CapturedMailbox]:
    """The way out of each channel."""
    return {
        "email": Mailer(settings) if settings.mail_url else CapturedMailbox(settings, "email"),
        "sms": SmsGateway(settings) if settings.sms_url else CapturedMailbox(settings, "sms"),
    }
