"""The routes of the registration of rights: applications, records, and the public pages."""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from exchange.calendar.counting import day_of
from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading
from exchange.rights import filing, queries, recording, reviewing, showing
from exchange.rights.forms.form import RightsForm
from exchange.rights.forms.tables import RIGHTS, SITUATIONS
from exchange.rights.models import RightsApplication, RightsRecord
from exchange.rights.schemas import (
    CODE_PATTERN,
    Amended,
    Cancellation,
    CertificateCheck,
    Change,
    CheckedForm,
    ChecksOut,
    Extended,
    FaultOut,
    NewCertificate,
    NewRights,
    ObjectionOut,
    Publicised,
    PublicRecord,
    RecordOut,
    RecordState,
    Redraft,
    RefusedFor,
    Renewal,
    Returned,
    RightsApplicationOut,
    Stated,
    Transfer,
    WithEvidence,
)

router = APIRouter(prefix="/api/v1/rights", tags=["rights"], route_class=SignedRoute, responses=problems())
public = APIRouter(prefix="/rights", tags=["rights"], responses=problems(public=True))

_After = Annotated[UUID | None, Query(description="The last id of the page before")]
_Limit = Annotated[int, Query(ge=1, le=500)]
_Dataset = Annotated[UUID | None, Query(description="Only those of this dataset")]


@public.get("/publicity")
async def publicity(request: Request, after: _After = None, limit: _Limit = 100) -> list[Publicised]:
    """The applications in publicity (Article 24). An organisation of the exchange objects under its name."""
    async with runtime_of(request).database.sessions() as session:
        rows = await queries.in_publicity(session, after=after, limit=limit)
        return await showing.publicity(session, rows)


@public.get("/{code}")
async def public_record(request: Request, code: Annotated[str, Path(pattern=CODE_PATTERN)]) -> PublicRecord:
    """A record by its registration code: holder, rights, limits, term and state, and linked outside certificates."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        record = await queries.by_code(session, code)
        return (await showing.public_records(session, [record], day_of(runtime.clock.now())))[0]


@router.post("/checks")
async def check_form(work: SignedWork, checked: CheckedForm) -> ChecksOut:
    """Every fault of a form at once, while it is filled. Nothing is kept."""
    faults = await filing.check(work, dataset=checked.dataset, form=checked.form)
    return ChecksOut(
        faults=[FaultOut.model_validate(fault) for fault in faults], registrable=_registrable(checked.form)
    )


def _registrable(form: RightsForm) -> list[str]:
    situation = SITUATIONS.get(form.situation or "")
    allowed = situation.registrable(frozenset(form.evidence)) if situation is not None else frozenset()
    return [right for right in RIGHTS if right in allowed]


@router.get("/applications")
async def list_applications(
    work: SignedWork,
    state: Annotated[str | None, Query(pattern="^[a-z_]{1,20}$", description="Only those in this state")] = None,
    dataset: _Dataset = None,
    after: _After = None,
    limit: _Limit = 100,
) -> list[RightsApplicationOut]:
    """The applications of your organisation, and those it is a party to; for registrars, all that were filed."""
    reading = demand_reading(work, "rights")
    rows = await queries.applications(work.session, reading, state=state, dataset=dataset, after=after, limit=limit)
    return await showing.applications_out(work, rows)


@router.post("/applications", status_code=201)
async def draft_application(work: SignedWork, new: NewRights) -> RightsApplicationOut:
    """Draft an application for a first registration over a dataset that your organisation owns or has rights over."""
    return await _shown(work, filing.draft(work, new))


@router.get("/applications/{application_id}")
async def read_application(work: SignedWork, application_id: UUID) -> RightsApplicationOut:
    """One application; with the contact for the applicant and registrars."""
    reading = demand_reading(work, "rights")
    return await _shown(work, queries.application(work.session, reading, application_id))


@router.put("/applications/{application_id}/form")
async def replace_form(work: SignedWork, application_id: UUID, redraft: Redraft) -> RightsApplicationOut:
    """Replace the form of a draft, or of a returned application; other parties confirm it anew."""
    changed = filing.redraft(work, application_id=application_id, form=redraft.form, contact=redraft.contact)
    return await _shown(work, changed)


@router.put("/applications/{application_id}/request")
async def replace_request(work: SignedWork, application_id: UUID, amended: Amended) -> RightsApplicationOut:
    """Replace what an application about a record asks for, while it is a draft or returned; a transferee confirms anew."""
    return await _shown(work, filing.amend(work, application_id=application_id, amended=amended))


@router.post("/applications/{application_id}/confirmation")
async def confirm_application(
    work: SignedWork,
    application_id: UUID,
    form: Annotated[
        str | None,
        Query(pattern="^[0-9a-f]{64}$", description="The `form_digest` that you read; by default the present"),
    ] = None,
) -> RightsApplicationOut:
    """Confirm the form of an application as a party to it: a further holder, or the transferee."""
    return await _shown(work, filing.confirm(work, application_id=application_id, form=form))


@router.post("/applications/{application_id}/filing")
async def file_application(work: SignedWork, application_id: UUID) -> RightsApplicationOut:
    """File a draft. The registrar accepts it within 3 working days, or it is deemed accepted (Article 17)."""
    return await _shown(work, filing.file(work, application_id=application_id, verb="file"))


@router.post("/applications/{application_id}/supplement")
async def supplement_application(work: SignedWork, application_id: UUID) -> RightsApplicationOut:
    """File a returned application again, after its form was completed."""
    return await _shown(work, filing.file(work, application_id=application_id, verb="supplement"))


@router.post("/applications/{application_id}/evidence")
async def give_evidence(work: SignedWork, application_id: UUID, given: WithEvidence) -> RightsApplicationOut:
    """Give the evidence that the registrar asked for."""
    act = filing.give_evidence(work, application_id=application_id, statement=given.statement, evidence=given.evidence)
    return await _shown(work, act)


@router.post("/applications/{application_id}/withdrawal")
async def withdraw_application(work: SignedWork, application_id: UUID, stated: Stated) -> RightsApplicationOut:
    """Discard a draft, or withdraw an application that goes on."""
    return await _shown(work, filing.end(work, application_id=application_id, statement=stated.statement))


@router.post("/applications/{application_id}/acceptance")
async def accept_application(work: SignedWork, application_id: UUID) -> RightsApplicationOut:
    """Accept an application for review, as a registrar."""
    return await _shown(work, reviewing.accept(work, application_id=application_id))


@router.post("/applications/{application_id}/return")
async def return_application(work: SignedWork, application_id: UUID, returned: Returned) -> RightsApplicationOut:
    """Refuse acceptance with the one full list of what is missing, as a registrar."""
    return await _shown(work, reviewing.give_back(work, application_id=application_id, missing=returned.missing))


@router.post("/applications/{application_id}/evidence-request")
async def ask_evidence(work: SignedWork, application_id: UUID, stated: Stated) -> RightsApplicationOut:
    """Ask the applicant for evidence, as a registrar; the review's clock stands still."""
    act = reviewing.state(work, application_id=application_id, verb="ask_evidence", statement=stated.statement)
    return await _shown(work, act)


