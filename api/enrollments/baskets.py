"""Several enrollments at once: each child's all or nothing, or each by itself; siblings together where asked."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from api.activities.models import Activity
from api.core.errors import Problem
from api.enrollments import places, queries, service
from api.enrollments.models import Enrollment, EnrollmentState, NoPlaceLeft
from api.enrollments.schemas import Basket, BasketOutcome, BasketRead, EnrollmentCreate, EnrollmentRead


class WithTheOthers(Problem):
    """It could be done, but another one of the same child could not, and the parent wanted all or nothing."""

    status, code, title = 409, "all-or-nothing", "Not without the others"
    fr = "Rien n'est inscrit pour cet enfant : une autre de ses activités n'était pas possible."
    en = "Nothing is enrolled for this child: another of the activities was not possible."


async def enroll(db: AsyncSession, caller: service.Caller, basket: Basket, language: str) -> BasketRead:
    """Enroll several. What is refused says why and keeps no place; what belongs together is undone together."""
    await queries.lock_children(db, (item.child_id for item in basket.items))
    # In one order for everybody: two baskets with the same activities wait for each other, not in a circle.
    for activity_id in sorted({item.activity_id for item in basket.items}):
        await queries.lock_days(db, activity_id)
    outcomes: dict[int, EnrollmentRead | Problem] = {}
    for part in _parts(basket):
        outcomes |= await _enroll_part(db, caller, basket, part)
    return BasketRead(items=[_told(item, outcomes[n], language) for n, item in enumerate(basket.items)])


def _parts(basket: Basket) -> list[list[int]]:
    """The numbers of the items that stand or fall together when it is all or nothing: of one child, or of siblings together."""
    if basket.mode == "best-effort" or basket.together:
        return [list(range(len(basket.items)))]
    children = dict.fromkeys(item.child_id for item in basket.items)
    return [[n for n, item in enumerate(basket.items) if item.child_id == child] for child in children]


async def _enroll_part(
    db: AsyncSession, caller: service.Caller, basket: Basket, part: list[int]
) -> dict[int, EnrollmentRead | Problem]:
    outcomes: dict[int, EnrollmentRead | Problem] = {}
    attempt = await db.begin_nested()
    for numbers in _by_activity(basket, part):
        outcomes |= await _enroll_siblings(db, caller, basket, numbers)
    if basket.mode == "best-effort" or not any(isinstance(outcome, Problem) for outcome in outcomes.values()):
        await attempt.commit()
        return outcomes
    await attempt.rollback()
    return {n: outcome if isinstance(outcome, Problem) else WithTheOthers() for n, outcome in outcomes.items()}


def _by_activity(basket: Basket, part: list[int]) -> list[list[int]]:
    """Siblings in one activity side by side when they want to be together, else one by one; in the order given."""
    if not basket.together:
        return [[n] for n in part]
    activities = dict.fromkeys(basket.items[n].activity_id for n in part)
    return [[n for n in part if basket.items[n].activity_id == activity] for activity in activities]


async def _enroll_siblings(
    db: AsyncSession, caller: service.Caller, basket: Basket, numbers: list[int]
) -> dict[int, EnrollmentRead | Problem]:
    """Places for all of them, or all on the waiting list as a group; who is refused by a rule is left out."""
    outcomes: dict[int, EnrollmentRead | Problem] = {}
    ready: dict[int, tuple[Enrollment, Activity]] = {}
    for n in numbers:
        try:
            ready[n] = await service.prepare(db, caller, basket.items[n])
        except Problem as refusal:
            outcomes[n] = refusal
    wait = len(ready) > 1 and not await _fit(db, list(ready.values()))
    group_id: UUID | None = uuid4() if len(ready) > 1 else None
    for n, (enrollment, activity) in ready.items():
        enrollment.group_id = group_id
        try:
            async with db.begin_nested():
                overlap = None if wait else await service.find_overlap(db, enrollment, enrollment.days, activity)
                state = EnrollmentState.WAITLISTED if wait else await service.place(db, enrollment, activity, overlap)
                if state is EnrollmentState.WAITLISTED and basket.mode == "all-or-nothing":
                    raise NoPlaceLeft
                outcomes[n] = await service.enter(db, caller, enrollment, activity, state)
        except Problem as refusal:
            outcomes[n] = refusal
    return outcomes


async def _fit(db: AsyncSession, siblings: list[tuple[Enrollment, Activity]]) -> bool:
    """Whether there is a place for each of them on each day, tried and given back; or somebody decides later."""
    if await queries.is_decided_later(db, siblings[0][1]):
        return True
    attempt = await db.begin_nested()
    fit = True
    for enrollment, activity in siblings:
        fit = fit and await places.take(db, activity.id, enrollment.days)
    await attempt.rollback()
    return fit


def _told(item: EnrollmentCreate, outcome: EnrollmentRead | Problem, language: str) -> BasketOutcome:
    refusal = outcome if isinstance(outcome, Problem) else None
    return BasketOutcome(
        child_id=item.child_id,
        activity_id=item.activity_id,
        enrollment=None if isinstance(outcome, Problem) else outcome,
        code=refusal.code if refusal else None,
        detail=refusal.detail(language) if refusal else None,
    )
