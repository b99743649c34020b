"""Every SELECT of participants. Other rooms get views and columns, this room's verbs get rows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Bundle, InstrumentedAttribute

from exchange.kernel.identifiers import as_id
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal
from exchange.participants.models import Key, Organisation, PrincipalRow, RoleAssignment
from exchange.participants.view import OrganisationView, view_of
from ledger.log import head
from ledger.log.store import Nonce
from ledger.log.tables import nonce as used_nonce


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A key, whoever holds it, and the states that decide whether the holder may act now."""

    public_key: bytes
    not_before: datetime
    not_after: datetime | None
    revoked_at: datetime | None
    principal_state: str
    organisation_state: str
    organisation_level: str
    principal: Principal


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """The state of a request's key and nonce: where the fence stands, whether the nonce is used, who holds the key."""

    fence: int
    is_used: bool
    holder: KeyHolder | None


def _assigned(column: InstrumentedAttribute[str]) -> ScalarSelect[Any]:
    """One column of the principal's role assignments, as an array."""
    ordered = aggregate_order_by(column, RoleAssignment.role, RoleAssignment.domain)
    return (
        select(func.coalesce(func.array_agg(ordered), cast([], ARRAY(Text))))
        .where(RoleAssignment.principal_id == PrincipalRow.id)
        .scalar_subquery()
    )


# The statements of every request are composed once.
_HOLDER = (
    select(
        Key.id.label("key"),
        Key.public_key,
        Key.not_before,
        Key.not_after,
        Key.revoked_at,
        PrincipalRow.id,
        PrincipalRow.kind,
        PrincipalRow.handle,
        PrincipalRow.state,
        Organisation.id.label("organisation"),
        Organisation.kind.label("organisation_kind"),
        Organisation.state.label("organisation_state"),
        Organisation.level.label("organisation_level"),
        _assigned(RoleAssignment.role).label("roles"),
        _assigned(RoleAssignment.domain).label("domains"),
    )
    .join_from(Key, PrincipalRow, PrincipalRow.id == Key.principal_id)
    .join(Organisation, Organisation.id == PrincipalRow.organisation_id)
    .where(Key.id == bindparam("keyid"))
)
_HOLDER_ROW = _HOLDER.subquery("holder")
_LOOKUP = select(
    head.ROW.c.fence,
    select(used_nonce.c.token).where(used_nonce.c.token == bindparam("token")).exists().label("is_used"),
    *_HOLDER_ROW.c,
).outerjoin_from(head.ROW, _HOLDER_ROW, true())


async def key_holder(session: AsyncSession, keyid: str) -> KeyHolder | None:
    """The holder of a key; None for a key that is not registered."""
    row = (await session.execute(_HOLDER, {"keyid": keyid})).one_or_none()
    return _key_holder(row) if row is not None else None


async def key_lookup(session: AsyncSession, *, keyid: str, nonce: Nonce) -> KeyLookup:
    """Look a request's key and nonce up, in one statement outside a transaction."""
    connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
    row = (await connection.execute(_LOOKUP, {"keyid": keyid, "token": nonce.token})).one()
    return KeyLookup(row.fence, row.is_used, _key_holder(row) if row.key is not None else None)


def _key_holder(row: Any) -> KeyHolder:
    return KeyHolder(
        public_key=row.public_key,
        not_before=row.not_before,
        not_after=row.not_after,
        revoked_at=row.revoked_at,
        principal_state=row.state,
        organisation_state=row.organisation_state,
        organisation_level=row.organisation_level,
        principal=Principal(
            id=row.id,
            kind=row.kind,
            handle=row.handle,
            organisation=row.organisation,
            organisation_kind=row.organisation_kind,
            key=row.key,
            assignments=tuple(zip(row.roles, row.domains, strict=True)),
        ),
    )


async def holder_of(session: AsyncSession, principal_id: UUID) -> KeyHolder | None:
    """A member or system as the holder of its newest key; None if it has no key."""
    statement = select(Key.id).where(Key.principal_id == principal_id).order_by(Key.not_before.desc(), Key.id).limit(1)
    keyid = (await session.execute(statement)).scalar_one_or_none()
    return await key_holder(session, keyid) if keyid is not None else None


class _OrganisationColumns(Bundle[OrganisationView]):
    """The columns of an organisation, read as a view."""

    inherit_cache = True

    def create_row_processor(
        self, _query: Select[Any], procs: Sequence[Callable[[Row[Any]], Any]], _labels: Sequence[str]
    ) -> Callable[[Row[Any]], OrganisationView]:
        """A function that makes the view from a row of the result."""

        def view(row: Row[Any]) -> OrganisationView:
            return OrganisationView(*(process(row) for process in procs))

        return view


