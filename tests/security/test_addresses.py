"""Whose attempt it is."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from api.security.addresses import client_network


@pytest.mark.parametrize(
    ("client", "header", "trusted", "network"),
    [
        ("203.0.113.9", "", "", "203.0.113.0/24"),
        ("203.0.113.9", "198.51.100.7", "", "203.0.113.0/24"),
        ("10.0.0.1", "198.51.100.7", "10.0.0.1", "198.51.100.0/24"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", "10.0.0.1", "198.51.100.0/24"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "10.0.0.1,10.0.0.2", "198.51.100.0/24"),
        ("2001:db8:1:2:3::4", "", "", "2001:db8:1:2::/64"),
        ("10.0.0.1", "n'importe quoi", "10.0.0.1", "unknown"),
    ],
)
async def test_a_proxy_is_believed_only_when_the_operator_named_it(
    client: str, header: str, trusted: str, network: str
) -> None:
    """From the last hop backwards, as far as the proxies are known; addresses are counted by /24 and /64."""
    app = SimpleNamespace(state=SimpleNamespace(settings=SimpleNamespace(trusted_proxies=trusted)))
    scope = {
        "type": "http",
        "client": (client, 1),
        "headers": [(b"x-forwarded-for", header.encode())] if header else [],
        "app": app,
    }
    assert await client_network(Request(scope)) == network
