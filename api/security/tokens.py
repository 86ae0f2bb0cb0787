"""Access tokens: JWT of RFC 9068, ES256, 5 minutes. The only importer of jose."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import serialization
from jose import jwk, jwt
from jose.exceptions import JOSEError

LIFETIME = 300  # seconds
AUDIENCE = "foyer-api"
REMEMBERED = 4096  # verified tokens kept by their hash until they expire
REQUIRED = {f"require_{claim}": True for claim in ("exp", "aud", "iss", "sub", "iat", "jti")} | {
    "verify_at_hash": False,
    "leeway": 0,
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says."""

    account_id: UUID
    session_id: UUID
    version: int  # the account's authorization version when it was made
    scopes: frozenset[str]
    expires: int  # Unix seconds


class InvalidAccessToken(Exception):
    """Not ours, altered, expired, or of another kind."""


class Tokens:
    """Makes and verifies access tokens with one key."""

    def __init__(self, private_pem: str, issuer: str) -> None:
        self.issuer = issuer
        key: Any = serialization.load_pem_private_key(private_pem.encode(), None)
        public_pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        # Prebuilt: 72 µs a verification instead of 152.
        self._private, self._public = jwk.construct(private_pem, "ES256"), jwk.construct(public_pem, "ES256")
        self.kid = hashlib.sha256(public_pem).hexdigest()[:16]
        self._known: OrderedDict[bytes, Claims] = OrderedDict()

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        public = {name: v.decode() if isinstance(v, bytes) else v for name, v in self._public.to_dict().items()}
        return {"keys": [public | {"kid": self.kid, "use": "sig"}]}

    def issue(self, claims: Claims, client: str, now: int) -> str:
        """An access token; `claims.expires` is ignored, it lives LIFETIME from `now` (Unix seconds)."""
        body = {
            "iss": self.issuer,
            "sub": str(claims.account_id),
            "aud": AUDIENCE,
            "exp": now + LIFETIME,
            "iat": now,
            "jti": uuid4().hex,
            "client_id": client,
            "scope": " ".join(sorted(claims.scopes)),
            "sid": str(claims.session_id),
            "av": claims.version,
        }
        token: str = jwt.encode(body, self._private, algorithm="ES256", headers={"typ": "at+jwt", "kid": self.kid})
        return token

    def verify(self, token: str, now: float) -> Claims:
        """The claims; a token verified before is remembered by its hash until it expires. Raises InvalidAccessToken."""
        digest = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        claims = self._known.get(digest)
        if claims is None:
            claims = self._verify(token)
            self._known[digest] = claims
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if claims.expires <= now:
            self._known.pop(digest, None)
            raise InvalidAccessToken
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
            # Our own key is looked up by us: no key, address or algorithm of the header is ever used.
            if header.get("typ") != "at+jwt" or header.get("kid") != self.kid or header.get("alg") != "ES256":
                raise InvalidAccessToken
            body = jwt.decode(
                token, self._public, algorithms=["ES256"], audience=AUDIENCE, issuer=self.issuer, options=REQUIRED
            )
            return Claims(
                UUID(body["sub"]),
                UUID(body["sid"]),
                int(body["av"]),
                frozenset(body["scope"].split()),
                int(body["exp"]),
            )
        except (JOSEError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
            raise InvalidAccessToken from None