@router.post("/applications/{application_id}/extension")
async def extend_review(work: SignedWork, application_id: UUID, extended: Extended) -> RightsApplicationOut:
    """Extend the review once, as a registrar."""
    act = reviewing.extend(work, application_id=application_id, days=extended.days, statement=extended.statement)
    return await _shown(work, act)


@router.post("/applications/{application_id}/publicity")
async def publicise_application(work: SignedWork, application_id: UUID) -> RightsApplicationOut:
    """Begin the publicity of 5 working days, as a registrar."""
    return await _shown(work, reviewing.publicise(work, application_id=application_id))


@router.post("/applications/{application_id}/publicity-waiver")
async def waive_publicity(work: SignedWork, application_id: UUID, stated: Stated) -> RightsApplicationOut:
    """Waive the publicity at the applicant's request, with the just cause, as a registrar (Article 24)."""
    act = reviewing.state(work, application_id=application_id, verb="waive_publicity", statement=stated.statement)
    return await _shown(work, act)


@router.post("/applications/{application_id}/objections")
async def object_to_application(work: SignedWork, application_id: UUID, objection: WithEvidence) -> Publicised:
    """Object to an application in publicity, under your organisation's name and with evidence (Article 25)."""
    application = await reviewing.object_to(
        work, application_id=application_id, statement=objection.statement, evidence=objection.evidence
    )
    await work.session.flush()
    return (await showing.publicity(work.session, [application]))[0]


@router.get("/applications/{application_id}/objections")
async def list_objections(work: SignedWork, application_id: UUID) -> list[ObjectionOut]:
    """The objections to an application, with what was decided: your organisation's own; for parties and registrars, all."""
    reading = demand_reading(work, "rights")
    return await showing.objections_out(
        work.session, await queries.readable_objections(work.session, reading, application_id)
    )


@router.post("/applications/{application_id}/objections/{objection_id}/dismissal")
async def dismiss_objection(
    work: SignedWork, application_id: UUID, objection_id: UUID, stated: Stated
) -> RightsApplicationOut:
    """Dismiss an objection, as a registrar; after the last one the publicity goes on."""
    act = reviewing.decide(
        work, application_id=application_id, objection_id=objection_id, is_upheld=False, statement=stated.statement
    )
    return await _shown(work, act)


@router.post("/applications/{application_id}/objections/{objection_id}/upholding")
async def uphold_objection(
    work: SignedWork, application_id: UUID, objection_id: UUID, stated: Stated
) -> RightsApplicationOut:
    """Uphold an objection, as a registrar: the application is refused."""
    act = reviewing.decide(
        work, application_id=application_id, objection_id=objection_id, is_upheld=True, statement=stated.statement
    )
    return await _shown(work, act)


@router.post("/applications/{application_id}/refusal")
async def refuse_application(work: SignedWork, application_id: UUID, refused: RefusedFor) -> RightsApplicationOut:
    """Refuse an application for reasons of Article 22, as a registrar."""
    act = reviewing.refuse(work, application_id=application_id, reasons=refused.reasons, statement=refused.statement)
    return await _shown(work, act)


