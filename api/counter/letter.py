"""The letter of an account that was opened at the counter."""

from datetime import datetime
from pathlib import Path

from api.core import paper
from api.core.settings import Settings

TEMPLATE = Path(__file__).with_name("activation.typ")


def render(settings: Settings, *, name: str, login: str, link: str, now: datetime, until: datetime) -> bytes:
    """One page, PDF/A."""
    data = {
        "town": settings.town,
        "hall": settings.town_hall,
        "contact": settings.contact_email,
        "address": settings.address,
        "name": name,
        "login": login,
        "link": link,
        "square": paper.square(link),
        "day": f"{now.astimezone(settings.zone):%d/%m/%Y}",
        "until": f"{until.astimezone(settings.zone):%d/%m/%Y}",
    }
    return paper.render(TEMPLATE, data)
