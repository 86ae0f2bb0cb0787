"""The files, in the order in which they point to each other."""

from zoneinfo import ZoneInfo

from api.imports.kinds import activities, children, departures, families, invoice_lines, invoices, mergers
from api.imports.kinds.base import Kind


def all_kinds(zone: ZoneInfo) -> list[Kind]:
    """Each file's kind, in the order to import them."""
    people = [mergers.KIND, families.KIND, children.KIND, departures.KIND]
    return [*people, activities.kind(zone), invoices.KIND, invoice_lines.KIND]


__all__ = ["Kind", "all_kinds"]
