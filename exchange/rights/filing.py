"""The applicant's side: check, draft, confirm, file, supplement, withdraw, and apply about a record."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from exchange.calendar import deadlines
from exchange.calendar.counting import day_of
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.view import Listed
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.reading import Reading, reading_of
from exchange.rights import queries, terms
from exchange.rights.errors import DataNotRegistrable, RenewalNotNow, RightsFormInvalid
from exchange.rights.forms.checks import VALUES, Fault, Known, find_faults, value_fault
from exchange.rights.forms.form import Proof, RightsContact, RightsForm
from exchange.rights.forms.tables import CLASSES, GUIDELINES, is_registrable
from exchange.rights.lifecycle import CONFIRMED, RIGHTS_RECORD, SUPPLEMENT, SUPPLEMENT_TIME
from exchange.rights.models import RightsApplication, RightsParty, RightsRecord
from exchange.rights.schemas import Amended, Cancellation, Change, NewRights, Renewal, Transfer
from exchange.rights.steps import matter_of, record_step, resume_review, step_of, take, tell

_APPLICANT: Final = "the applicant"
_HIGH: Final = frozenset({"IMPORTANT", "CORE"})
VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    "renewal": ("renew",),
    "transfer": ("transfer", "transfer_part"),
    "change": ("change",),
    "cancellation": ("cancel",),
}
"""The verbs of a record by the kind of application that its deposit takes."""


async def check(work: Work, *, dataset: str, form: RightsForm) -> list[Fault]:
    """Every fault of a form, as while it is filled. Raises NotFound, Forbidden."""
    listed = await _dataset(work, dataset)
    return find_faults(form, await _known(work, listed, form))


async def draft(work: Work, new: NewRights) -> RightsApplication:
    """Draft an application for a first registration, as the owner of a dataset or a holder of rights over it.

    Raises NotFound, Forbidden, DataNotRegistrable for a department's duty data (Article 15(1)).
    """
    listed = await _dataset(work, new.dataset)
    _refuse_duty_data(new.form, _owner_kind(work, listed))
    application = _application(work, listed.dataset.id, "initial", new.form.model_dump(mode="json", exclude_none=True))
    _seal(work, application, new.contact)
    await _begin(work, application, await _holders(work, new.form))
    return application


async def redraft(
    work: Work, *, application_id: UUID, form: RightsForm, contact: RightsContact | None
) -> RightsApplication:
    """Replace the form of an application that is a draft or was returned; every other party confirms anew.

    Raises NotFound, Forbidden, Conflict, DataNotRegistrable.
    """
    application = await own(work, application_id)
    if application.kind != "initial" or application.state not in ("draft", "returned"):
        raise Conflict(
            "The form of a first registration is replaced while it is a draft or returned.", state=application.state
        )
    listed = await catalog.any_dataset(work.session, str(application.dataset_id))
    _refuse_duty_data(form, _owner_kind(work, listed))
    application.form, application.salt = form.model_dump(mode="json", exclude_none=True), new_salt()
    if contact is not None:
        _seal(work, application, contact)
    await queries.delete_parties(work.session, application.id)
    await _name_parties(work, application, await _holders(work, form))
    record_step(work, application, "rights_application.redrafted")
    return application


async def amend(work: Work, *, application_id: UUID, amended: Amended) -> RightsApplication:
    """Replace what an application about a record asks for, while it is a draft or was returned.

    Raises NotFound, Forbidden, Conflict, RightsFormInvalid, RenewalNotNow.
    """
    application = await own(work, application_id)
    members = amended.model_dump(mode="json", exclude_none=True)
    if application.state not in ("draft", "returned") or application.record_id is None:
        raise Conflict(
            "What an application about a record asks for is replaced while it is a draft or returned.",
            state=application.state,
        )
    if set(members) != {application.kind}:
        raise RightsFormInvalid(
            f"State `{application.kind}`, and nothing else.",
            errors=[Fault(f"body/{application.kind}", "state it, alone", "请仅填写该类申请的内容").document()],
        )
    form = members[application.kind]
    record = await queries.lock_record(work.session, application.record_id)
    faults = await _record_faults(work, record, application.kind, form, filed_at=application.filed_at)
    if faults:
        raise RightsFormInvalid("Correct what `errors` lists.", errors=[fault.document() for fault in faults])
    application.form, application.salt = form, new_salt()
    await queries.delete_parties(work.session, application.id)
    transferees = [form["transferee"]] if application.kind == "transfer" else []
    await _name_parties(work, application, await _organisations(work, transferees))
    record_step(work, application, "rights_application.redrafted")
    return application


async def confirm(work: Work, *, application_id: UUID, form: str | None = None) -> RightsApplication:
    """Confirm the present form as a party to it; `form` is the digest of what the party read.

    Raises NotFound, Forbidden, Conflict, also where the form was replaced since.
    """
    work.permit("rights", "confirm", work.principal.organisation)
    reading = Reading(owners=frozenset({work.principal.organisation}))
    application = await queries.application(work.session, reading, application_id, lock=True)
    parties = (await queries.parties(work.session, [application.id]))[application.id]
    party = next((each for each in parties if each.organisation_id == work.principal.organisation), None)
    if party is None or party.confirmed_at is not None or application.state not in ("draft", "returned"):
        raise Conflict(
            "Your organisation has nothing to confirm: a party other than the applicant confirms once, before the filing.",
            state=application.state,
        )
    if form is not None and form != commitment(application.form, salt=application.salt):
        raise Conflict(
            "The form was replaced since you read it: read it, and confirm it anew.", state=application.state
        )
    party.confirmed_by, party.confirmed_at = work.principal.id, work.runtime.clock.now()
    record_step(work, application, "rights_application.confirmed")
    await tell(work, application, "rights_application.confirmed")
    return application


async def file(work: Work, *, application_id: UUID, verb: Literal["file", "supplement"]) -> RightsApplication:
    """File a draft, or file a returned application again with what was missing.

    Raises NotFound, Forbidden, Conflict, DataNotRegistrable, RightsFormInvalid with every fault, RenewalNotNow.
    """
    application = await own(work, application_id)
    lacking = set()
    parties = (await queries.parties(work.session, [application.id]))[application.id]
    if any(party.confirmed_at is None for party in parties):
        lacking.add(CONFIRMED)
    now = work.runtime.clock.now()
    if verb == "supplement":
        clock = await deadlines.find_open(work.session, matter_of(application), SUPPLEMENT.name)
        if clock is not None and clock.is_overdue(now):
            lacking.add(SUPPLEMENT_TIME)
    step_of(application, verb)  # the state comes before the form
    await _demand_complete(work, application)
    await take(work, application, verb, lacking=lacking)
    application.filed_at = now
    return application


async def end(work: Work, *, application_id: UUID, statement: str) -> RightsApplication:
    """Discard a draft, or withdraw an application that goes on. Raises NotFound, Forbidden, Conflict."""
    application = await own(work, application_id)
    verb = "discard" if application.state == "draft" else "withdraw"
    await take(work, application, verb, statement=statement)
    return application


async def give_evidence(
    work: Work, *, application_id: UUID, statement: str, evidence: list[Proof]
) -> RightsApplication:
    """Give the evidence that the registrar asked for; the review's clock goes on. Raises NotFound, Forbidden, Conflict."""
    application = await own(work, application_id)
    await take(work, application, "give_evidence", statement=statement, evidence=evidence)
    await resume_review(work.session, application, at=work.runtime.clock.now())
    return application


