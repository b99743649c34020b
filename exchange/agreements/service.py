"""The verbs of agreements."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.agreements import queries
from exchange.agreements.models import Agreement
from exchange.agreements.schemas import Lane
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work, driver
from ledger import bodies, canonical, store

_MASK_KEY_BYTES = 32
_VERBS: dict[str, tuple[str, frozenset[str]]] = {
    "suspend": ("suspended", frozenset({"active"})),
    "resume": ("active", frozenset({"suspended"})),
    "terminate": ("terminated", frozenset({"active", "suspended"})),
}
_ENTRY = {"suspend": "agreement.suspended", "resume": "agreement.resumed", "terminate": "agreement.terminated"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What the owner grants: everything of the agreement but its own life."""

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
    not_before: datetime
    not_after: datetime

    def document(self) -> dict[str, Any]:
        """What both sides accept, in the form whose digest goes to the ledger."""
        return {
            "application": str(self.application),
            "consumer": str(self.consumer),
            "dataset": str(self.dataset),
            "dataset_version": self.dataset_version,
            "fields": list(self.fields),
            "lane": self.lane,
            "masks": canonical_text(self.masks),
            "not_after": rfc3339(self.not_after),
            "not_before": rfc3339(self.not_before),
            "provider": str(self.provider),
            "purpose": self.purpose,
            "row_cap": self.row_cap,
            "row_filter": canonical_text(self.row_filter),
        }


def lane_between(*, provider_kind: str, consumer_kind: str) -> Lane:
    """The rule set between two kinds of organisation: sharing between departments, their authorised operation, or trade."""
    if provider_kind != "department":
        return "trade"
    return "government" if consumer_kind == "department" else "operation"


def canonical_text(value: Any) -> Any:
    """A JSON value whose floating-point numbers are written out as text, which RFC 8785 as used here does not print."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: canonical_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [canonical_text(item) for item in value]
    return value


def conclude(work: Work, grant: Grant) -> Agreement:
    """Conclude an agreement: it is active at once."""
    identifier = new_id()
    digest = hashlib.sha256(canonical.dumps(grant.document())).hexdigest()
    agreement = Agreement(
        id=identifier,
        application_id=grant.application,
        dataset_id=grant.dataset,
        provider_id=grant.provider,
        consumer_id=grant.consumer,
        lane=grant.lane,
        purpose=grant.purpose,
        fields=list(grant.fields),
        masks=grant.masks,
        row_filter=grant.row_filter,
        row_cap=grant.row_cap,
        not_before=grant.not_before,
        not_after=grant.not_after,
        mask_key=work.runtime.seal.close(secrets.token_bytes(_MASK_KEY_BYTES), name=f"agreement/{identifier}"),
        digest=digest,
        concluded_at=work.runtime.clock.now(),
        state="active",
    )
    work.session.add(agreement)
    work.record(
        bodies.AgreementConcluded.model_validate(
            {
                "at": work.now,
                "actor": work.principal.actor,
                "request": work.request,
                "object": bodies.Object(kind="agreement", id=str(identifier)),
                "application": str(grant.application),
                "consumer": str(grant.consumer),
                "dataset": str(grant.dataset),
                "document": digest,
                "lane": grant.lane,
                "not_after": rfc3339(grant.not_after),
                "purpose": grant.purpose,
            }
        )
    )
    return agreement


async def change(work: Work, *, agreement_id: UUID, verb: str, reason: str) -> Agreement:
    """Suspend, resume or terminate an agreement. The provider may do each; the consumer may end its own."""
    agreement = await queries.agreement(work.session, work.principal, agreement_id, lock=True)
    if verb == "terminate" and work.may("agreement", "end", agreement.consumer_id):
        pass
    else:
        work.permit("agreement", verb, agreement.provider_id)
    target, allowed_from = _VERBS[verb]
    if agreement.state not in allowed_from:
        raise Conflict(
            f"Only an agreement that is {' or '.join(sorted(allowed_from))} can become {target}.", state=agreement.state
        )
    agreement.state = target
    work.record(
        bodies.AgreementChanged.model_validate(
            {
                "type": _ENTRY[verb],
                "at": work.now,
                "actor": work.principal.actor,
                "request": work.request,
                "object": bodies.Object(kind="agreement", id=str(agreement.id)),
                "consumer": str(agreement.consumer_id),
                "dataset": str(agreement.dataset_id),
                "lane": agreement.lane,
                "statement": hashlib.sha256(reason.encode()).hexdigest(),
            }
        )
    )
    return agreement


async def expire_overdue(session: AsyncSession, now: datetime) -> int:
    """Say of agreements whose time is over that they have expired, in one transaction with the entries that say so.

    Decisions do not wait for this: they compare the times themselves.
    """
    found = await queries.overdue(session, now)
    if found:
        submissions = []
        for agreement in found:
            agreement.state = "expired"
            body = bodies.AgreementChanged.model_validate(
                {
                    "type": "agreement.expired",
                    "at": rfc3339(now),
                    "actor": bodies.Actor(),
                    "object": bodies.Object(kind="agreement", id=str(agreement.id)),
                    "consumer": str(agreement.consumer_id),
                    "dataset": str(agreement.dataset_id),
                    "lane": agreement.lane,
                }
            )
            submissions.append(store.Submission(body.canonical()))
        await session.flush()
        await store.append(await driver(session), submissions, advance_fence=True)
    await session.commit()
    return len(found)
