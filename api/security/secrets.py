"""Secrets: service keys with their check symbol, one-time tokens, and encryption at rest."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32
LENGTH = 11  # symbols of 5 bits, before the check symbol
PEPPER_ID = b"foyer-service-key-1"  # changes with the pepper
MARK, NONCE = 8, 12  # bytes: which key, and what makes each encryption another (NIST SP 800-38D)
_VALUE = {symbol: i for i, symbol in enumerate(ALPHABET)}


def _times_two(value: int) -> int:
    """A product by x in GF(32) = GF(2)[x] / (x^5 + x^2 + 1)."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value


def _weighted_sum(values: list[int]) -> int:
    """The sum of x^(i+1) * value_i, by Horner; x has order 31, so all weights of 12 places differ and none is 0."""
    total = 0
    for value in reversed(values):
        total = _times_two(total ^ value)
    return total


def check_symbol(body: str) -> str:
    """The symbol that completes 11: it catches every single error and every swap of two places.

    The whole word satisfies: check = sum of x^(i+1) * symbol_i over GF(32).
    """
    return ALPHABET[_weighted_sum([_VALUE[c] for c in body])]


def new_service_key() -> str:
    """A service key as it is shown, `K7QM-2XDP-9RTF`: 55 random bits and the check symbol."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    whole = body + check_symbol(body)
    return "-".join(whole[i : i + 4] for i in (0, 4, 8))


def read_service_key(typed: str) -> str | None:
    """The 12 symbols of a key however it was typed; None when it cannot be one (a typing error)."""
    text = "".join(c for c in typed.upper() if not c.isspace() and c not in "-‐‑‒–—−_.·")
    text = text.translate(str.maketrans("OIL", "011"))
    if len(text) != LENGTH + 1 or any(c not in _VALUE for c in text) or check_symbol(text[:-1]) != text[-1]:
        return None
    return text


def hash_service_key(key: str, pepper: str) -> bytes:
    """Argon2id(key, pepper): the salt is fixed for a pepper, so that one look-up in a unique index finds the key."""
    peppered = hmac.digest(pepper.encode(), key.encode(), "sha256")
    return hash_secret_raw(peppered, hashlib.sha256(PEPPER_ID).digest()[:16], 2, 19456, 1, 32, Type.ID)


def new_token() -> str:
    """256 random bits, for a link."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What is stored of a token that is random enough to need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def keyed(pepper: str, *parts: str) -> bytes:
    """A keyed digest: the name of a counter, or a token that only we can make."""
    return hmac.digest(pepper.encode(), "\0".join(parts).encode("utf-8", "surrogatepass"), "sha256")


def urlsafe(value: bytes) -> str:
    """Bytes as text for a token."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def encrypt(keys: Sequence[str], text: str) -> str:
    """Text that the database may hold but not read."""
    return base64.urlsafe_b64encode(encrypt_bytes(keys, text.encode())).decode()


def decrypt(keys: Sequence[str], stored: str) -> str | None:
    """The text again; None when none of the keys is the one it was encrypted with, or it is no such text."""
    try:
        content = decrypt_bytes(keys, base64.urlsafe_b64decode(stored))
    except ValueError:
        return None
    return content.decode() if content is not None else None


def encrypt_bytes(keys: Sequence[str], content: bytes) -> bytes:
    """A file that the database may hold but not read: AES-256-GCM with the first of the keys, whose mark stands before it."""
    mark, nonce = _mark(keys[0]), secrets.token_bytes(NONCE)
    return mark + nonce + AESGCM(_aes_key(keys[0])).encrypt(nonce, content, mark)


def decrypt_bytes(keys: Sequence[str], stored: bytes) -> bytes | None:
    """The file again; None when none of the keys is the one it was encrypted with, or it was changed."""
    mark, nonce, hidden = stored[:MARK], stored[MARK : MARK + NONCE], stored[MARK + NONCE :]
    try:
        key = next(key for key in keys if _mark(key) == mark)
        return AESGCM(_aes_key(key)).decrypt(nonce, hidden, mark)
    except (StopIteration, InvalidTag, ValueError):
        return None


def is_of(key: str, stored: bytes) -> bool:
    """Whether something was encrypted with this key."""
    return stored[:MARK] == _mark(key)


def _mark(key: str) -> bytes:
    """What tells a key without telling anything of it."""
    return hashlib.sha256(b"mark\0" + key.encode()).digest()[:MARK]


def _aes_key(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
