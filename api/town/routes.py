"""The town, for everybody."""

from fastapi import Response

from api.core.clock import Now
from api.core.database import DatabaseDep
from api.core.errors import answers
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.outbox.templates import languages
from api.town import queries
from api.town.schemas import PublicNoticeList, TownRead

router = new_router(tag="town")


@router.get("/town")
async def get_town(settings: SettingsDep) -> TownRead:
    """Name, contact, colour and languages of the town."""
    return TownRead(
        name=settings.town,
        contact_email=settings.contact_email,
        colour=settings.colour,
        timezone=settings.timezone,
        languages=languages(),
        demo=settings.demo,
    )


@router.get("/notices", responses=answers(200, PublicNoticeList))
async def list_notices(database: DatabaseDep, language: ReaderLanguage, now: Now) -> Response:
    """What the town has to say now, in the reader's language."""
    statement, values = queries.current(language, now)
    row = await database.fetchrow(statement, *values)
    return Response(row["body"] if row else "{}", media_type="application/json")
