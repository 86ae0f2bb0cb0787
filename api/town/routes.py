"""The town, for everybody."""

from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.outbox.templates import languages
from api.town.schemas import TownRead

router = new_router("/town", tag="town")


@router.get("")
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
