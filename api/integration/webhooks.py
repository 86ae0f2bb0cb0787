"""Webhooks after the Standard Webhooks specification 1.0: signed, tried again for three days, never into the town's own network.

A webhook's address comes from outside: its host is looked up here, every address must be one of the public Internet
(or of a network that the operator named), and the connection goes to the very address that was looked at.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import secrets as system_secrets
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import orjson
import structlog
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.clock import utcnow
from api.core.database import Database
from api.core.errors import InvalidField
from api.core.settings import Settings
from api.integration import queries
from api.integration.models import Delivery, DeliveryState, Webhook
from api.integration.schemas import WebhookAdded, WebhookTried
from api.security import secrets

TIMEOUT = 10.0  # seconds
BATCH = 20
LEASE = timedelta(seconds=60)
MOST = 10  # webhooks of a client
# The waits that the specification proposes; the last try is three days and a bit after the first.
WAITS = [timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)]
ENTER = text("""
    INSERT INTO webhook_delivery (webhook_id, event_number)
    SELECT w.id, e.number FROM webhook w JOIN integration_event e ON e.number > w.entered_until
    WHERE w.disabled_at IS NULL
    ON CONFLICT DO NOTHING
""")
ENTERED = text("""
    UPDATE webhook SET entered_until = (SELECT coalesce(max(number), 0) FROM integration_event)
    WHERE disabled_at IS NULL AND entered_until < (SELECT coalesce(max(number), 0) FROM integration_event)
""")
CLAIM = text("""
    UPDATE webhook_delivery d SET leased_until = :now + CAST(:lease AS interval), attempts = attempts + 1
    FROM webhook w WHERE w.id = d.webhook_id AND d.id IN (
        SELECT d.id FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id
        WHERE d.state = 'pending' AND d.next_attempt_at <= :now AND (d.leased_until IS NULL OR d.leased_until < :now)
            AND w.disabled_at IS NULL
        ORDER BY d.next_attempt_at, d.event_number LIMIT :batch FOR UPDATE OF d SKIP LOCKED)
    RETURNING d.id, d.attempts, d.event_number, w.url, w.secrets
""")
log = structlog.get_logger("foyer.webhooks")


class Forbidden(Exception):
    """The address is not one that a webhook may reach."""


class UrlRefused(InvalidField):
    """The address of a webhook cannot be taken."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__("/url", "url", fr, en)


def new_secret() -> str:
    """A signing key of 256 bits, in the specification's form."""
    return "whsec_" + base64.b64encode(system_secrets.token_bytes(32)).decode()


