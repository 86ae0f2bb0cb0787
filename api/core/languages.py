"""French or English, as `Accept-Language` asks."""

from typing import Annotated, Literal

from fastapi import Depends, Request

Language = Literal["fr", "en"]


def preferred(header: str) -> Language:
    """The first of the header's languages that Foyer speaks, by its weights; French when none is."""
    weighted = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.strip().lower().partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag[:2]))
        except ValueError:
            continue
    return (
        "en"
        if next((tag for _, tag in sorted(weighted, key=lambda w: w[0]) if tag in {"fr", "en"}), "fr") == "en"
        else "fr"
    )


async def language(request: Request) -> Language:
    """The reader's language, for a route."""
    return preferred(request.headers.get("accept-language", ""))


ReaderLanguage = Annotated[Language, Depends(language)]