async def apply_about(
    work: Work, *, record_id: UUID, request: Renewal | Transfer | Change | Cancellation
) -> RightsApplication:
    """Draft an application about a record of the principal's organisation.

    Raises NotFound, Forbidden, Conflict, RightsFormInvalid, RenewalNotNow.
    """
    kind = type(request).__name__.lower()
    record = await queries.lock_record(work.session, record_id)
    if record.organisation_id != work.principal.organisation:
        raise queries.no_record()
    work.permit("rights", "apply", record.organisation_id, side="the holder")
    form = request.model_dump(mode="json", exclude_none=True)
    application = _application(work, record.dataset_id, kind, form, record=record.id)
    faults = await _record_faults(work, record, kind, form)
    if faults:
        raise RightsFormInvalid("Correct what `errors` lists.", errors=[fault.document() for fault in faults])
    parties = await _organisations(work, [form["transferee"]]) if kind == "transfer" else []
    await _begin(work, application, parties)
    return application


async def own(work: Work, application_id: UUID) -> RightsApplication:
    """An application of the principal's organisation, locked. Raises NotFound, Forbidden."""
    reading = Reading(owners=frozenset({work.principal.organisation}))
    application = await queries.application(work.session, reading, application_id, lock=True)
    work.permit("rights", "apply", application.organisation_id, side=_APPLICANT)
    return application