def signatures(keys: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """One signature a live secret: who verifies with either of two is satisfied."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(base64.b64decode(key.removeprefix("whsec_")), signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


async def reachable(url: str, settings: Settings) -> tuple[str, str]:
    """The host of an address and the one IP to connect to. Raises Forbidden."""
    parts = urlsplit(url)
    allowed = [ipaddress.ip_network(n.strip()) for n in settings.webhook_networks.split(",") if n.strip()]
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username or parts.password:
        raise Forbidden
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Forbidden from None
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        named = any(address in network for network in allowed)
        if not named and (not address.is_global or address.is_multicast or parts.scheme != "https"):
            raise Forbidden
    return parts.hostname, str(addresses[0])


async def add(db: AsyncSession, settings: Settings, client_id: UUID, url: str) -> WebhookAdded:
    """Register an address; events from now on go there. Raises InvalidField."""
    try:
        await reachable(url, settings)
    except (Forbidden, ValueError):
        raise UrlRefused(
            "Cette adresse doit être en https, sur l'Internet public.",
            "This address must be https, on the public Internet.",
        ) from None
    if await queries.count_webhooks(db, client_id) >= MOST:
        raise UrlRefused(f"Un client a {MOST} adresses au plus.", f"A client has {MOST} addresses at most.")
    await queries.number_events(db)
    key = new_secret()
    webhook = Webhook(
        client_id=client_id, url=url, secrets=_hide(settings, [key]), entered_until=await queries.last_number(db)
    )
    db.add(webhook)
    await db.flush()
    return WebhookAdded(id=webhook.id, url=url, secret=key)


async def rotate(settings: Settings, webhook: Webhook) -> WebhookAdded:
    """A new secret; messages are signed with it and with the last one, until the next change."""
    key = new_secret()
    webhook.secrets = _hide(settings, [key, *_keys(settings, webhook.secrets)[:1]])
    return WebhookAdded(id=webhook.id, url=webhook.url, secret=key)


async def try_now(settings: Settings, webhook: Webhook, now: datetime) -> WebhookTried:
    """Send a `webhook.test` at once and say what came back."""
    body = orjson.dumps({"type": "webhook.test", "timestamp": now.isoformat(), "data": {}})
    status, problem = await _send(settings, webhook.url, _keys(settings, webhook.secrets), f"test_{webhook.id}", body)
    return WebhookTried(delivered=status is not None and 200 <= status < 300, status=status, problem=problem)


async def deliver_due(database: Database, settings: Settings) -> None:
    """For the worker: every new event to every webhook, and what failed once its wait is over."""
    async with database.transaction() as db:
        if not await queries.has_webhooks(db):
            return
        await queries.number_events(db)
        await db.execute(ENTER)
        await db.execute(ENTERED)
    now = utcnow()
    async with database.transaction() as db:
        rows = (await db.execute(CLAIM, {"now": now, "lease": LEASE, "batch": BATCH})).all()
        bodies = {row.event_number: await queries.event_body(db, row.event_number) for row in rows}
    await asyncio.gather(*(_deliver(database, settings, row, bodies[row.event_number]) for row in rows))


async def _deliver(database: Database, settings: Settings, row: object, body: bytes) -> None:
    delivery_id, attempts = row.id, row.attempts  # type: ignore[attr-defined] # a row of CLAIM
    keys = _keys(settings, row.secrets)  # type: ignore[attr-defined]
    status, problem = await _send(settings, row.url, keys, f"evt_{row.event_number}", body)  # type: ignore[attr-defined]
    values: dict[str, object] = {"status": status, "problem": problem, "leased_until": None}
    if status is not None and 200 <= status < 300:
        values |= {"state": DeliveryState.DELIVERED, "finished_at": utcnow()}
    elif attempts > len(WAITS):
        values |= {"state": DeliveryState.FAILED, "finished_at": utcnow()}
    else:
        wait = WAITS[attempts - 1]
        values["next_attempt_at"] = utcnow() + wait * (1 + system_secrets.randbelow(100) / 1000)
    async with database.transaction() as db:
        await db.execute(update(Delivery).where(Delivery.id == delivery_id).values(values))


async def _send(
    settings: Settings, url: str, keys: list[str], message_id: str, body: bytes
) -> tuple[int | None, str | None]:
    """The status that came back, or why there is none. Redirections are not followed; the answer's body is not read."""
    timestamp = int(utcnow().timestamp())
    try:
        host, address = await reachable(url, settings)
        parts = urlsplit(url)
        there = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=there if parts.port is None else f"{there}:{parts.port}").geturl()
        headers = {
            "Host": host if parts.port is None else f"{host}:{parts.port}",
            "Content-Type": "application/json",
            "User-Agent": "Foyer-Webhooks/1",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures(keys, message_id, timestamp, body),
        }
        async with (
            asyncio.timeout(TIMEOUT),
            httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False) as client,
            client.stream("POST", target, content=body, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            return answer.status_code, None
    except Forbidden:
        return None, "address-forbidden"
    except TimeoutError:
        return None, "timeout"
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return None, "timeout" if isinstance(error, httpx2.TimeoutException) else "unreachable"


def _hide(settings: Settings, keys: list[str]) -> str:
    return secrets.encrypt(settings.secrets.encryption_keys, orjson.dumps(keys).decode())


def _keys(settings: Settings, hidden: str) -> list[str]:
    shown = secrets.decrypt(settings.secrets.encryption_keys, hidden)
    return list(orjson.loads(shown)) if shown else []