_COLUMNS = _OrganisationColumns(
    "organisation", *(getattr(Organisation, field.name) for field in fields(OrganisationView))
)


def organisation_columns() -> Bundle[OrganisationView]:
    """The columns that another room's statement selects to get organisations as views; `.c` has each by its name."""
    return _COLUMNS


def organisations_table() -> FromClause:
    """The table that another room's statement joins to use `organisation_columns`."""
    return Organisation.__table__


async def organisation(session: AsyncSession, organisation_id: UUID) -> OrganisationView:
    """One organisation, for another room or an answer. Raises NotFound."""
    return view_of(await organisation_row(session, organisation_id))


async def organisations_by_ids(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, OrganisationView]:
    """The organisations of these ids, by id."""
    statement = select(Organisation).where(Organisation.id.in_(ids))
    return {row.id: view_of(row) for row in (await session.execute(statement)).scalars()}


async def by_codes(session: AsyncSession, codes: Collection[str]) -> Mapping[str, OrganisationView]:
    """The organisations of these unified social credit codes, in any state, by code."""
    statement = select(Organisation).where(Organisation.code.in_(codes))
    return {row.code: view_of(row) for row in (await session.execute(statement)).scalars()}


async def organisation_ids(session: AsyncSession, text: str) -> Sequence[UUID]:
    """The id of the organisation with this id or handle; empty where there is none."""
    identifier = as_id(text)
    own = Organisation.id == identifier if identifier is not None else Organisation.handle == text
    return (await session.execute(select(Organisation.id).where(own))).scalars().all()


async def organisation_row(
    session: AsyncSession, organisation_id: UUID, *, lock: bool = False, share: bool = False
) -> Organisation:
    """One organisation, perhaps locked against every change (`lock`), or against others' changes (`share`).

    Raises NotFound.
    """
    row = await session.get(Organisation, organisation_id, with_for_update={"read": True} if share else lock)
    if row is None:
        raise NotFound("No organisation has this id; GET /api/v1/organisations lists them.")
    return row


async def organisations(session: AsyncSession, *, after: str = "", limit: int = 100) -> Sequence[Organisation]:
    """Organisations by handle. Every participant sees all of them."""
    statement = select(Organisation).where(Organisation.handle > after).order_by(Organisation.handle).limit(limit)
    return (await session.execute(statement)).scalars().all()


def visible_principals(principal: Principal) -> Select[PrincipalRow]:
    """The members and systems that a principal may see: those of its organisation, or all if it has a role in the exchange."""
    statement = select(PrincipalRow)
    if "exchange" in {domain for _, domain in principal.assignments}:
        return statement
    return statement.where(PrincipalRow.organisation_id == principal.organisation)


async def principal_row(
    session: AsyncSession, principal: Principal, principal_id: UUID, *, lock: bool = False
) -> PrincipalRow:
    """One member or system that the principal may see. Raises NotFound."""
    statement = visible_principals(principal).where(PrincipalRow.id == principal_id)
    row = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("No member or system that you may see has this id.")
    return row


async def principal_ids(session: AsyncSession, principal: Principal, text: str) -> Sequence[UUID]:
    """The id of the member or system with this id, or named `<organisation>/<handle>`, that the principal may see."""
    identifier = as_id(text)
    visible = visible_principals(principal)
    if identifier is not None:
        statement = visible.where(PrincipalRow.id == identifier)
    else:
        owner, _, handle = text.partition("/")
        organisation = select(Organisation.id).where(Organisation.handle == owner).scalar_subquery()
        statement = visible.where(PrincipalRow.organisation_id == organisation, PrincipalRow.handle == handle)
    return [row.id for row in (await session.execute(statement)).scalars()]


async def principal_names(
    session: AsyncSession, principal: Principal, identifiers: Collection[UUID]
) -> dict[UUID, str]:
    """The names `<organisation>/<handle>` of the members and systems among these ids that the principal may see, by id."""
    visible = visible_principals(principal).where(PrincipalRow.id.in_(identifiers)).subquery()
    statement = select(visible.c.id, Organisation.handle, visible.c.handle).join(
        Organisation, Organisation.id == visible.c.organisation_id
    )
    return {identifier: f"{owner}/{handle}" for identifier, owner, handle in await session.execute(statement)}


async def principals_of(session: AsyncSession, principal: Principal, organisation_id: UUID) -> Sequence[PrincipalRow]:
    """The members and systems of an organisation that the principal may see, by handle."""
    statement = visible_principals(principal).where(PrincipalRow.organisation_id == organisation_id)
    return (await session.execute(statement.order_by(PrincipalRow.handle))).scalars().all()


