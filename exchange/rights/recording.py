"""Records: what a deposit enters and changes, restrictions and their end, outside certificates, and the lapse."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from exchange.calendar.counting import day_of
from exchange.catalog import queries as catalog
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid, refusal_of
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.rights import queries, terms
from exchange.rights.filing import VERBS
from exchange.rights.forms.form import Proof, RightsForm
from exchange.rights.lifecycle import ANOTHER, REMEDIES, RIGHTS_RECORD
from exchange.rights.models import OutsideCertificate, RightsApplication, RightsHolding, RightsRecord
from exchange.rights.schemas import CERTIFICATE, NewCertificate
from exchange.rights.steps import state
from groundwork.lifecycle import Refused, Step
from ledger import entries
from ledger.format import canonical
from policies.roles.roles import EXCHANGE

_DESCRIBED: Final = (
    "data_class", "situation", "source_type", "summary", "industry", "scope", "since", "to", "frequency", "rows", "bytes",
    "medium", "structure", "restrictions", "public_registration", "fingerprint",
)  # fmt: skip
"""The members of a form that are public in a record."""
MOST_CERTIFICATES: Final = 20
"""Outside certificates of one record, all of which its public page shows."""
_CHANGEABLE: Final = ("summary", "since", "to", "frequency")


def digest_of(document: Mapping[str, Any]) -> str:
    """Hex SHA-256 of a record's public description, as canonical JSON."""
    return hashlib.sha256(canonical.dumps(dict(document))).hexdigest()


def description_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """What of a form is public in a record."""
    name = RightsForm.model_validate(form).name.text
    return {"name": name, **{member: form[member] for member in _DESCRIBED if member in form}}


async def is_possible(work: Work, application: RightsApplication) -> bool:
    """Whether a deposit has an effect: the term asked for is not over, and the record, which stays locked, allows it still."""
    today = day_of(work.runtime.clock.now())
    wanted = application.form.get("valid_until")
    if wanted is not None and date.fromisoformat(wanted) < today:
        return False
    if application.record_id is None:
        return True
    record = await queries.lock_record(work.session, application.record_id)
    is_over = record.valid_until < today and application.kind != "renewal"
    return not is_over and bool(set(VERBS[application.kind]) & set(RIGHTS_RECORD.verbs(record.state)))


async def carry_out(work: Work, application: RightsApplication) -> list[RightsRecord]:
    """Enter or change the records of an application that is deposited now; returns the new ones."""
    if application.record_id is None:
        return await _enter(work, application)
    record = await queries.lock_record(work.session, application.record_id)
    if application.kind == "transfer":
        return [await _transfer(work, application, record)]
    [verb] = VERBS[application.kind]
    step = RIGHTS_RECORD.step(record.state, verb)
    record.state, record.version = step.target, record.version + 1
    if application.kind == "renewal":
        wanted = application.form.get("valid_until")
        today = day_of(work.runtime.clock.now())
        latest = await terms.last_day(work.session, today, date.fromisoformat(wanted) if wanted else None)
        record.valid_until = max(record.valid_until, latest)
    elif application.kind == "change":
        changes: dict[str, Any] = {name: application.form[name] for name in _CHANGEABLE if name in application.form}
        record.document = {**record.document, **changes}
    await _record(work, record, step.entry)
    return []


async def _enter(work: Work, application: RightsApplication) -> list[RightsRecord]:
    """One record for each holder. Several may have the same right over the same data."""
    form = RightsForm.model_validate(application.form)
    today = day_of(work.runtime.clock.now())
    until = await terms.last_day(work.session, today, form.valid_until)
    by_code = await participants.by_codes(work.session, [holder.code or "" for holder in form.holders])
    document = description_of(application.form)
    made = []
    for holder in form.holders:
        rights = {held.right or "": (held.until, held.limits) for held in holder.rights}
        record = await _new(work, application, by_code[holder.code or ""].id, document, until)
        await _hold(work, record, rights)
        made.append(record)
    return made


async def _transfer(work: Work, application: RightsApplication, record: RightsRecord) -> RightsRecord:
    """Move rights to the transferee's new record, for the rest of the term; the transferor keeps nothing of them."""
    moved = set(application.form["rights"])
    now = work.runtime.clock.now()
    held = [row for row in (await queries.holdings(work.session, [record.id]))[record.id] if row.ended_at is None]
    rights = {row.right: (row.until, row.limits) for row in held if row.right in moved}
    for row in held:
        if row.right in moved:
            row.ended_at = now
    verb = "transfer_part" if {row.right for row in held} - moved else "transfer"
    step = RIGHTS_RECORD.step(record.state, verb)
    record.state, record.version = step.target, record.version + 1
    await work.session.flush()
    await _record(work, record, step.entry)
    by_code = await participants.by_codes(work.session, [application.form["transferee"]])
    transferee = by_code[application.form["transferee"]].id
    made = await _new(work, application, transferee, record.document, record.valid_until)
    await _hold(work, made, rights)
    return made


async def _new(
    work: Work, application: RightsApplication, holder: UUID, document: Mapping[str, Any], until: date
) -> RightsRecord:
    now = work.runtime.clock.now()
    month = f"{day_of(now):%Y%m}"
    serial = await queries.next_serial(work.session, month)
    record = RightsRecord(
        id=new_id(),
        code=f"QY{month}{serial:04d}",
        application_id=application.id,
        dataset_id=application.dataset_id,
        organisation_id=holder,
        state=RIGHTS_RECORD.start,
        document=dict(document),
        registered_at=now,
        valid_until=until,
        version=1,
    )
    work.session.add(record)
    await work.session.flush()
    return record


