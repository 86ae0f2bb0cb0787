"""Publik's signature of a request: HMAC of the query string, made by who knows the shared key.

https://doc-publik.entrouvert.com, « Authentification des webservices ».
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote

GOOD_FOR = timedelta(seconds=30)  # either way: two clocks differ
MARK = "&signature="


class BadSignature(Exception):
    """The request is not Publik's, or is too old."""


def check(query: str, key: str, now: datetime) -> None:
    """Raises BadSignature. `query` is as it was sent: order and escapes are part of what is signed."""
    signed, mark, rest = query.rpartition(MARK)
    facts = parse_qs(signed)
    try:
        given = base64.b64decode(unquote(rest), validate=True)
        sent = datetime.fromisoformat(facts["timestamp"][0])
        if facts["algo"] != ["sha256"] or not mark or sent.tzinfo is None:
            raise BadSignature
    except (KeyError, ValueError, binascii.Error) as error:
        raise BadSignature from error
    right = hmac.digest(key.encode(), signed.encode(), hashlib.sha256)
    if not hmac.compare_digest(given, right) or abs(now - sent) > GOOD_FOR:
        raise BadSignature
