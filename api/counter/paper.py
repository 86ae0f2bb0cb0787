"""The letter of an account that was opened at the counter."""

import io
import json
from datetime import datetime
from pathlib import Path

import segno
import typst

from api.core.settings import Settings

TEMPLATE = Path(__file__).with_name("activation.typ")


def render(settings: Settings, *, name: str, login: str, link: str, now: datetime, until: datetime) -> bytes:
    """One page, PDF/A."""
    square = io.BytesIO()
    segno.make(link, error="m").save(square, kind="svg", xmldecl=False, border=2)
    data = {
        "town": settings.town,
        "hall": settings.town_hall,
        "contact": settings.contact_email,
        "address": settings.address,
        "name": name,
        "login": login,
        "link": link,
        "square": square.getvalue().decode(),
        "day": f"{now.astimezone(settings.zone):%d/%m/%Y}",
        "until": f"{until.astimezone(settings.zone):%d/%m/%Y}",
    }
    pdf: bytes = typst.compile(
        str(TEMPLATE), format="pdf", sys_inputs={"data": json.dumps(data)}, pdf_standards=["a-2b"]
    )
    return pdf