def contact_of(work: Work, application: RightsApplication) -> RightsContact | None:
    """Whom the registrar asks about an application."""
    if application.contact is None:
        return None
    return RightsContact.model_validate_json(work.runtime.seal.open(application.contact, name=_sealed(application)))


async def _demand_complete(work: Work, application: RightsApplication) -> None:
    if application.kind == "initial":
        form = RightsForm.model_validate(application.form)
        listed = await catalog.any_dataset(work.session, str(application.dataset_id))
        _refuse_duty_data(form, _owner_kind(work, listed))
        faults = find_faults(form, await _known(work, listed, form))
        if application.contact is None:
            faults.append(Fault("contact", "name whom the registrar asks", "请填写联系人、联系电话和联系地址"))
    else:
        record = await queries.lock_record(work.session, application.record_id or application.id)
        faults = await _record_faults(work, record, application.kind, application.form, filed_at=application.filed_at)
    if faults:
        raise RightsFormInvalid("Correct what `errors` lists.", errors=[fault.document() for fault in faults])


async def _record_faults(
    work: Work, record: RightsRecord, kind: str, form: Mapping[str, Any], *, filed_at: datetime | None = None
) -> list[Fault]:
    """The faults of an application about a record; of a renewal, the day of its first filing counts.

    Raises Conflict where the record's state does not allow it, RenewalNotNow.
    """
    today = day_of((filed_at if kind == "renewal" else None) or work.runtime.clock.now())
    if record.valid_until < today or not set(VERBS[kind]) & set(RIGHTS_RECORD.verbs(record.state)):
        raise Conflict(
            f"A record that is {record.state} or over allows no {kind}; read it for what is possible.",
            state=record.state,
        )
    if kind == "renewal":
        return await _renewal_faults(work, record, form, today)
    if kind == "transfer":
        return await _transfer_faults(work, record, form)
    return _change_faults(record, form) if kind == "change" else []


async def _renewal_faults(work: Work, record: RightsRecord, form: Mapping[str, Any], today: date) -> list[Fault]:
    """The faults of a renewal. Raises RenewalNotNow."""
    first, last = (await terms.renewal_windows(work.session, [record.valid_until], today))[record.valid_until]
    if not first <= today <= last:
        raise RenewalNotNow(
            f"The record can be renewed from {first} to {last}.", first=first.isoformat(), last=last.isoformat()
        )
    if "valid_until" in form and date.fromisoformat(form["valid_until"]) <= record.valid_until:
        return [Fault("body/valid_until", "state a day after the record's last", "应晚于现有效期届满日", "26")]
    return []


def _change_faults(record: RightsRecord, form: Mapping[str, Any]) -> list[Fault]:
    """The faults of a change: what it leaves out stays as the record has it."""
    if set(form) == {"statement"}:
        return [Fault("body", "state what changes", "请填写变更事项", "32-37")]
    faults = []
    changed = {**record.document, **form}
    if changed["since"] > changed["to"]:
        at = "body/to" if "to" in form else "body/since"
        faults.append(
            Fault(at, "the last day is before the first; state both where both change", "结束日期早于起始日期")
        )
    if changed["frequency"] not in VALUES["frequency"]:
        faults.append(value_fault("frequency", at="body/frequency"))
    return faults


async def _transfer_faults(work: Work, record: RightsRecord, form: Mapping[str, Any]) -> list[Fault]:
    faults = []
    organisations = await _organisations(work, [form["transferee"]])
    if not organisations or organisations[0] == record.organisation_id:
        faults.append(
            Fault(
                "body/transferee", "state the code of another organisation of this exchange", "受让人须为本平台其他机构"
            )
        )
    held = {row.right for row in (await queries.holdings(work.session, [record.id]))[record.id] if row.ended_at is None}
    if not set(form["rights"]) <= held:
        faults.append(
            Fault(
                "body/rights", f"state rights that the record has: {', '.join(sorted(held))}", "仅可转让本登记所载权利"
            )
        )
    return faults


