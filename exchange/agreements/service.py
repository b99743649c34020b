"""The verbs of agreements: conclude, suspend, resume, terminate."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from exchange.agreements import queries
from exchange.agreements.models import Agreement, AgreementStatement
from exchange.agreements.schemas import AgreementOut, Lane
from exchange.agreements.view import AgreementView, view_of
from exchange.catalog.terms.checks import faults_of
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid
from exchange.kernel.work import Work
from ledger import entries
from ledger.format import canonical
from policies.decision import documents

_MASK_KEY_BYTES = 32
_UNUSABLE = "No decision could be made by such an agreement; correct what `errors` lists."
_VERBS: dict[str, tuple[str, frozenset[str]]] = {
    "suspend": ("suspended", frozenset({"active"})),
    "resume": ("active", frozenset({"suspended"})),
    "terminate": ("terminated", frozenset({"active", "suspended"})),
}
_ENTRY = {"suspend": "agreement.suspended", "resume": "agreement.resumed", "terminate": "agreement.terminated"}


@dataclass(frozen=True, slots=True)
class Grant:
    """The owner's grant: the content of an agreement, which never changes."""

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
            **({"assessments": self.assessments} if self.assessments else {}),
            **({"resharing": True} if self.resharing else {}),
            **({"price": self.price} if self.price else {}),
        }


def lane_between(*, provider_kind: str, consumer_kind: str) -> Lane:
    """The lane between two kinds of organisation: government sharing, authorised operation, or trade."""
    if provider_kind != "department":
        return "trade"
    return "government" if consumer_kind == "department" else "operation"


def for_policy(agreement: AgreementView) -> documents.Agreement:
    """An agreement as a decision's input. Raises ValidationError for one that no decision can be made by."""
    return documents.Agreement.model_validate(
        {
            "id": str(agreement.id),
            "consumer": str(agreement.consumer_id),
            "dataset": str(agreement.dataset_id),
            "lane": agreement.lane,
            "state": agreement.state,
            "not_before": int(agreement.not_before.timestamp()),
            "not_after": int(agreement.not_after.timestamp()),
            "purposes": [agreement.purpose],
            "fields": agreement.fields,
            "masks": agreement.masks,
            "row_filters": [agreement.row_filter] if agreement.row_filter else [],
            "row_cap": agreement.row_cap,
            "assessments": sorted(agreement.assessments),
        }
    )


def conclude(work: Work, grant: Grant) -> AgreementOut:
    """Conclude an agreement: it is active at once. Raises RequestInvalid for one that no decision could be made by."""
    identifier, salt = new_id(), new_salt()
    try:
        digest = commitment(grant.document(), salt=salt)
    except canonical.NotCanonical as error:
        raise RequestInvalid(_UNUSABLE, errors=[{"at": error.pointer, "error": error.reason}]) from error
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
        masks=grant.masks,
        row_filter=grant.row_filter,
        row_cap=grant.row_cap,
        assessments=grant.assessments,
        resharing=grant.resharing,
        price=grant.price,
        not_before=grant.not_before,
        not_after=grant.not_after,
        mask_key=work.runtime.seal.close(secrets.token_bytes(_MASK_KEY_BYTES), name=f"agreement/{identifier}"),
        digest=digest,
        salt=salt,
        concluded_at=work.runtime.clock.now(),
        state="active",
    )
    try:
        for_policy(view_of(agreement))
    except ValidationError as error:
        raise RequestInvalid(_UNUSABLE, errors=faults_of(error, at="agreement")) from error
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
    )
    return AgreementOut.model_validate(agreement)


async def change(work: Work, *, agreement_id: UUID, verb: str, reason: str) -> Agreement:
    """Suspend, resume or terminate an agreement. The provider may do each; the consumer may terminate its own.

    Raises NotFound, Forbidden, Conflict.
    """
    agreement = await queries.agreement(work.session, work.principal, agreement_id, lock=True)
    if verb != "terminate" or not work.may("agreement", "end", agreement.consumer_id):
        work.permit("agreement", verb, agreement.provider_id)
    target, allowed_from = _VERBS[verb]
    if agreement.state not in allowed_from:
        raise Conflict(
            f"Only an agreement that is {' or '.join(sorted(allowed_from))} can become {target}.", state=agreement.state
        )
    agreement.state = target
    statement = AgreementStatement(
        id=new_id(),
        agreement_id=agreement.id,
        type=_ENTRY[verb],
        reason=reason,
        salt=new_salt(),
        stated_at=work.runtime.clock.now(),
    )
    work.session.add(statement)
    work.entry(
        entries.AgreementChanged,
        about=("agreement", agreement.id),
        type=_ENTRY[verb],
        consumer=str(agreement.consumer_id),
        dataset=str(agreement.dataset_id),
        lane=agreement.lane,
        statement=commitment(reason, salt=statement.salt),
    )
    return agreement
