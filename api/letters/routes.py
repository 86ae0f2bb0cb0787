"""Batches of letters, for agents who give keys out."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.core.clock import Now
from api.core.database import SessionDep
from api.core.errors import NotFound, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.core.uploads import FILE, attachment
from api.letters import queries, service
from api.letters.schemas import LetterBatchList, LetterBatchRead
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent/letter-batches", tag="agent")
KeysReader = Annotated[Reader, Reads(Scope.AGENT_KEYS)]
KeysAgent = Annotated[Principal, Requires(Scope.AGENT_KEYS)]


@router.get("", responses=answers(200, LetterBatchList))
async def list_letter_batches(caller: KeysReader) -> Response:
    """The newest batches, and how many adults would get a letter now."""
    return await caller.json(queries.LIST)


@router.post("", status_code=202)
async def order_letter_batch(db: SessionDep, caller: KeysAgent) -> LetterBatchRead:
    """Make a key and a letter for every adult who has an address and neither an account nor a key that is good.

    The worker makes one PDF/A, a page a person. The keys stand nowhere else; each asks for the birth date of a child.
    """
    batch = await service.order(db, caller.account_id)
    return LetterBatchRead(
        id=batch.id,
        state=batch.state,
        created_at=batch.created_at,
        finished_at=None,
        by=None,
        total=0,
        made=0,
        problem=None,
        pdf_until=None,
    )


@router.get("/{batch_id}", responses=answers(200, LetterBatchRead, NotFound))
async def get_letter_batch(batch_id: UUID, caller: KeysReader) -> Response:
    """How far a batch is."""
    return await caller.json(queries.ONE, id=batch_id)


@router.get("/{batch_id}/pdf", response_class=Response, responses=FILE | problems(NotFound))
async def get_letter_batch_pdf(
    batch_id: UUID, db: SessionDep, caller: KeysAgent, settings: SettingsDep, now: Now
) -> Response:
    """The letters to print. The PDF is there for a day; that it was taken is written down."""
    pdf = await service.take(db, settings, caller.account_id, batch_id, now)
    return attachment("lettres.pdf", "application/pdf", pdf)


@router.delete("/{batch_id}/pdf", status_code=204, responses=problems(NotFound))
async def delete_letter_batch_pdf(batch_id: UUID, db: SessionDep, caller: KeysAgent, now: Now) -> None:
    """The letters are printed: nobody needs the PDF any more."""
    await service.forget(db, caller.account_id, batch_id, now)
