"""The verbs of agreements: conclude, activate, amend, suspend, resume, terminate."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError

from exchange.agreements import queries
from exchange.agreements.clocks import PROVIDE, REPORT, USAGE, begin, follow, matter_of
from exchange.agreements.dependents import AgreementDependents
from exchange.agreements.errors import AgreementsUnfit
from exchange.agreements.fitting import find_misfits
from exchange.agreements.lifecycle import REMEDIES, RUNNING, machine_of
from exchange.agreements.models import Agreement, AgreementNarrowing, AgreementStatement
from exchange.agreements.schemas import AgreementOut, Lane, Statement
from exchange.agreements.view import AgreementView, view_of
from exchange.calendar import deadlines
from exchange.catalog import queries as catalog
from exchange.catalog.errors import SecondPersonNeeded
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.checks import faults_of, rate_of
from exchange.catalog.terms.checks import for_policy as terms_for_policy
from exchange.catalog.terms.schemas import Terms
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid, refusal_of
from exchange.kernel.work import Act, Principal, Work
from exchange.participants import queries as participants
from groundwork.lifecycle import Refused, Step
from ledger import entries
from ledger.billing.prices import Price
from ledger.format import canonical
from policies.decision import documents

_TO_TERMINATE = frozenset({"consultation_recorded", "time_to_rectify_over"})
UNUSABLE = "No decision could be made by such an agreement; correct what `errors` lists."
_AMENDED_HAS_ENDED = (
    "The agreement that the application amends has ended. Refuse the application; the applicant applies without `amends`, or "
    "amends an agreement that runs."
)
_AMENDED_ALREADY = (
    "Another agreement, `successor`, amends the same agreement and waits for its data. Refuse the application, or terminate "
    "that agreement first; the applicant may amend it once it is active."
)
_RESUME_LATER = "Publish a version that the agreement fits, or narrow or terminate the agreement."


@dataclass(frozen=True, slots=True)
class Grant:
    """The owner's grant: the content of an agreement, which never changes.

    `contract` is the digest of a signed contract, and `billing` the price by which deliveries are billed.
    """

    application: UUID
    dataset: UUID
    dataset_version: int
    provider: UUID
    consumer: UUID
    lane: str
    purpose: str
    fields: tuple[str, ...]
    masks: dict[str, Any]
    row_filter: dict[str, Any] | None
    row_cap: int
    assessments: dict[str, Any]
    resharing: bool
    price: dict[str, Any] | None
    not_before: datetime
    not_after: datetime
    answers: tuple[str, ...] = ()
    amends: UUID | None = None
    provision: Literal["at_once", "later"] = "at_once"
    contract: str | None = None
    billing: Price | None = None

    def document(self) -> dict[str, Any]:
        """The document that both sides accept; its salted digest goes to the ledger."""
        return {
            "application": str(self.application),
            "consumer": str(self.consumer),
            "dataset": str(self.dataset),
            "dataset_version": self.dataset_version,
            "fields": list(self.fields),
            "lane": self.lane,
            "masks": self.masks,
            "not_after": rfc3339(self.not_after),
            "not_before": rfc3339(self.not_before),
            "provider": str(self.provider),
            "purpose": self.purpose,
            "row_cap": self.row_cap,
            "row_filter": self.row_filter,
            **({"answers": list(self.answers)} if self.answers else {}),
            **({"assessments": self.assessments} if self.assessments else {}),
            **({"resharing": True} if self.resharing else {}),
            **({"price": self.price} if self.price else {}),
            **({"billing": self.billing.document()} if self.billing else {}),
            **({"amends": str(self.amends)} if self.amends else {})
            | ({"contract": self.contract} if self.contract else {}),
        }


def lane_between(*, provider_kind: str, consumer_kind: str) -> Lane:
    """The lane between two kinds of organisation: government sharing, authorised operation, or trade."""
    if provider_kind != "department":
        return "trade"
    return "government" if consumer_kind == "department" else "operation"


def for_policy(agreement: AgreementView, terms: documents.Terms) -> documents.Agreement:
    """An agreement as a decision's input, beside the present terms. Raises ValidationError for one that no decision fits.

    What the terms of its conclusion demanded and the present terms do not is part of the agreement. Groups cannot be: an
    agreement that was granted for figures alone grants nothing without them. One whose data is not provided yet has not
    begun: it holds at no time.
    """
    is_provided = agreement.state != "provisioning"
    granted = agreement.terms
    rate = rate_of(granted["rate"]) if granted.get("rate") else None
    conditions = [*agreement.row_filters]
    if granted["row_filter"] and granted["row_filter"] not in terms.row_filters:
        conditions.insert(0, granted["row_filter"])
    is_void = (granted.get("min_group") or 0) > terms.min_group
    return documents.Agreement.model_validate(
        {
            "id": str(agreement.id),
            "consumer": str(agreement.consumer_id),
            "dataset": str(agreement.dataset_id),
            "lane": agreement.lane,
            "state": agreement.state if is_provided else "active",
            "not_before": int((agreement.not_before if is_provided else agreement.not_after).timestamp()),
            "not_after": int(agreement.not_after.timestamp()),
            "purposes": [agreement.purpose],
            "fields": [] if is_void else agreement.fields,
            "masks": agreement.masks,
            "row_filters": conditions,
            "row_cap": agreement.row_cap,
            "assessments": sorted(agreement.assessments),
            "rates": [rate] if rate is not None and rate not in terms.rates else [],
            "answers": [] if is_void else _unchanged_answers(agreement, terms),
            "module": granted.get("module") if granted.get("module") != terms.module else None,
            "consent": granted.get("consent", False) and not terms.consent,
            "without_basis": not granted.get("basis") and terms.basis is not None,
        }
    )


def _unchanged_answers(agreement: AgreementView, terms: documents.Terms) -> list[str]:
    """The answers that an agreement grants and that mean what they meant when it was concluded."""
    meant = {answer["name"]: answer["where"] for answer in agreement.terms.get("answers", ())}
    means = {answer.name: answer.where for answer in terms.answers}
    return [name for name in agreement.answers if name in means and means[name] == meant.get(name)]


async def conclude(work: Work, grant: Grant, terms: Terms) -> AgreementOut:
    """Conclude an agreement under the terms of its dataset's version: it is active at once, unless its data is provided later.

    An active one ends the agreement that it amends. Raises RequestInvalid for one that no decision could be made by,
    Conflict where the amended agreement has ended, cannot end, or is amended by another one already.
    """
    await _check_amended(work, grant)
    identifier, salt = new_id(), new_salt()
    try:
        digest = commitment(grant.document(), salt=salt)
    except canonical.NotCanonical as error:
        raise RequestInvalid(UNUSABLE, errors=[{"at": error.pointer, "error": error.reason}]) from error
    agreement = Agreement(
        id=identifier,
        application_id=grant.application,
        dataset_id=grant.dataset,
        dataset_version=grant.dataset_version,
        provider_id=grant.provider,
        consumer_id=grant.consumer,
        lane=grant.lane,
        purpose=grant.purpose,
        fields=list(grant.fields),
        answers=list(grant.answers),
        masks=grant.masks,
        row_filter=grant.row_filter,
        row_cap=grant.row_cap,
        assessments=grant.assessments,
        resharing=grant.resharing,
        price=grant.price,
        billing=None if grant.billing is None else grant.billing.document(),
        amends=grant.amends,
        contract=grant.contract,
        not_before=grant.not_before,
        not_after=grant.not_after,
        mask_key=work.runtime.seal.close(secrets.token_bytes(32), name=f"agreement/{identifier}"),
        digest=digest,
        salt=salt,
        concluded_at=work.runtime.clock.now(),
        state="active" if grant.provision == "at_once" else "provisioning",
    )
    view = view_of(agreement, terms=terms.model_dump(mode="json"))
    try:
        for_policy(view, terms_for_policy(terms))
    except ValidationError as error:
        raise RequestInvalid(UNUSABLE, errors=faults_of(error, at="agreement")) from error
    work.session.add(agreement)
    work.entry(
        entries.AgreementConcluded,
        about=("agreement", identifier),
        application=str(grant.application),
        consumer=str(grant.consumer),
        dataset=str(grant.dataset),
        document=digest,
        lane=grant.lane,
        not_after=rfc3339(grant.not_after),
        purpose=grant.purpose,
        assessments={name: commitment(assessment, salt=salt) for name, assessment in grant.assessments.items()},
        amends=None if grant.amends is None else str(grant.amends),
        provision=None if grant.provision == "at_once" else grant.provision,
        contract=grant.contract,
        price=None if grant.billing is None else commitment(grant.billing.document(), salt=salt),
    )
    if grant.lane == "government":
        await begin(
            work.session, agreement, USAGE if agreement.state == "active" else PROVIDE, at=agreement.concluded_at
        )
    if agreement.state == "active":
        await end_amended(work, agreement)
    return agreement_out(agreement, view, work.principal)


def agreement_out(
    row: Agreement, view: AgreementView, principal: Principal, narrowings: Sequence[AgreementNarrowing] = ()
) -> AgreementOut:
    """An agreement as a principal sees it: as it was concluded, and as it is in force. Only its owner sees the terms' filter."""
    concluded = {name: getattr(row, name) for name in AgreementOut.model_fields if hasattr(row, name)}
    terms_filter, rate = view.terms["row_filter"], view.terms.get("rate")
    in_force = {
        "fields": view.fields,
        "masks": view.masks,
        "row_filters": view.row_filters,
        "terms_filter": terms_filter if principal.organisation == row.provider_id else None,
        "has_terms_filter": terms_filter is not None,
        "row_cap": view.row_cap,
        "rate": rate,
        "not_after": view.not_after,
    }
    return AgreementOut.model_validate({**concluded, "in_force": in_force, "narrowings": list(narrowings)})


