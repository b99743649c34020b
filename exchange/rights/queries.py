"""Every SELECT of rights."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, any_, cast, delete, exists, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.calendar import queries as calendar
from exchange.calendar.counting import Matter
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading
from exchange.rights.forms.tables import Right
from exchange.rights.lifecycle import PUBLICISED, UNDECIDED
from exchange.rights.models import (
    OutsideCertificate,
    RightsApplication,
    RightsHolding,
    RightsObjection,
    RightsParty,
    RightsRecord,
    RightsSerial,
    RightsStatement,
)

APPLICATION = "rights_application"
RECORD = "rights_record"
IN_FORCE = ("valid", "restricted")


_EXCLUDABLE = ("resale", "export")


@dataclass(frozen=True, slots=True)
class HolderView:
    """An organisation that has a right over a dataset now, by which record, and until which day, included.

    `excluded` are what the registration states as not allowed, of `resale` and `export`.
    """

    organisation: UUID
    record: UUID
    code: str
    until: date
    is_restricted: bool
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CertifiedState:
    """What decides about a record's certificates: its version, whether it is in force, and whether it is restricted."""

    version: int
    is_in_force: bool
    is_restricted: bool


def _party(reading: Reading) -> ColumnElement[bool]:
    """Applications of the principal's organisations, and those that they are a party to; drafts of others for nobody."""
    own = RightsApplication.organisation_id.in_(reading.owners)
    is_party = exists().where(
        RightsParty.application_id == RightsApplication.id, RightsParty.organisation_id.in_(reading.owners)
    )
    if reading.everything:
        return or_(own, is_party, RightsApplication.state.not_in(("draft", "discarded")))
    return or_(own, is_party)


async def applications(
    session: AsyncSession,
    reading: Reading,
    *,
    state: str | None = None,
    dataset: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[RightsApplication]:
    """The applications that a principal may read, by id."""
    statement = select(RightsApplication).where(_party(reading)).order_by(RightsApplication.id).limit(limit)
    if state is not None:
        statement = statement.where(RightsApplication.state == state)
    if dataset is not None:
        statement = statement.where(RightsApplication.dataset_id == dataset)
    if after is not None:
        statement = statement.where(RightsApplication.id > after)
    return (await session.execute(statement)).scalars().all()


async def application(
    session: AsyncSession, reading: Reading, application_id: UUID, *, lock: bool = False
) -> RightsApplication:
    """One application that a principal may read, perhaps locked after its deadlines, as the sweep locks. Raises NotFound."""
    return await _one(session, application_id, _party(reading), lock=lock)


async def publicised(session: AsyncSession, application_id: UUID) -> RightsApplication:
    """An application in publicity, for an objection, locked after its deadlines. Raises NotFound."""
    return await _one(session, application_id, RightsApplication.state.in_(PUBLICISED), lock=True)


async def _one(
    session: AsyncSession, application_id: UUID, condition: ColumnElement[bool], *, lock: bool
) -> RightsApplication:
    statement = select(RightsApplication).where(RightsApplication.id == application_id, condition)
    if lock:
        await calendar.open_rows(session, Matter(APPLICATION, application_id))
        statement = statement.with_for_update()
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "There is no such application, or none that you may see; GET /api/v1/rights/applications lists them."
        )
    return row


async def locked(session: AsyncSession, application_id: UUID) -> RightsApplication:
    """An application, locked. Raises NoResultFound."""
    statement = select(RightsApplication).where(RightsApplication.id == application_id).with_for_update()
    return (await session.execute(statement)).scalar_one()


async def in_publicity(
    session: AsyncSession, *, after: UUID | None, limit: int, is_undisputed: bool = False
) -> Sequence[RightsApplication]:
    """The applications in publicity, perhaps those without an open objection only, by id."""
    states = {"in_publicity"} if is_undisputed else PUBLICISED
    statement = select(RightsApplication).where(RightsApplication.state.in_(states))
    if after is not None:
        statement = statement.where(RightsApplication.id > after)
    return (await session.execute(statement.order_by(RightsApplication.id).limit(limit))).scalars().all()


async def parties(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, list[RightsParty]]:
    """The parties beside the applicant, by application."""
    by_application: dict[UUID, list[RightsParty]] = {each: [] for each in ids}
    statement = select(RightsParty).where(RightsParty.application_id.in_(ids)).order_by(RightsParty.organisation_id)
    for row in (await session.execute(statement)).scalars():
        by_application[row.application_id].append(row)
    return by_application