async def own_roles(session: AsyncSession, principals: Collection[PrincipalRow]) -> Mapping[UUID, list[str]]:
    """The roles that each of these members and systems holds in its own organisation, in order."""
    own = {row.id: str(row.organisation_id) for row in principals}
    roles: dict[UUID, list[str]] = {identifier: [] for identifier in own}
    statement = (
        select(RoleAssignment.principal_id, RoleAssignment.role, RoleAssignment.domain)
        .where(RoleAssignment.principal_id.in_(own))
        .order_by(RoleAssignment.role)
    )
    for principal, role, domain in await session.execute(statement):
        if domain == own[principal]:
            roles[principal].append(role)
    return roles


async def key(session: AsyncSession, keyid: str, *, lock: bool = False) -> Key | None:
    """One key."""
    return await session.get(Key, keyid, with_for_update=lock)


async def keys_of(
    session: AsyncSession, principal_id: UUID, *, after: str | None = None, limit: int = 100
) -> Sequence[Key]:
    """The keys of a principal, oldest first; `after` is the last id of the page before."""
    order = (Key.not_before, Key.id)
    own = Key.principal_id == principal_id
    statement = select(Key).where(own).order_by(*order).limit(limit)
    if after is not None:
        last = select(*order).where(own, Key.id == after).subquery()
        statement = statement.where(tuple_(*order) > select(last).scalar_subquery())
    return (await session.execute(statement)).scalars().all()


def _valid(at: datetime) -> ColumnElement[bool]:
    """The keys that are neither revoked nor ended at a time."""
    return and_(
        or_(Key.revoked_at.is_(None), Key.revoked_at > at),
        or_(Key.not_after.is_(None), Key.not_after > at),
    )


async def count_valid_keys(session: AsyncSession, principal_id: UUID, *, at: datetime) -> int:
    """Count the keys of a principal that are valid at a time."""
    statement = select(func.count()).where(Key.principal_id == principal_id, _valid(at))
    return (await session.execute(statement)).scalar_one()


async def has_steward(session: AsyncSession, organisation_id: UUID, *, at: datetime) -> bool:
    """Whether somebody can act as the organisation's steward: active, and with a valid key."""
    statement = (
        select(PrincipalRow.id)
        .join(RoleAssignment, RoleAssignment.principal_id == PrincipalRow.id)
        .join(Key, Key.principal_id == PrincipalRow.id)
        .where(
            RoleAssignment.role == "steward",
            RoleAssignment.domain == str(organisation_id),
            PrincipalRow.state == "active",
            _valid(at),
        )
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def is_held(session: AsyncSession, role: str, domain: str) -> bool:
    """Whether anybody holds a role in a domain, active or suspended."""
    statement = select(RoleAssignment.principal_id).where(RoleAssignment.role == role, RoleAssignment.domain == domain)
    return (await session.execute(statement.limit(1))).first() is not None


async def assignments_of(session: AsyncSession, principal_id: UUID) -> Sequence[tuple[str, str]]:
    """The (role, domain) assignments of a principal."""
    statement = select(RoleAssignment.role, RoleAssignment.domain).where(RoleAssignment.principal_id == principal_id)
    return [(role, domain) for role, domain in await session.execute(statement)]


async def holders(session: AsyncSession) -> Mapping[tuple[str, str], list[str]]:
    """The handles of the active members that hold a role, by its domain and the role, in order."""
    statement = (
        select(RoleAssignment.domain, RoleAssignment.role, PrincipalRow.handle)
        .join(PrincipalRow, PrincipalRow.id == RoleAssignment.principal_id)
        .where(PrincipalRow.state == "active", PrincipalRow.kind == "member")
        .order_by(PrincipalRow.handle)
    )
    handles: dict[tuple[str, str], list[str]] = {}
    for domain, role, handle in await session.execute(statement):
        handles.setdefault((domain, role), []).append(handle)
    return handles


async def roles_in(session: AsyncSession, organisation_id: UUID) -> Mapping[str, list[str]]:
    """The roles held in an organisation, by the handle of each member and system of its own that holds one.

    Their rows are locked, so that nobody gets a further role meanwhile.
    """
    statement = (
        select(PrincipalRow.id, PrincipalRow.handle)
        .where(PrincipalRow.organisation_id == organisation_id)
        .order_by(PrincipalRow.handle)
        .with_for_update()
    )
    handles = {row.id: row.handle for row in await session.execute(statement)}
    held: dict[str, list[str]] = {}
    for principal, role in await session.execute(
        select(RoleAssignment.principal_id, RoleAssignment.role).where(RoleAssignment.domain == str(organisation_id))
    ):
        held.setdefault(handles.get(principal, str(principal)), []).append(role)
    return held


async def assignment(session: AsyncSession, principal_id: UUID, role: str, domain: str) -> RoleAssignment | None:
    """One role assignment."""
    return await session.get(RoleAssignment, (principal_id, role, domain))
