"""The application of a signed order: both sides have agreed already, so it is approved in the act that begins it.

The checks are those of any application and approval, so that a contract opens no second way to the data.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from exchange.agreements.schemas import AgreementOut
from exchange.agreements.service import Grant, conclude, lane_between
from exchange.applications.bounds import faults_in_approval, faults_in_request
from exchange.applications.errors import OutsideTerms
from exchange.applications.lifecycle import machine_of
from exchange.applications.models import Application
from exchange.applications.schemas import Approval
from exchange.applications.service import offered, record_submission
from exchange.catalog import queries as catalog
from exchange.kernel.commitments import new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from ledger.billing.prices import Price

BETWEEN_DEPARTMENTS: Final = "Departments share data with each other free of charge: apply for the dataset instead."


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a contract that both sides signed grants. `contract` is its SHA-256 in hex; `row_cap` None is that of the terms.

    What is delivered is billed by `billing`, or with None not at all.
    """

    dataset: UUID
    consumer: UUID
    purpose: str
    fields: tuple[str, ...]
    answers: tuple[str, ...]
    basis: str
    scenario: str
    scope: str
    row_cap: int | None
    not_after: datetime
    contract: str
    billing: Price | None = None


async def grant(work: Work, ordered: Ordered) -> AgreementOut:
    """Apply and approve in one act what a contract grants; its agreement is active at once.

    Raises Conflict, NotShared, OutsideTerms, RequestInvalid.
    """
    now = work.runtime.clock.now()
    await catalog.lock_for_grant(work.session, ordered.dataset)
    listed = await catalog.any_dataset(work.session, str(ordered.dataset))
    document = offered(listed)
    consumer = await participants.organisation(work.session, ordered.consumer)
    lane = lane_between(provider_kind=listed.owner.kind, consumer_kind=consumer.kind)
    if lane == "government":
        raise Conflict(BETWEEN_DEPARTMENTS)
    application = Application(
        id=new_id(),
        dataset_id=listed.dataset.id,
        provider_id=listed.owner.id,
        consumer_id=consumer.id,
        lane=lane,
        purpose=ordered.purpose,
        fields=list(ordered.fields),
        answers=list(ordered.answers),
        basis=ordered.basis,
        scenario=ordered.scenario,
        scope=ordered.scope,
        method="api",
        row_filter=None,
        not_after=ordered.not_after,
        salt=new_salt(),
        state=machine_of(lane).step(machine_of(lane).start, "approve").target,
        is_return_flow=False,
        amends=None,
        drafted_by=work.principal.id,
        submitted_at=now,
        decided_at=now,
    )
    approval = Approval(row_cap=ordered.row_cap)
    faults = faults_in_request(
        document,
        consumer=consumer,
        purpose=ordered.purpose,
        fields=ordered.fields,
        answers=ordered.answers,
        row_filter=None,
        not_after=ordered.not_after,
        now=now,
    ) + faults_in_approval(document, application=application, approval=approval, now=now)
    if faults:
        raise OutsideTerms("The dataset's terms no longer offer what the contract grants.", errors=faults)
    work.session.add(application)
    record_submission(work, application)
    agreement = await conclude(
        work,
        Grant(
            application=application.id,
            dataset=application.dataset_id,
            dataset_version=listed.dataset.version,
            provider=application.provider_id,
            consumer=application.consumer_id,
            lane=lane,
            purpose=application.purpose,
            fields=ordered.fields,
            masks={},
            row_filter=None,
            row_cap=ordered.row_cap or document.terms.row_cap,
            assessments={},
            resharing=document.terms.resharing,
            price=None,
            not_before=now,
            not_after=ordered.not_after,
            answers=ordered.answers,
            contract=ordered.contract,
            billing=ordered.billing,
        ),
        document.terms,
    )
    application.agreement_id = agreement.id
    return agreement
