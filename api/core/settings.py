"""Settings: environment variables `FOYER_…`, typed, listed by `foyer settings`."""

import json
import os
import secrets
from collections.abc import Callable
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, Request
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.core.operators import Refused

PROJECT = Path(__file__).resolve().parents[2]


class ConfigurationError(Refused):
    """The operator must change something before Foyer can start; the message says what."""


class Secrets(BaseModel):
    """What must never be in the database: the signing key and the three peppers."""

    signing_key: str = Field(description="EC P-256 private key, PEM")
    key_pepper: str = Field(min_length=32, description="joins every service key before it is hashed")
    token_pepper: str = Field(min_length=32, description="makes refresh tokens and the names of counters")
    encryption_key: str = Field(min_length=32, description="encrypts second factors and unsent secrets at rest")
    former_encryption_keys: list[str] = Field([], description="what was encrypted before the key changed is read with")

    @property
    def encryption_keys(self) -> list[str]:
        """The one to encrypt with, then those to read with as well."""
        return [self.encryption_key, *self.former_encryption_keys]

    @classmethod
    def make(cls) -> Self:
        """New secrets, as the first start of an installation without an external database makes them."""
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(
            signing_key=pem.decode(),
            key_pepper=secrets.token_urlsafe(32),
            token_pepper=secrets.token_urlsafe(32),
            encryption_key=secrets.token_urlsafe(32),
        )


class Settings(BaseSettings):
    """Everything an operator can set, each as FOYER_ and its name."""

    model_config = SettingsConfigDict(env_prefix="FOYER_", extra="ignore", frozen=True)

    database_url: str = Field("", description="postgresql://user:pass@host/name; empty: an embedded PostgreSQL")
    data_dir: Path = Field(PROJECT / "var", description="embedded database, captured messages, made secrets")
    public_url: str = Field("", description="the address people type; empty: http://localhost:PORT")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="the port to listen on")
    secret_file: Path | None = Field(None, description="JSON of the secrets; made by itself with the embedded database")
    mail_url: str = Field("", description="smtp://user:pass@host:587 or smtps://…; empty: the captured mailbox")
    mail_from: str = Field("Espace citoyens <espace-citoyens@ville-cayenne.fr>", description="sender of the mails")
    sms_url: str = Field("", description="https://… gateway that takes {to, text, sender, reference}; empty: captured")
    sms_sender: str = Field("Cayenne", max_length=11, description="sender shown by the phone")
    timezone: str = Field("America/Cayenne", description="the town's time zone")
    town: str = Field("Cayenne", description="the town's name")
    town_hall: str = Field("", description="the town hall's postal address, in the legal notice")
    hosting: str = Field("", description="who hosts the portal: name, address, phone, as the legal notice must say")
    colour: str = Field(
        "#0b5d5b", pattern="^#[0-9a-fA-F]{6}$", description="the town's colour, dark enough for white text"
    )
    phone_region: str = Field("GF", description="region of phone numbers typed without +")
    contact_email: str = Field("espace-citoyens@ville-cayenne.fr", description="where parents can write")
    trusted_proxies: str = Field("", description="addresses, comma-separated, whose X-Forwarded-For is believed")
    cors_origins: str = Field("", description="exact origins, comma-separated, of other web applications")
    webhook_networks: str = Field(
        "", description="networks, comma-separated (10.0.0.0/8), that webhooks may reach although they are not public"
    )
    publik_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="the key that the portal Publik signs its requests with; without it /publik is off",
    )
    pool_size: int = Field(
        10, ge=1, le=100, description="database connections of a process, for reads and for writes each"
    )
    demo: bool = Field(False, description="set by `foyer demo`: captured messages can be read at /demo")

    @field_validator("database_url")
    @classmethod
    def only_postgresql(cls, value: str) -> str:
        """Every spelling of a PostgreSQL address, in the one that asyncpg reads."""
        scheme, _, rest = value.partition("://")
        if value and scheme not in {"postgresql", "postgres", "postgresql+asyncpg"}:
            raise ValueError("only PostgreSQL 15 or newer is supported: postgresql://user:password@host/database")
        return f"postgresql://{rest}" if value else ""

    @field_validator("colour")
    @classmethod
    def readable_colour(cls, value: str) -> str:
        """White text on it can be read: a contrast of 4.5 or more (WCAG 2.2, 1.4.3)."""
        channels = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        if 1.05 / (luminance + 0.05) < 4.5:
            raise ValueError(f"{value} is too light: white text on it could not be read. Choose a darker one")
        return value

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        """A zone of the IANA database."""
        try:
            ZoneInfo(value)
        except (KeyError, ValueError):
            raise ValueError(f"{value} is not a time zone of the IANA database, such as America/Cayenne") from None
        return value

    @field_validator("webhook_networks")
    @classmethod
    def known_networks(cls, value: str) -> str:
        """Networks in CIDR form."""
        for network in (n.strip() for n in value.split(",") if n.strip()):
            try:
                ip_network(network)
            except ValueError:
                raise ValueError(f"{network} is not a network such as 10.0.0.0/8") from None
        return value

    @property
    def address(self) -> str:
        """The address people type, without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def zone(self) -> ZoneInfo:
        """The town's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def mailbox(self) -> Path:
        """Where mails and SMS are captured when no server is configured."""
        return self.data_dir / "messages"

    @property
    def secrets_path(self) -> Path:
        """Where the secrets are."""
        return self.secret_file or self.data_dir / "secrets.json"

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets of FOYER_SECRET_FILE, or those made at the first start beside the embedded database.

        Raises ConfigurationError with an external database and no file: a secret made on one machine would not be
        there on the next, and every key and session with it.
        """
        path = self.secrets_path
        if not path.exists():
            if self.secret_file or self.database_url:
                raise ConfigurationError(
                    f"The secrets are missing ({path}). Make them once with `foyer secrets FILE`, keep a copy in a safe "
                    "place, and set FOYER_SECRET_FILE to that file."
                )
            write_secrets(path)
        try:
            return Secrets.model_validate_json(path.read_text())
        except (ValidationError, OSError) as error:
            raise ConfigurationError(f"The secrets in {path} cannot be read: {type(error).__name__}.") from None


def write_secrets(path: Path) -> None:
    """Make new secrets in a file that only its owner can read; an existing file is never replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(Secrets.make().model_dump(), file, indent=1)


def change_secrets(path: Path, change: Callable[[Secrets], Secrets]) -> Secrets:
    """Replace the secrets of a file by others, at once and never by half."""
    changed = change(Secrets.model_validate_json(path.read_text()))
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(changed.model_dump(), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    return changed


def load_settings() -> Settings:
    """The settings of the environment; raises ConfigurationError that names the variable and what it may be."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"FOYER_{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise ConfigurationError("\n".join(lines)) from None


async def get_settings(request: Request) -> Settings:
    """The application's settings, for a route."""
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(get_settings)]
