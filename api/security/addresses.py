"""The client's address: a proxy's word is taken only from a proxy that the operator named."""

import ipaddress
from typing import Annotated

from fastapi import Depends, Request


async def client_network(request: Request) -> str:
    """The caller's network, /24 or /64: what the limits by address count."""
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
        return "unknown"
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False))


ClientNetwork = Annotated[str, Depends(client_network)]
