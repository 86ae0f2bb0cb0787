"""The services, and the family files of the caller."""

from typing import Annotated

from fastapi import Request, Response

from api.core.database import DatabaseDep
from api.core.errors import answers
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.families import queries
from api.families.schemas import FamilyList, ServiceList
from api.security.principal import NotSignedIn, Reader, Reads, claims_of
from api.security.scopes import Scope

router = new_router(tag="families")
FamilyReader = Annotated[Reader, Reads(Scope.FAMILY_READ)]


@router.get("/services", responses=answers(200, ServiceList, NotSignedIn))
async def list_services(request: Request, database: DatabaseDep, language: ReaderLanguage) -> Response:
    """The services that give out keys. Public; signed in, it also says which are attached."""
    if "authorization" in request.headers:
        claims = claims_of(request)
        caller = Reader(claims.account_id, claims.session_id, claims.version, Scope.ACCOUNT_READ, database)
        return await caller.json(queries.SERVICES, language=language)
    row = await database.fetchrow(queries.PUBLIC_SERVICES.text, language)
    return Response(row["body"] if row else None, media_type="application/json")


@router.get("/family", responses=answers(200, FamilyList))
async def list_families(caller: FamilyReader) -> Response:
    """Every family file that the caller holds a key to: children, adults, one's own quotient."""
    return await caller.json(queries.FILES)
