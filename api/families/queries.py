"""Families in the database. A parent's query says which files are theirs; an agent's needs the agent's scope."""

import unicodedata
from uuid import UUID

from sqlalchemy import any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, Sql, found
from api.families.models import Adult, AdultPrivate, Child, Family, FamilyChild, Service, ServiceLink

SERVICE = """json_build_object('slug', s.slug, 'name', CASE WHEN :language = 'en' THEN s.name_en ELSE s.name_fr END,
    'opens', CASE WHEN :language = 'en' THEN s.opens_en ELSE s.opens_fr END,
    'how_to_get', CASE WHEN :language = 'en' THEN s.how_to_get_en ELSE s.how_to_get_fr END,
    'contact_email', s.contact_email, 'scopes', s.scopes, 'attached', {attached})"""
PUBLIC_SERVICES = Sql(
    "SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg("
    + SERVICE.format(attached="NULL").replace(":language", ":language::text")
    + " ORDER BY s.position), '[]'))::text AS body FROM service s"
)
SERVICES = Read(
    "SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg("
    + SERVICE.format(
        attached="EXISTS (SELECT FROM service_link l WHERE l.service_id = s.id AND l.account_id = :viewer AND l.ended_at IS NULL)"
    ).replace(":language", ":language::text")
    + " ORDER BY s.position), '[]'))::text FROM service s"
)

FILES = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object(
        'id', f.id, 'reference', f.reference, 'service', s.slug,
        'label', (SELECT 'Famille ' || string_agg(DISTINCT a.last_name, ' – ') FROM adult a WHERE a.family_id = f.id),
        'adults', (SELECT json_agg(json_build_object('first_name', a.first_name, 'last_name', a.last_name, 'role', a.role,
                       'is_me', a.id = l.adult_id) ORDER BY a.role DESC, a.id) FROM adult a WHERE a.family_id = f.id),
        'children', coalesce((SELECT json_agg(json_build_object('id', c.id, 'reference', c.reference, 'first_name', c.first_name,
                       'last_name', c.last_name, 'birth_date', c.birth_date, 'school', c.school, 'grade', c.grade,
                       'has_pai', c.has_pai, 'diet', c.diet) ORDER BY c.birth_date, c.id)
                     FROM family_child fc JOIN child c ON c.id = fc.child_id WHERE fc.family_id = f.id), '[]'),
        'quotient', json_build_object('value', p.quotient, 'valid_from', p.quotient_from, 'valid_to', p.quotient_to),
        'is_payer', me.is_payer) ORDER BY l.id), '[]'))::text
    FROM service_link l JOIN family f ON f.id = l.family_id JOIN service s ON s.id = f.service_id
    JOIN adult me ON me.id = l.adult_id LEFT JOIN adult_private p ON p.adult_id = me.id
    WHERE l.account_id = :viewer AND l.ended_at IS NULL
