"""The captured mails and SMS, in the demonstration only."""

from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool

from api.core.routing import router as new_router
from api.core.settings import Settings, SettingsDep
from api.demo.people import sign_ins

router = new_router("/demo", tag="demo")
NEWEST = 100


def _newest(settings: Settings) -> list[dict[str, Any]]:
    files = sorted(settings.mailbox.glob("*.json"), key=lambda f: f.stat().st_mtime, reverse=True)[:NEWEST]
    return [orjson.loads(f.read_bytes()) for f in files]


@router.get("/messages", include_in_schema=False)
async def list_demo_messages(settings: SettingsDep) -> dict[str, list[dict[str, Any]]]:
    """The newest captured messages."""
    return {"items": await run_in_threadpool(_newest, settings)}


@router.get("/sign-ins", include_in_schema=False)
async def read_demo_sign_ins(settings: SettingsDep) -> dict[str, Any]:
    """Who one can be in the demonstration, with the agent's present code."""
    return await run_in_threadpool(sign_ins, settings)