def _application(
    work: Work, dataset: UUID, kind: str, form: dict[str, Any], *, record: UUID | None = None
) -> RightsApplication:
    return RightsApplication(
        id=new_id(),
        kind=kind,
        state="draft",
        dataset_id=dataset,
        organisation_id=work.principal.organisation,
        record_id=record,
        form=form,
        salt=new_salt(),
        drafted_by=work.principal.id,
        drafted_at=work.runtime.clock.now(),
        is_deemed_accepted=False,
    )


async def _begin(work: Work, application: RightsApplication, parties: list[UUID]) -> None:
    work.session.add(application)
    await work.session.flush()
    await _name_parties(work, application, parties)
    record_step(work, application, "rights_application.drafted")
    await tell(work, application, "rights_application.drafted")


async def _name_parties(work: Work, application: RightsApplication, parties: list[UUID]) -> None:
    for organisation in parties:
        if organisation != application.organisation_id:
            work.session.add(RightsParty(application_id=application.id, organisation_id=organisation))
    await work.session.flush()


async def _dataset(work: Work, reference: str) -> Listed:
    """The dataset that the principal's organisation owns or holds rights over. Raises NotFound, Forbidden."""
    listed = await catalog.dataset(work.session, reading_of(work, "dataset"), reference)
    organisation, today = work.principal.organisation, day_of(work.runtime.clock.now())
    if listed.owner.id != organisation and await queries.is_holder(
        work.session, organisation, listed.dataset.id, today
    ):
        work.permit("rights", "apply", organisation, side="a holder of rights over the data")
    else:
        work.permit("rights", "apply", listed.owner.id, side="the owner of the data")
    return listed


def _owner_kind(work: Work, listed: Listed) -> str:
    return "department" if "department" in (listed.owner.kind, work.principal.organisation_kind) else listed.owner.kind


def _refuse_duty_data(form: RightsForm, owner_kind: str) -> None:
    if not is_registrable(form.data_class, owner_kind):
        duty = CLASSES["duty"]
        raise DataNotRegistrable(
            f"Article {duty.article} excludes {duty.en}. {duty.zh}，不予登记。", article=f"{GUIDELINES} {duty.article}"
        )


async def _known(work: Work, listed: Listed, form: RightsForm) -> Known:
    described = listed.version.document if listed.version is not None else None
    if described is None and listed.dataset.draft is not None:
        described = listed.dataset.draft.document
    document = DatasetDocument.model_validate(described) if described is not None else None
    codes = [holder.code for holder in form.holders if holder.code]
    return Known(
        owner_kind=_owner_kind(work, listed),
        codes=(await _admitted(work, codes)).keys(),
        today=day_of(work.runtime.clock.now()),
        is_personal=document is not None and any(field.personal for field in document.fields),
        is_important=document is not None and document.effective_level in _HIGH,
        held=await _held(work, listed),
    )


async def _held(work: Work, listed: Listed) -> frozenset[str] | None:
    """The rights that the applicant has over data of another owner; None for the owner, whom nothing limits."""
    organisation = work.principal.organisation
    if listed.owner.id == organisation:
        return None
    today = day_of(work.runtime.clock.now())
    return await queries.rights_of(work.session, organisation, listed.dataset.id, today)


async def _holders(work: Work, form: RightsForm) -> list[UUID]:
    return await _organisations(work, [holder.code for holder in form.holders if holder.code])


async def _organisations(work: Work, codes: list[str]) -> list[UUID]:
    by_code = await _admitted(work, codes)
    return list(dict.fromkeys(by_code[code] for code in codes if code in by_code))


async def _admitted(work: Work, codes: list[str]) -> dict[str, UUID]:
    by_code = await participants.by_codes(work.session, codes)
    return {code: organisation.id for code, organisation in by_code.items() if organisation.state == "admitted"}


def _seal(work: Work, application: RightsApplication, contact: RightsContact | None) -> None:
    if contact is not None:
        text = contact.model_dump_json().encode()
        application.contact = work.runtime.seal.close(text, name=_sealed(application))


def _sealed(application: RightsApplication) -> str:
    return f"rights/{application.id}/contact"