async def read_out(work: Work, rows: Sequence[Agreement]) -> list[AgreementOut]:
    """Agreements as the principal sees them, in their order."""
    narrowings = await queries.narrowings(work.session, [row.id for row in rows])
    pairs = zip(rows, await queries.views(work.session, rows), strict=True)
    return [agreement_out(row, view, work.principal, narrowings[row.id]) for row, view in pairs]


async def change(work: Work, *, agreement_id: UUID, verb: str, statement: Statement) -> Agreement:
    """Suspend, resume or terminate an agreement. The provider may do each; the consumer may terminate its own.

    Where the provider separates its duties, another person than the one who suspended it resumes it. Raises NotFound,
    Forbidden, Conflict, SecondPersonNeeded, AgreementsUnfit.
    """
    agreement = await queries.locked(work, agreement_id)
    by_owner = Act("agreement", verb, agreement.provider_id, "the owner of the data")
    by_consumer = Act("agreement", "end", agreement.consumer_id, "the consumer")
    work.permit_one(by_owner, *([by_consumer] if verb == "terminate" else []))
    is_demander = verb == "terminate" and not work.may("agreement", "terminate", agreement.provider_id)
    facts = await _facts(work, agreement, statement)
    try:
        step = machine_of(agreement.lane).step(
            agreement.state, "end" if is_demander and agreement.lane == "government" else verb, facts
        )
    except Refused as refused:
        raise refusal_of(refused, "An agreement", REMEDIES) from refused
    if verb == "resume":
        await _check_person(work, agreement)
        await check_fit(work, agreement)
    await _take(work, agreement, step, reason=statement.reason, ground=statement.ground)
    return agreement