async def _hold(work: Work, record: RightsRecord, rights: Mapping[str, tuple[date | None, str | None]]) -> None:
    for right, (until, limits) in rights.items():
        work.session.add(RightsHolding(record_id=record.id, right=right, until=until, limits=limits))
    await work.session.flush()
    await _record(work, record, "rights_record.entered")


async def _record(work: Work, record: RightsRecord, type_: str, *, statement: str | None = None) -> None:
    """Add the entry of what happened to a record."""
    work.entry(
        entries.RightsRecordChanged,
        about=(queries.RECORD, record.id),
        type=type_,
        **await _facts(work.session, record),
        statement=statement,
    )


async def _facts(session: AsyncSession, record: RightsRecord) -> dict[str, Any]:
    rows = (await queries.holdings(session, [record.id]))[record.id]
    is_over = record.state in ("transferred", "cancelled", "lapsed")
    return {
        "record": record.code,
        "consumer": str(record.organisation_id),
        "dataset": str(record.dataset_id),
        "rights": [] if is_over else [row.right for row in rows if row.ended_at is None],
        "document": digest_of(record.document),
        "valid_until": record.valid_until.isoformat(),
    }


def _step(record: RightsRecord, verb: str, *, lacking: Collection[str] = ()) -> Step:
    """The step of a record. Raises Conflict."""
    try:
        return RIGHTS_RECORD.step(record.state, verb, {ANOTHER} - set(lacking))
    except Refused as refused:
        raise refusal_of(refused, "A record", REMEDIES) from refused


async def restrict(
    work: Work,
    *,
    record_id: UUID,
    verb: Literal["restrict", "release", "cancel_by_order"],
    statement: str,
    evidence: list[Proof],
) -> RightsRecord:
    """Note a seizure or another restriction by an authority's document, or its end (Article 23); or cancel by an order.

    Raises Forbidden, NotFound, Conflict.
    """
    record, lacking = await _load(work, record_id)
    step = _step(record, verb, lacking=lacking)
    record.state = step.target
    stated = state(work, step.entry, record=record, statement=statement, evidence=evidence)
    await _record(work, record, step.entry, statement=stated)
    return record


async def link(work: Work, *, record_id: UUID, new: NewCertificate) -> RightsRecord:
    """Link the number of an outside certificate to one's record, unchecked.

    Raises Forbidden, NotFound, RequestInvalid, Conflict where the record has the most that it can.
    """
    record = await queries.lock_record(work.session, record_id)
    if record.organisation_id != work.principal.organisation:
        raise queries.no_record()
    work.permit("rights", "apply", record.organisation_id, side="the holder")
    if CERTIFICATE.fullmatch(new.number) is None:
        rule = "SJ, region (2 digits), registrar (1), year and month (6), serial of the month from 0001 (4)"
        raise RequestInvalid(
            "The number is no certificate's.", errors=[{"at": "body/number", "error": f"write {rule}; Annex 6"}]
        )
    if len((await queries.certificates(work.session, [record.id]))[record.id]) >= MOST_CERTIFICATES:
        raise Conflict(f"A record has at most {MOST_CERTIFICATES} outside certificates.", state=record.state)
    certificate = OutsideCertificate(
        id=new_id(),
        record_id=record.id,
        number=new.number,
        registrar=new.registrar,
        stated=new.stated,
        checked="unchecked",
        linked_by=work.principal.id,
        linked_at=work.runtime.clock.now(),
    )
    work.session.add(certificate)
    _record_certificate(work, record, certificate, "rights_certificate.linked")
    return record


async def check(
    work: Work, *, certificate_id: UUID, checked: Literal["confirmed", "contradicted", "not_found"]
) -> RightsRecord:
    """State what a check of an outside certificate with its issuer found.

    Raises Forbidden, NotFound, Conflict.
    """
    work.permit("rights", "review", EXCHANGE)
    certificate = await queries.lock_certificate(work.session, certificate_id)
    record, lacking = await _load(work, certificate.record_id)
    if lacking:
        raise Conflict(REMEDIES[ANOTHER], lacking=[ANOTHER], article="10(7)", state=record.state)
    certificate.checked = checked
    certificate.checked_by, certificate.checked_at = work.principal.id, work.runtime.clock.now()
    _record_certificate(work, record, certificate, "rights_certificate.checked")
    return record


async def _load(work: Work, record_id: UUID) -> tuple[RightsRecord, set[str]]:
    """A record, locked, and what lacks of the registrar. Raises Forbidden, NotFound."""
    work.permit("rights", "review", EXCHANGE)
    record = await queries.lock_record(work.session, record_id)
    listed = await catalog.any_dataset(work.session, str(record.dataset_id))
    is_own = work.principal.organisation in (record.organisation_id, listed.owner.id)
    return record, {ANOTHER} if is_own else set()


def _record_certificate(work: Work, record: RightsRecord, certificate: OutsideCertificate, type_: str) -> None:
    work.entry(
        entries.RightsCertificateChanged,
        about=("rights_certificate", certificate.id),
        type=type_,
        record=record.code,
        consumer=str(record.organisation_id),
        dataset=str(record.dataset_id),
        number=certificate.number,
        stated=certificate.stated,
        checked=certificate.checked,
    )


async def lapse(session: AsyncSession, record: RightsRecord, now: datetime) -> entries.RightsRecordChanged:
    """End a locked record whose last day is over; returns the entry to append."""
    step = RIGHTS_RECORD.step(record.state, "lapse")
    record.state = step.target
    return entries.RightsRecordChanged.model_validate(
        {
            "type": step.entry,
            "at": rfc3339(now),
            "actor": entries.Actor(),
            "object": entries.Object(kind=queries.RECORD, id=str(record.id)),
            **await _facts(session, record),
        }
    )