""")

KEY_STATE = """CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.used_at IS NOT NULL THEN 'used'
    WHEN k.expires_at <= now() THEN 'expired' ELSE 'issued' END"""
AGENT_ADULTS = f"""(SELECT json_agg(json_build_object('id', a.id, 'reference', a.reference, 'first_name', a.first_name,
        'last_name', a.last_name, 'role', a.role, 'is_payer', a.is_payer, 'birth_date', p.birth_date, 'address', coalesce(p.address, ''),
        'postal_code', coalesce(p.postal_code, ''), 'city', coalesce(p.city, ''), 'phone', p.phone, 'email', p.email,
        'quotient', p.quotient, 'quotient_to', p.quotient_to,
        'key_state', coalesce((SELECT {KEY_STATE} FROM service_key k WHERE k.adult_id = a.id ORDER BY k.id DESC LIMIT 1), 'none'),
        'linked', EXISTS (SELECT FROM service_link l WHERE l.adult_id = a.id AND l.ended_at IS NULL)) ORDER BY a.role DESC, a.id)
    FROM adult a LEFT JOIN adult_private p ON p.adult_id = a.id WHERE a.family_id = f.id)"""
AGENT_CHILDREN = """coalesce((SELECT json_agg(json_build_object('id', c.id, 'reference', c.reference, 'first_name', c.first_name,
        'last_name', c.last_name, 'birth_date', c.birth_date, 'school', c.school, 'grade', c.grade) ORDER BY c.birth_date, c.id)
    FROM family_child fc JOIN child c ON c.id = fc.child_id WHERE fc.family_id = f.id), '[]')"""
# (The first argument of find_by_name is the release before's.)
SEARCH = Read(f"""
    WITH named AS MATERIALIZED (
        SELECT * FROM find_by_name('', :name::text, 100)
    ), found AS (
        SELECT coalesce(f.merged_into, f.id) AS id, 3::real AS score FROM family f WHERE f.reference = :search::text
        UNION ALL SELECT a.family_id, 3 FROM adult a WHERE a.reference = upper(:search)
        UNION ALL SELECT fc.family_id, 3 FROM child c JOIN family_child fc ON fc.child_id = c.id WHERE c.reference = upper(:search)
        UNION ALL SELECT a.family_id, 3 FROM adult_private p JOIN adult a ON a.id = p.adult_id WHERE p.phone = :phone::text
        UNION ALL SELECT a.family_id, 3 FROM adult_private p JOIN adult a ON a.id = p.adult_id WHERE p.email = lower(:search)
        UNION ALL SELECT a.family_id, n.score FROM named n JOIN adult a ON a.id = n.person_id
        UNION ALL SELECT fc.family_id, n.score FROM named n JOIN family_child fc ON fc.child_id = n.person_id
    ), ranked AS (
        SELECT id, max(score) AS score FROM found GROUP BY id
    ), page AS (
        SELECT f.*, r.score, row_number() OVER (ORDER BY r.score DESC, f.id) AS place FROM ranked r JOIN family f ON f.id = r.id
        WHERE :score::real IS NULL OR r.score < :score OR (r.score = :score AND f.id > :after::uuid)
        ORDER BY r.score DESC, f.id LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce((SELECT json_agg(json_build_object('id', f.id, 'reference', f.reference, 'adults', {AGENT_ADULTS},
            'children', {AGENT_CHILDREN}) ORDER BY f.place) FROM page f WHERE f.place <= :limit), '[]'),
        'next_cursor', CASE WHEN (SELECT count(*) FROM page) > :limit THEN (SELECT score || '~' || id FROM page WHERE place = :limit) END)::text
""")
AGENT_FILE = Read(f"""
    SELECT json_build_object('id', f.id, 'reference', f.reference, 'adults', {AGENT_ADULTS}, 'children', {AGENT_CHILDREN},
        'keys', coalesce((SELECT json_agg(json_build_object('id', k.id, 'adult_id', k.adult_id, 'deliver_by', k.deliver_by,
            'state', {KEY_STATE}, 'last_symbols', k.last_symbols, 'created_at', k.created_at, 'expires_at', k.expires_at) ORDER BY k.id DESC)
            FROM service_key k WHERE k.family_id = f.id), '[]'),
        'departed', coalesce((SELECT json_agg(json_build_object('id', c.id, 'first_name', c.first_name, 'last_name', c.last_name,
            'left_at', d.left_at) ORDER BY d.left_at, c.id) FROM child_departure d JOIN child c ON c.id = d.child_id
            WHERE d.family_id = f.id), '[]'))::text
    FROM family old JOIN family f ON f.id = coalesce(old.merged_into, old.id) WHERE old.id = :id::uuid