async def delete_parties(session: AsyncSession, application_id: UUID) -> None:
    """Delete the parties of an application, before its form names others."""
    await session.execute(delete(RightsParty).where(RightsParty.application_id == application_id))


async def statements(
    session: AsyncSession, *, applications: Collection[UUID] = (), records: Collection[UUID] = ()
) -> Mapping[UUID, list[RightsStatement]]:
    """The statements about applications or records, in order, by the id of what they are about."""
    by_id: dict[UUID, list[RightsStatement]] = {each: [] for each in (*applications, *records)}
    about = or_(RightsStatement.application_id.in_(applications), RightsStatement.record_id.in_(records))
    for row in (await session.execute(select(RightsStatement).where(about).order_by(RightsStatement.id))).scalars():
        by_id[row.application_id or row.record_id].append(row)  # type: ignore[index]  # one of them is there
    return by_id


async def objections(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, list[RightsObjection]]:
    """The objections to applications, in order, by application."""
    by_application: dict[UUID, list[RightsObjection]] = {each: [] for each in ids}
    statement = select(RightsObjection).where(RightsObjection.application_id.in_(ids)).order_by(RightsObjection.id)
    for row in (await session.execute(statement)).scalars():
        by_application[row.application_id].append(row)
    return by_application


async def readable_objections(
    session: AsyncSession, reading: Reading, application_id: UUID
) -> Sequence[RightsObjection]:
    """The objections to an application that a principal may read: its organisation's own, and all where it is a party."""
    statement = (
        select(RightsObjection)
        .join(RightsApplication, RightsApplication.id == RightsObjection.application_id)
        .where(
            RightsObjection.application_id == application_id,
            or_(RightsObjection.organisation_id.in_(reading.owners), _party(reading)),
        )
        .order_by(RightsObjection.id)
    )
    return (await session.execute(statement)).scalars().all()


def _in_force(today: date) -> ColumnElement[bool]:
    return and_(RightsRecord.state.in_(IN_FORCE), RightsRecord.valid_until >= today)


