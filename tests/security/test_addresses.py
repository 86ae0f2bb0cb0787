"""Whose attempt it is."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from api.security.addresses import client_network, is_of_the_house


@pytest.mark.parametrize(
    ("client", "header", "trusted", "network"),
    [
        ("203.0.113.9", "", "", "203.0.113.0/24"),
        ("203.0.113.9", "198.51.100.7", "", "203.0.113.0/24"),
        ("10.0.0.1", "198.51.100.7", "10.0.0.1", "198.51.100.0/24"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", "10.0.0.1", "198.51.100.0/24"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "10.0.0.1,10.0.0.2", "198.51.100.0/24"),
        ("2001:db8:1:2:3::4", "", "", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", "", "203.0.113.0/24"),
        ("10.0.0.1", "n'importe quoi", "10.0.0.1", "unknown"),
    ],
)
async def test_a_proxy_is_believed_only_when_the_operator_named_it(
    client: str, header: str, trusted: str, network: str
) -> None:
    """From the last hop backwards, as far as the proxies are known; addresses are counted by /24 and /64."""
    assert await client_network(asked(client, header, trusted)) == network


@pytest.mark.parametrize(
    ("client", "header", "trusted", "here"),
    [
        ("127.0.0.1", "", "", True),
        ("10.20.30.40", "", "", True),
        ("fd00::7", "", "", True),
        ("8.8.8.8", "", "", False),
        ("::ffff:8.8.8.8", "", "", False),
        ("10.0.0.1", "8.8.8.8", "10.0.0.1", False),
        ("10.0.0.1", "10.0.0.2", "", False),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1", False),
        ("un nom", "", "", False),
    ],
)
def test_only_who_asks_directly_from_a_private_network_is_of_the_house(
    client: str, header: str, trusted: str, here: bool
) -> None:
    """Nobody from outside, and nobody through a proxy, whatever it says."""
    assert is_of_the_house(asked(client, header, trusted)) is here


def asked(client: str, header: str, trusted: str) -> Request:
    """A request as it arrives."""
    app = SimpleNamespace(state=SimpleNamespace(settings=SimpleNamespace(trusted_proxies=trusted)))
    headers = [(b"x-forwarded-for", header.encode())] if header else []
    return Request({"type": "http", "client": (client, 1), "headers": headers, "app": app})
