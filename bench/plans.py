"""The hot reads, and what PostgreSQL does for them. A test refuses a sequential scan; `bench.growth` keeps the plans of a large town."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from api.accounts import queries as accounts
from api.activities import queries as activities
from api.core.clock import utcnow
from api.core.database import Read
from api.enrollments import queries as enrollments
from api.families import queries as families
from api.household import queries as household
from api.invoices import queries as invoices
from api.security.scopes import Scope

# A few rows each, whatever the size of the town: reading them through is right. (Activities: a school year's.)
SMALL = {"service", "role", "activity", "activity_day", "activity_draw"}
HOT: dict[str, tuple[Read, Scope]] = {
    "GET /me": (accounts.PROFILE, Scope.ACCOUNT_READ),
    "GET /household/members": (household.PAGE, Scope.HOUSEHOLD_READ),
    "GET /family": (families.FILES, Scope.FAMILY_READ),
    "GET /invoices": (invoices.PAGE, Scope.INVOICES_READ),
    "GET /invoices/{id}": (invoices.ONE, Scope.INVOICES_READ),
    "GET /activities": (activities.PAGE, Scope.ENROLLMENTS_READ),
    "GET /enrollments": (enrollments.PAGE, Scope.ENROLLMENTS_READ),
    "GET /agent/families?search=": (families.SEARCH, Scope.AGENT_FAMILIES),
}


@dataclass(frozen=True)
class Caller:
    """Who asks, of what."""

    account_id: UUID
    session_id: UUID
    version: int = 1
    child_id: UUID | None = None
    invoice_id: UUID | None = None
    name: str = "souza"

    def values(self, read: Read, scope: Scope) -> list[object]:
        """The arguments of a read, as its route would give them."""
        now = utcnow()
        given: dict[str, object] = dict.fromkeys(read.names)
        given |= {"viewer": self.account_id, "session": self.session_id, "version": self.version, "scope": scope.value}
        given |= {
            "now": now,
            "today": now.date(),
            "town": "",
            "child": self.child_id,
            "id": self.invoice_id,
            "limit": 25,
        }
        given |= {"search": self.name, "name": families.search_name(self.name), "phone": ""}
        return read.values(given)


# As if every table that grows had so many rows; the owner's to do, in a transaction that is rolled back.
GROWN = """UPDATE pg_class SET reltuples = 1000000, relpages = greatest(relpages, 1) WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND relname <> ALL ($1::text[])"""


async def explain(connection: "asyncpg.Connection[Any]", caller: Caller, read: Read, scope: Scope, how: str) -> str:
    """The plan of a read; `how` is EXPLAIN's options."""
    rows = await connection.fetch(f"EXPLAIN ({how}, COSTS OFF) {read.text}", *caller.values(read, scope))
    return "\n".join(row[0] for row in rows)


def scanned(plan: str) -> set[str]:
    """What a plan reads through, by itself or along an index without a condition, although it grows with the town."""
    nodes = re.split(r"\n(?=\s*(?:->|SubPlan|InitPlan|CTE))", plan)
    scan = re.compile(r"(?:Seq Scan|Index (?:Only )?Scan(?: Backward)? using \w+|Bitmap Index Scan) on (\w+)")
    through = (scan.search(node) for node in nodes)
    return {found[1] for found in through if found and "Index Cond" not in found.string} - SMALL
