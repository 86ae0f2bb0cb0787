"""Finding what people typed, whatever its case and accents, in short lists. (Families by the thousand have an index: find_by_name.)"""

from api.core.schemas import plain

PLAIN = "lower(regexp_replace(normalize({text}, NFKD), '[\u0300-\u036f]', '', 'g'))"  # a text, as it is searched


def pattern(search: str | None) -> str | None:
    """What is typed as a pattern for PLAIN: its words anywhere, in their order; None for nothing."""
    return "%" + "%".join(plain(search).split()) + "%" if search else None