async def activate(work: Work, *, agreement_id: UUID, statement: Statement) -> Agreement:
    """Activate an agreement whose data is provided now; it ends the one that it amends. Raises NotFound, Forbidden, Conflict."""
    agreement = await queries.locked_with_amended(work, agreement_id)
    work.permit("agreement", "activate", agreement.provider_id, side="the owner of the data")
    try:
        step = machine_of(agreement.lane).step(agreement.state, "activate")
    except Refused as refused:
        raise refusal_of(refused, "An agreement", REMEDIES) from refused
    await check_fit(work, agreement)
    await _take(work, agreement, step, reason=statement.reason)
    await end_amended(work, agreement)
    return agreement


async def _check_amended(work: Work, grant: Grant) -> None:
    """Lock the agreement that a grant amends, and check that it runs and that no other agreement replaces it. Raises Conflict.

    The lock holds until the commit, so that of two applications that amend one agreement the second one is refused.
    """
    if grant.amends is None:
        return
    before = await queries.lock_any(work.session, grant.amends)
    if before.state not in RUNNING:
        raise Conflict(_AMENDED_HAS_ENDED, state=before.state, amends=str(before.id))
    successors = [row for row in await queries.amending(work.session, before) if row.state in RUNNING]
    if successors:
        raise Conflict(_AMENDED_ALREADY, state=before.state, amends=str(before.id), successor=str(successors[0].id))