async def is_holder(session: AsyncSession, organisation: UUID, dataset: UUID, today: date) -> bool:
    """Whether an organisation has a record in force over a dataset."""
    statement = select(RightsRecord.id).where(
        RightsRecord.organisation_id == organisation, RightsRecord.dataset_id == dataset, _in_force(today)
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def rights_of(session: AsyncSession, organisation: UUID, dataset: UUID, today: date) -> frozenset[str]:
    """The rights that an organisation has over a dataset on a day."""
    statement = (
        select(RightsHolding.right)
        .join(RightsRecord, RightsHolding.record_id == RightsRecord.id)
        .where(RightsRecord.organisation_id == organisation, RightsRecord.dataset_id == dataset, *_held(today))
    )
    return frozenset((await session.execute(statement)).scalars())


def _held(today: date) -> list[ColumnElement[bool]]:
    return [
        _in_force(today),
        RightsHolding.ended_at.is_(None),
        or_(RightsHolding.until.is_(None), RightsHolding.until >= today),
    ]


async def holders_of(session: AsyncSession, dataset: UUID, right: Right, today: date) -> list[HolderView]:
    """Who has a right over a dataset on a day, for other rooms; several may have the same one."""
    statement = (
        select(RightsRecord, RightsHolding.until)
        .join(RightsHolding, RightsHolding.record_id == RightsRecord.id)
        .where(RightsRecord.dataset_id == dataset, RightsHolding.right == right, *_held(today))
        .order_by(RightsRecord.id)
    )
    return [
        HolderView(
            record.organisation_id,
            record.id,
            record.code,
            min(record.valid_until, until or record.valid_until),
            record.state == "restricted",
            frozenset(name for name in _EXCLUDABLE if record.document.get("restrictions", {}).get(name) is False),
        )
        for record, until in await session.execute(statement)
    ]


async def records(
    session: AsyncSession,
    reading: Reading,
    *,
    record: UUID | None = None,
    dataset: UUID | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[RightsRecord]:
    """The records of the principal's organisations, or for who reads everything all, by id."""
    own = true() if reading.everything else RightsRecord.organisation_id.in_(reading.owners)
    statement = select(RightsRecord).where(own).order_by(RightsRecord.id).limit(limit)
    if record is not None:
        statement = statement.where(RightsRecord.id == record)
    if dataset is not None:
        statement = statement.where(RightsRecord.dataset_id == dataset)
    if state is not None:
        statement = statement.where(RightsRecord.state == state)
    if after is not None:
        statement = statement.where(RightsRecord.id > after)
    return (await session.execute(statement)).scalars().all()


async def lock_record(session: AsyncSession, record_id: UUID) -> RightsRecord:
    """A record, locked. The caller decides who may see it. Raises NotFound."""
    statement = select(RightsRecord).where(RightsRecord.id == record_id).with_for_update()
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise no_record()
    return row


async def any_record(session: AsyncSession, record_id: UUID) -> RightsRecord:
    """A record. The caller decides who may see it. Raises NotFound."""
    row = await session.get(RightsRecord, record_id)
    if row is None:
        raise no_record()
    return row


async def records_by_ids(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, RightsRecord]:
    """Records by their ids. The caller decides who may see them."""
    rows = (await session.execute(select(RightsRecord).where(RightsRecord.id.in_(ids)))).scalars()
    return {row.id: row for row in rows}


async def by_code(session: AsyncSession, code: str) -> RightsRecord:
    """The record of a registration code. Raises NotFound."""
    row = (await session.execute(select(RightsRecord).where(RightsRecord.code == code))).scalar_one_or_none()
    if row is None:
        raise NotFound("No record has this code; a registration code has the form QY2026120001.")
    return row


async def certified_states(session: AsyncSession, ids: Sequence[UUID], today: date) -> Mapping[UUID, CertifiedState]:
    """What decides about the certificates of records on a day, by record."""
    statement = select(RightsRecord.id, RightsRecord.version, _in_force(today), RightsRecord.state).where(
        RightsRecord.id == any_(cast(ids, ARRAY(Uuid)))
    )
    return {
        record: CertifiedState(version, is_in_force, state == "restricted")
        for record, version, is_in_force, state in await session.execute(statement)
    }


async def entered_by(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, list[str]]:
    """The codes of the records that the deposits of applications entered, by application."""
    by_application: dict[UUID, list[str]] = {each: [] for each in ids}
    statement = select(RightsRecord.application_id, RightsRecord.code).where(RightsRecord.application_id.in_(ids))
    for application_id, code in await session.execute(statement.order_by(RightsRecord.code)):
        by_application[application_id].append(code)
    return by_application


async def holdings(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, list[RightsHolding]]:
    """The rights of records, by record."""
    by_record: dict[UUID, list[RightsHolding]] = {each: [] for each in ids}
    statement = select(RightsHolding).where(RightsHolding.record_id.in_(ids)).order_by(RightsHolding.right)
    for row in (await session.execute(statement)).scalars():
        by_record[row.record_id].append(row)
    return by_record


async def certificates(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, list[OutsideCertificate]]:
    """The outside certificates that are linked to records, by record."""
    by_record: dict[UUID, list[OutsideCertificate]] = {each: [] for each in ids}
    statement = select(OutsideCertificate).where(OutsideCertificate.record_id.in_(ids)).order_by(OutsideCertificate.id)
    for row in (await session.execute(statement)).scalars():
        by_record[row.record_id].append(row)
    return by_record


async def lock_certificate(session: AsyncSession, certificate_id: UUID) -> OutsideCertificate:
    """An outside certificate, locked. Raises NotFound."""
    statement = select(OutsideCertificate).where(OutsideCertificate.id == certificate_id).with_for_update()
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("No certificate with this id is linked to a record.")
    return row


async def next_serial(session: AsyncSession, month: str) -> int:
    """The next serial number of a month's codes; it is given back where the transaction fails."""
    statement = (
        insert(RightsSerial)
        .values(month=month, last=1)
        .on_conflict_do_update(index_elements=[RightsSerial.month], set_={"last": RightsSerial.last + 1})
        .returning(RightsSerial.last)
    )
    return int((await session.execute(statement)).scalar_one())


async def lock_lapsing(session: AsyncSession, today: date, *, limit: int) -> Sequence[RightsRecord]:
    """Records whose last day is over, locked, but those of which a renewal was filed in time and goes on."""
    renewal = exists().where(
        RightsApplication.record_id == RightsRecord.id,
        RightsApplication.kind == "renewal",
        RightsApplication.state.in_(UNDECIDED),
    )
    statement = (
        select(RightsRecord)
        .where(RightsRecord.state.in_(IN_FORCE), RightsRecord.valid_until < today, ~renewal)
        .order_by(RightsRecord.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


def no_record() -> NotFound:
    """The problem of a record that there is not, or that the principal may not see."""
    return NotFound("There is no such record, or none that you may see; GET /api/v1/rights/records lists yours.")
