"""The client's address: a proxy's word is taken only from a proxy that the operator named."""

import ipaddress
from typing import Annotated

from fastapi import Depends, Request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: Request) -> Address | None:
    """The caller's address, an IPv4 one also where it came over IPv6's sockets; None when a proxy says nonsense."""
    settings = request.app.state.settings
    trusted = {p.strip() for p in settings.trusted_proxies.split(",") if p.strip()}
    address = request.client.host if request.client else ""
    for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        if address not in trusted or not hop.strip():
            break
        address = hop.strip()
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def is_of_the_house(request: Request) -> bool:
    """Whether a machine of this network asks directly, and not somebody through a proxy."""
    address = client_address(request)
    return address is not None and address.is_private and "x-forwarded-for" not in request.headers


async def client_network(request: Request) -> str:
    """The caller's network, /24 or /64: what the limits by address count."""
    ip = client_address(request)
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False)) if ip else "unknown"


ClientNetwork = Annotated[str, Depends(client_network)]
