"""Applications, records and the publicity as those who may read them see them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from exchange.calendar import queries as calendar
from exchange.calendar.counting import DeadlineView, Matter, day_of
from exchange.kernel.commitments import commitment
from exchange.kernel.database import AsyncSession
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.view import OrganisationView
from exchange.rights import filing, queries, terms
from exchange.rights.lifecycle import RIGHTS_APPLICATION, RIGHTS_RECORD
from exchange.rights.models import RightsApplication, RightsObjection, RightsRecord, RightsStatement
from exchange.rights.recording import description_of, digest_of
from exchange.rights.schemas import (
    CertificateOut,
    ClockOut,
    HoldingOut,
    ObjectionOut,
    PartyOut,
    Publicised,
    PublicRecord,
    RecordOut,
    RightsApplicationOut,
    RightsStatementOut,
)
from exchange.rights.steps import OBJECTION, matter_of
from policies.roles.roles import EXCHANGE

NOTICE: Final = (
    "权益登记：本平台自有的权益登记记录，不是数据产权登记凭证；关联的数据产权登记凭证以其登记机构为准。 "
    "A record of this exchange's own register of rights. It is no certificate of a listed registrar."
)
LABELS: Final = {"HOLD": "数据持有权", "USE": "数据使用权", "OPERATE": "数据经营权"}


async def applications_out(
    work: Work, rows: Sequence[RightsApplication], *, with_contact: bool = False
) -> list[RightsApplicationOut]:
    """Applications as their parties and registrars see them; with the contact for the applicant and registrars."""
    await work.session.flush()
    ids = [row.id for row in rows]
    parties = await queries.parties(work.session, ids)
    stated = await queries.statements(work.session, applications=ids)
    objections = await queries.objections(work.session, ids)
    entered = await queries.entered_by(work.session, ids)
    matters = [matter_of(row) for row in rows]
    matters += [Matter(OBJECTION, objection.id) for each in objections.values() for objection in each]
    clocks = await calendar.deadlines_of(work.session, matters)
    ends = await terms.publicities_until(work.session, [row.publicity_from for row in rows])
    outs = []
    for row in rows:
        may_see = work.principal.organisation == row.organisation_id or work.may("rights", "review", EXCHANGE)
        outs.append(
            RightsApplicationOut(
                **_columns(row, RightsApplicationOut),
                verbs=list(RIGHTS_APPLICATION.verbs(row.state)),
                dataset=row.dataset_id,
                applicant=row.organisation_id,
                record=row.record_id,
                form_digest=commitment(row.form, salt=row.salt),
                contact=filing.contact_of(work, row) if with_contact and may_see else None,
                parties=[
                    PartyOut(organisation=each.organisation_id, confirmed_at=each.confirmed_at)
                    for each in parties[row.id]
                ],
                publicity_until=ends[row.publicity_from],
                records=entered[row.id],
                clocks=[_clock(view) for view in clocks[matter_of(row)]],
                statements=[_statement(each) for each in stated[row.id]],
                objections=[_objection(each, clocks[Matter(OBJECTION, each.id)]) for each in objections[row.id]],
            )
        )
    return outs


_OWN: Final = frozenset({"contact", "form_digest", "records", "statements", "objections", "parties", "clocks", "verbs"})


def _columns(row: RightsApplication, model: type[RightsApplicationOut]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields if name not in _OWN and hasattr(row, name)}


def _clock(view: DeadlineView) -> ClockOut:
    return ClockOut(
        clock=view.clock,
        due=None if view.paused_at is not None and view.ended_at is None else view.due,
        article=view.article,
        paused_at=view.paused_at,
        overdue_at=view.overdue_at,
        ended_at=view.ended_at,
        outcome=view.outcome,
    )


def _statement(row: RightsStatement) -> RightsStatementOut:
    return RightsStatementOut.model_validate(
        {
            "type": row.type,
            "organisation": row.organisation_id,
            "statement": row.statement,
            "codes": row.codes,
            "evidence": row.evidence,
            "salt": row.salt,
            "stated_at": row.stated_at,
        }
    )


def _objection(row: RightsObjection, clocks: Sequence[DeadlineView]) -> ObjectionOut:
    due = next((view.due for view in clocks if view.ended_at is None), None)
    names = ("id", "state", "statement", "evidence", "decision", "filed_at", "decided_at")
    document = {name: getattr(row, name) for name in names}
    return ObjectionOut.model_validate({**document, "organisation": row.organisation_id, "due": due})


async def objections_out(session: AsyncSession, rows: Sequence[RightsObjection]) -> list[ObjectionOut]:
    """Objections as those who may read them see them."""
    clocks = await calendar.deadlines_of(session, [Matter(OBJECTION, row.id) for row in rows])
    return [_objection(row, clocks[Matter(OBJECTION, row.id)]) for row in rows]


async def public_records(session: AsyncSession, rows: Sequence[RightsRecord], today: date) -> list[PublicRecord]:
    """Records as anyone may read them by their codes: organisations only, and nothing of a contact."""
    ids = [row.id for row in rows]
    holdings = await queries.holdings(session, ids)
    certificates = await queries.certificates(session, ids)
    holders = await participants.organisations_by_ids(session, [row.organisation_id for row in rows])
    return [
        PublicRecord.model_validate(
            {
                "code": row.code,
                "notice": NOTICE,
                "state": row.state,
                "in_force": row.state in queries.IN_FORCE and today <= row.valid_until,
                "dataset": row.dataset_id,
                "holder": holders[row.organisation_id].name_zh,
                "holder_code": holders[row.organisation_id].code,
                "rights": [
                    HoldingOut.model_validate(
                        {
                            "right": held.right,
                            "label": LABELS[held.right],
                            "until": held.until,
                            "limits": held.limits,
                            "ended_at": held.ended_at,
                        }
                    )
                    for held in holdings[row.id]
                ],
                "document": row.document,
                "digest": digest_of(row.document),
                "registered_at": row.registered_at,
                "valid_until": row.valid_until,
                "certificates": [CertificateOut.model_validate(each) for each in certificates[row.id]],
            }
        )
        for row in rows
    ]


async def records_out(work: Work, rows: Sequence[RightsRecord]) -> list[RecordOut]:
    """Records as their holders and registrars see them."""
    await work.session.flush()
    today = day_of(work.runtime.clock.now())
    shown: Mapping[UUID, PublicRecord] = dict(
        zip([row.id for row in rows], await public_records(work.session, rows, today), strict=True)
    )
    stated = await queries.statements(work.session, records=[row.id for row in rows])
    windows = await terms.renewal_windows(work.session, [row.valid_until for row in rows], today)
    outs = []
    for row in rows:
        first, last = windows[row.valid_until]
        outs.append(
            RecordOut(
                **{name: getattr(shown[row.id], name) for name in PublicRecord.model_fields},
                id=row.id,
                application=row.application_id,
                organisation=row.organisation_id,
                verbs=list(RIGHTS_RECORD.verbs(row.state)),
                renewal_from=first,
                renewal_until=last,
                statements=[_statement(each) for each in stated[row.id]],
            )
        )
    return outs


async def publicity(session: AsyncSession, rows: Sequence[RightsApplication]) -> list[Publicised]:
    """Applications in publicity: applicant, name, summary and limits (Article 24)."""
    applicants = await participants.organisations_by_ids(session, [row.organisation_id for row in rows])
    transferees = await participants.by_codes(
        session, [row.form["transferee"] for row in rows if row.kind == "transfer"]
    )
    ends = await terms.publicities_until(session, [row.publicity_from for row in rows])
    records = await queries.records_by_ids(session, [row.record_id for row in rows if row.record_id is not None])
    shown = []
    for row in rows:
        record = records[row.record_id] if row.record_id is not None else None
        described = record.document if record is not None else description_of(row.form)
        shown.append(
            Publicised.model_validate(
                {
                    "id": row.id,
                    "kind": row.kind,
                    "record": record.code if record is not None else None,
                    "applicant": applicants[row.organisation_id].name_zh,
                    "name": described["name"],
                    "summary": described["summary"],
                    "rights": _rights(row, transferees),
                    "restrictions": described["restrictions"],
                    "changes": {name: row.form[name] for name in _CHANGES if record is not None and name in row.form},
                    "publicity_from": row.publicity_from,
                    "publicity_until": ends[row.publicity_from],
                }
            )
        )
    return shown


_CHANGES: Final = ("summary", "since", "to", "frequency", "valid_until", "reason")
"""What is public of an application about a record: neither its statement nor its contract."""


def _rights(row: RightsApplication, transferees: Mapping[str, OrganisationView]) -> list[dict[str, Any]]:
    """Who is to have which rights; empty where no holder changes."""
    if row.kind == "transfer":
        code = row.form["transferee"]
        rights = [{"right": right} for right in row.form["rights"]]
        return [{"name": transferees[code].name_zh, "code": code, "rights": rights}]
    return [
        {"name": holder["name"], "code": holder["code"], "rights": holder["rights"]}
        for holder in row.form.get("holders", [])
    ]
