"""The order of a draw: arithmetic alone, so that anybody can do it again.

A unit is an enrollment, or siblings who want to be together. Units are ordered by points, the most first, then by ticket,
the smallest first. The ticket of an enrollment is the SHA-256 of `seed:reference`; siblings share the smallest of theirs
and the most of their points.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Entry:
    """An enrollment in the draw. `unit` is its reference, or that of the first of its siblings."""

    reference: str
    unit: str
    points: int


def digest(seed: str) -> str:
    """What is published of a seed before the draw."""
    return hashlib.sha256(seed.encode()).hexdigest()


def ticket(seed: str, reference: str) -> str:
    """The lot of an enrollment, in hex."""
    return hashlib.sha256(f"{seed}:{reference}".encode()).hexdigest()


def order(seed: str, entries: Iterable[Entry]) -> list[list[Entry]]:
    """The units, the first first; inside a unit by reference."""
    by_unit = sorted(entries, key=lambda one: (one.unit, one.reference))
    units = [list(members) for _, members in groupby(by_unit, key=lambda one: one.unit)]
    return sorted(
        units,
        key=lambda unit: (-max(one.points for one in unit), min(ticket(seed, one.reference) for one in unit)),
    )