async def end_amended(work: Work, agreement: Agreement) -> None:
    """End the agreement that another one amends, in the transaction in which that one becomes active. Raises Conflict."""
    if agreement.amends is None:
        return
    before = await queries.lock_any(work.session, agreement.amends)
    if before.state not in RUNNING:
        return
    report = await deadlines.find_open(work.session, matter_of(before), REPORT.name)
    facts = {"no_report_undecided"} if report is None else set()
    try:
        step = machine_of(before.lane).step(before.state, "amend", facts)
    except Refused as refused:
        raise refusal_of(refused, "The agreement that is amended", REMEDIES) from refused
    await _take(work, before, step, reason=f"It is amended by the agreement {agreement.id}.")


async def _facts(work: Work, agreement: Agreement, statement: Statement) -> set[str]:
    """The facts that Decree 809 demands for a provider's termination."""
    if statement.consultation is not None:
        return set(_TO_TERMINATE)
    rectify = await deadlines.find_open(work.session, matter_of(agreement), "rectify")
    is_over = rectify is not None and rectify.is_overdue(work.runtime.clock.now())
    return {"time_to_rectify_over"} if is_over else set()


async def _check_person(work: Work, agreement: Agreement) -> None:
    """Check that the principal may resume an agreement that somebody suspended. Raises SecondPersonNeeded."""
    provider = await participants.organisation(work.session, agreement.provider_id)
    if not provider.separates_duties:
        return
    if await queries.last_suspended_by(work.session, agreement.id) == work.principal.id:
        raise SecondPersonNeeded(
            "You suspended the agreement; ask a member with the role approver, or another steward, to resume it."
        )


async def change_by_owner(work: Work, agreement: Agreement, *, verb: str, reason: str) -> None:
    """Suspend or terminate an agreement that is locked, as follows from what its owner does with the dataset.

    Raises Refused.
    """
    step = machine_of(agreement.lane).step(agreement.state, verb, _TO_TERMINATE)
    await _take(work, agreement, step, reason=reason)


async def _take(work: Work, agreement: Agreement, step: Step, *, reason: str, ground: str = "other") -> None:
    """Take a step of an agreement that is locked: its state, statement, entry and clocks."""
    agreement.state = step.target
    is_ordered = step.verb == "suspend" and agreement.lane == "government"
    state(work, agreement, type_=step.entry, reason=reason, ground=ground if is_ordered else None)
    await follow(work.session, agreement, step, at=work.runtime.clock.now(), ground=ground)
    if agreement.contract is not None and step.target == "terminated":
        await work.runtime[AgreementDependents].follow_termination(work, agreement.id, reason)


def state(work: Work, agreement: Agreement, *, type_: str, reason: str, ground: str | None = None) -> None:
    """Add a statement about an agreement, which both sides read, and its entry."""
    statement = AgreementStatement(
        id=new_id(),
        agreement_id=agreement.id,
        type=type_,
        reason=reason,
        salt=new_salt(),
        stated_at=work.runtime.clock.now(),
        by=work.principal.id,
        ground=ground,
    )
    work.session.add(statement)
    work.entry(
        entries.AgreementChanged,
        about=("agreement", agreement.id),
        type=type_,
        consumer=str(agreement.consumer_id),
        dataset=str(agreement.dataset_id),
        lane=agreement.lane,
        statement=commitment(reason, salt=statement.salt),
    )


async def check_fit(work: Work, agreement: Agreement) -> None:
    """Check that an agreement fits the published version of its dataset. Raises AgreementsUnfit."""
    listed = await catalog.any_dataset(work.session, str(agreement.dataset_id))
    if listed.version is None:
        return
    [view] = await queries.views(work.session, [agreement])
    faults = find_misfits(view, DatasetDocument.model_validate(listed.version.document))
    if faults:
        raise AgreementsUnfit.of([(agreement.id, agreement.consumer_id, faults)], _RESUME_LATER)