@router.post("/applications/{application_id}/termination")
async def terminate_application(work: SignedWork, application_id: UUID, stated: Stated) -> RightsApplicationOut:
    """Terminate an application that cannot be verified, as a registrar."""
    act = reviewing.state(work, application_id=application_id, verb="terminate", statement=stated.statement)
    return await _shown(work, act)


@router.post("/applications/{application_id}/deposit")
async def deposit_application(work: SignedWork, application_id: UUID) -> RightsApplicationOut:
    """Deposit an application after its publicity, as a registrar: the registration is complete."""
    return await _shown(work, reviewing.deposit(work, application_id=application_id))


@router.get("/records")
async def list_records(
    work: SignedWork,
    dataset: _Dataset = None,
    state: Annotated[RecordState | None, Query(description="Only those in this state")] = None,
    after: _After = None,
    limit: _Limit = 100,
) -> list[RecordOut]:
    """The records of your organisation; for registrars and the exchange's auditors, all."""
    reading = demand_reading(work, "rights")
    rows = await queries.records(work.session, reading, dataset=dataset, state=state, after=after, limit=limit)
    return await showing.records_out(work, rows)


@router.get("/records/{record_id}")
async def read_record(work: SignedWork, record_id: UUID) -> RecordOut:
    """One record."""
    rows = await queries.records(work.session, demand_reading(work, "rights"), record=record_id)
    if not rows:
        raise queries.no_record()
    return (await showing.records_out(work, rows))[0]


@router.post("/records/{record_id}/renewals", status_code=201)
async def apply_for_renewal(work: SignedWork, record_id: UUID, renewal: Renewal) -> RightsApplicationOut:
    """Draft an application to renew a record: from six months before its last day until the day before it."""
    return await _shown(work, filing.apply_about(work, record_id=record_id, request=renewal))


@router.post("/records/{record_id}/transfers", status_code=201)
async def apply_for_transfer(work: SignedWork, record_id: UUID, transfer: Transfer) -> RightsApplicationOut:
    """Draft a joint application to transfer rights; the transferee confirms it before it is filed."""
    return await _shown(work, filing.apply_about(work, record_id=record_id, request=transfer))


@router.post("/records/{record_id}/changes", status_code=201)
async def apply_for_change(work: SignedWork, record_id: UUID, change: Change) -> RightsApplicationOut:
    """Draft an application to change what a record describes."""
    return await _shown(work, filing.apply_about(work, record_id=record_id, request=change))


@router.post("/records/{record_id}/cancellations", status_code=201)
async def apply_for_cancellation(work: SignedWork, record_id: UUID, cancellation: Cancellation) -> RightsApplicationOut:
    """Draft an application to cancel a record."""
    return await _shown(work, filing.apply_about(work, record_id=record_id, request=cancellation))


@router.post("/records/{record_id}/restriction")
async def restrict_record(work: SignedWork, record_id: UUID, stated: WithEvidence) -> RecordOut:
    """Note a seizure, preservation or temporary control by an authority's document, as a registrar (Article 23)."""
    act = recording.restrict(
        work, record_id=record_id, verb="restrict", statement=stated.statement, evidence=stated.evidence
    )
    return await _record(work, act)


@router.post("/records/{record_id}/release")
async def release_record(work: SignedWork, record_id: UUID, stated: WithEvidence) -> RecordOut:
    """Note the end of a restriction by the authority's document, as a registrar."""
    act = recording.restrict(
        work, record_id=record_id, verb="release", statement=stated.statement, evidence=stated.evidence
    )
    return await _record(work, act)


@router.post("/records/{record_id}/cancellation-order")
async def cancel_record_by_order(work: SignedWork, record_id: UUID, stated: WithEvidence) -> RecordOut:
    """Cancel a record by a document of a court, arbitration or authority that took effect, as a registrar."""
    act = recording.restrict(
        work, record_id=record_id, verb="cancel_by_order", statement=stated.statement, evidence=stated.evidence
    )
    return await _record(work, act)


@router.post("/records/{record_id}/certificates", status_code=201)
async def link_certificate(work: SignedWork, record_id: UUID, certificate: NewCertificate) -> RecordOut:
    """Link the number of an outside certificate (数据产权登记凭证) to your record; a registrar checks it."""
    return await _record(work, recording.link(work, record_id=record_id, new=certificate))


@router.post("/certificates/{certificate_id}/check")
async def check_certificate(work: SignedWork, certificate_id: UUID, check: CertificateCheck) -> RecordOut:
    """State what a check of an outside certificate with its issuer found, as a registrar."""
    return await _record(work, recording.check(work, certificate_id=certificate_id, checked=check.checked))


async def _shown(work: Work, act: Awaitable[RightsApplication]) -> RightsApplicationOut:
    return (await showing.applications_out(work, [await act], with_contact=True))[0]


async def _record(work: Work, act: Awaitable[RightsRecord]) -> RecordOut:
    return (await showing.records_out(work, [await act]))[0]
