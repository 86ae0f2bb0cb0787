"""An invoice on paper."""

from pathlib import Path
from typing import Any

from api.core import paper

TEMPLATE = Path(__file__).with_name("invoice.typ")


def render(invoice: dict[str, Any], town: str, contact: str) -> bytes:
    """The PDF/A of an invoice as InvoiceRead; about 30 ms of one core, so call it in a thread."""
    return paper.render(TEMPLATE, invoice | {"town": town, "contact": contact})