""")


def search_name(*names: str) -> str:
    """Names as they are searched: lower case, without accents or punctuation, one space between words."""
    plain = "".join(
        c
        for c in unicodedata.normalize("NFKD", " ".join(names).replace("œ", "oe").replace("Œ", "OE"))
        if not unicodedata.combining(c)
    )
    return " ".join("".join(c if c.isalnum() else " " for c in plain.lower()).split())


async def service_by_slug(db: AsyncSession, slug: str) -> Service | None:
    """The service of a name in an address."""
    return await db.scalar(select(Service).where(Service.slug == slug))


async def missing_scope(db: AsyncSession, scope: str) -> str:
    """The verdict on a right that is missing: with the service whose key would grant it."""
    name = await db.scalar(select(Service.name_fr).where(literal(scope) == any_(Service.scopes)).limit(1))
    return f"scope-missing:{name}" if name else "scope-missing"


async def own_adult(db: AsyncSession, account_id: UUID, family_id: UUID | None) -> UUID | None:
    """The adult that an account is in one of its own files; None when the file is not its own."""
    return await db.scalar(
        select(ServiceLink.adult_id)
        .where(ServiceLink.account_id == account_id, ServiceLink.family_id == family_id, ServiceLink.ended_at.is_(None))
        .order_by(ServiceLink.id.desc())
        .limit(1)
    )


async def adult_for_agent(db: AsyncSession, adult_id: UUID) -> tuple[Adult, AdultPrivate | None, Family, Service]:
    """An adult with contacts, file and service, for an agent."""
    row = (
        await db.execute(
            select(Adult, AdultPrivate, Family, Service)
            .join(Family, Family.id == Adult.family_id)
            .join(Service, Service.id == Family.service_id)
            .outerjoin(AdultPrivate, AdultPrivate.adult_id == Adult.id)
            .where(Adult.id == adult_id)
        )
    ).one_or_none()
    return found(row)._tuple()


async def links(db: AsyncSession, family_id: UUID) -> list[ServiceLink]:
    """The accounts that are in a file now; a parent sees only their own."""
    return list(
        await db.scalars(select(ServiceLink).where(ServiceLink.family_id == family_id, ServiceLink.ended_at.is_(None)))
    )


async def service_of(db: AsyncSession, family_id: UUID) -> Service:
    """The service that a file is of."""
    of = select(Service).join(Family, Family.service_id == Service.id).where(Family.id == family_id)
    return (await db.scalars(of)).one()


async def child_in_file(db: AsyncSession, family: str, child: str) -> tuple[UUID, UUID]:
    """A file and a child of it, by the back office's references. Raises NotFound."""
    place = (
        select(FamilyChild.family_id, FamilyChild.child_id)
        .join(Family, func.coalesce(Family.merged_into, Family.id) == FamilyChild.family_id)
        .join(Child, Child.id == FamilyChild.child_id)
        .where(Family.reference == family, Child.reference == child)
    )
    return found((await db.execute(place)).one_or_none())._tuple()


async def first_service(db: AsyncSession) -> Service:
    """The service that everything is of where nothing else is said: Enfance, until a town has another."""
    return (await db.scalars(select(Service).order_by(Service.position).limit(1))).one()


async def live_links(db: AsyncSession, account_id: UUID) -> list[UUID]:
    """The links that an account has now."""
    own = select(ServiceLink.id).where(ServiceLink.account_id == account_id, ServiceLink.ended_at.is_(None))
    return list(await db.scalars(own))


async def lock_live_link(db: AsyncSession, link_id: UUID) -> ServiceLink:
    """Any account's live link, locked, for an agent."""
    live = select(ServiceLink).where(ServiceLink.id == link_id, ServiceLink.ended_at.is_(None))
    return found(await db.scalar(live.with_for_update()))


async def lock_link(db: AsyncSession, account_id: UUID, link_id: UUID) -> ServiceLink:
    """One of one's own live links, locked."""
    own = select(ServiceLink).where(
        ServiceLink.account_id == account_id, ServiceLink.id == link_id, ServiceLink.ended_at.is_(None)
    )
    return found(await db.scalar(own.with_for_update()))
