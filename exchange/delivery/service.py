"""Delivering: from a request whose form has been read to an answer that may leave.

Each attempt stands on facts of one place of the fence. The ledger refuses the entry when the fence has moved
meanwhile; then the facts are read again, the decision is made again, and what was read from the source is thrown away.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from adapters.contract import Rows, SourceError
from adapters.plan.plan import Plan
from exchange.delivery import planning, queries
from exchange.delivery.deciding import decide
from exchange.delivery.errors import RateExceeded, denial
from exchange.delivery.facts import Decided, Facts, Offer
from exchange.delivery.naming import NOBODY, Naming, name
from exchange.delivery.planning import Planned
from exchange.delivery.schemas import DeliveryRequest
from exchange.kernel.clock import rfc3339
from exchange.kernel.runtime import Runtime
from exchange.participants.door.admit import Claim
from exchange.participants.door.signed import Sender
from exchange.sources.service import problem_of
from ledger import entries
from ledger.log import store
from policies.decision.documents import Rate
from signatures import SignedRequest

_MIDNIGHT_IN_CHINA = 8 * 3600


@dataclass(slots=True)
class Attempt:
    """What is known so far of one attempt to answer; a refusal says as much of it as was established."""

    at: str
    now: int
    claim: Claim
    fence: int | None = None
    purpose: str | None = None
    offer: Offer | None = None
    decided: Decided | None = None
    naming: Naming = NOBODY

    @property
    def sender(self) -> Sender | None:
        """Who sent the request, once that is established."""
        return self.claim.sender

    def check_fence(self, fence: int) -> None:
        """Facts of one attempt come from one place of the fence. Raises store.FenceMoved."""
        if self.fence is not None and fence != self.fence:
            raise store.FenceMoved(fence)
        self.fence = fence

    def check_time(self, now: int) -> None:
        """A decision holds for a span of time, which what was read since can have outlasted. Raises Outlasted."""
        if self.decided is not None and not self.decided.begin <= now < self.decided.end:
            raise Outlasted


class Outlasted(store.Refused):
    """The time came to which the decision held before its entry could be appended; decide again."""


@dataclass(frozen=True, slots=True)
class Release:
    """An allowed delivery, planned and not read yet."""

    planned: Planned
    cap: int
    agreement: str
    plan_digest: str

    @property
    def plan(self) -> Plan:
        """What is read."""
        return self.planned.plan


async def prepare(
    runtime: Runtime, facts: Facts, attempt: Attempt, request: DeliveryRequest, *, limit: int | None
) -> Release:
    """Decide, and plan what is allowed: at most `limit` rows, None for all that the obligations leave.

    Raises the problem of a denial, NotFound, FilterInvalid, CursorInvalid, SourceFailed, SubjectsUnsettled.
    """
    assert attempt.sender is not None and attempt.purpose is not None  # noqa: S101, PT018 - the caller established both
    holder = attempt.sender.holder
    fence, offer = await facts.offer(holder.principal, request.dataset)
    attempt.check_fence(fence)
    attempt.offer = offer
    attempt.decided = await decide(
        runtime, facts, holder=holder, offer=offer, request=request, purpose=attempt.purpose, now=attempt.now
    )
    decision = attempt.decided.decision
    if not decision.allow or decision.obligations is None or decision.agreement is None:
        raise denial(decision)
    cap = decision.obligations.row_cap
    planned = planning.plan_for(
        request=request,
        offer=offer,
        decided=attempt.decided,
        agreement=decision.agreement,
        cap=cap,
        limit=limit,
        seal=runtime.seal,
    )
    if offer.subject_keys and request.filters:
        attempt.naming = await name(facts, fence, request, offer)
    plan_digest = planning.digest(
        planned.plan,
        offer=offer,
        decided=attempt.decided,
        agreement=decision.agreement,
        nonce=attempt.sender.signed.nonce,
    )
    await _count(runtime, attempt, decision.obligations.rates, decision.agreement)
    return Release(planned, cap, decision.agreement, plan_digest)


async def _count(runtime: Runtime, attempt: Attempt, rates: Sequence[Rate], agreement: str) -> None:
    """Count a request against every rate, before anything is read. Raises RateExceeded.

    A request is counted when it is allowed, whatever becomes of it: at most as many are answered as the terms say.
    """
    if not rates:
        return
    async with runtime.database.sessions.begin() as session:
        for rate in sorted(rates, key=lambda one: one.seconds):
            place = attempt.now + _MIDNIGHT_IN_CHINA
            if not await queries.count(
                session, UUID(agreement), seconds=rate.seconds, period=place // rate.seconds, most=rate.requests
            ):
                left = rate.seconds - place % rate.seconds
                raise RateExceeded("Ask again in the next period.", headers={"Retry-After": str(left)})


async def read(offer: Offer, plan: Plan) -> Rows:
    """The rows of a plan. Raises SourceFailed, SourceUnusable."""
    try:
        return await offer.adapter.read(plan)
    except SourceError as error:
        raise problem_of(error) from error


def common(attempt: Attempt) -> dict[str, Any]:
    """The fields that all entries of a delivery share."""
    offer, decided = attempt.offer, attempt.decided
    found: dict[str, Any] = {
        "at": attempt.at,
        "actor": attempt.claim.actor,
        "purpose": attempt.purpose,
        "request": attempt.claim.evidence,
    }
    if offer is not None:
        found |= {
            "dataset": str(offer.dataset),
            "lane": offer.lane,
            "object": entries.Object(kind="dataset", id=str(offer.dataset), version=offer.version),
        }
    if decided is not None and decided.decision.agreement is not None:
        found["agreement"] = decided.decision.agreement
    return found


def submission(attempt: Attempt, body: bytes, *, now: int) -> store.Submission:
    """An entry that rests on the attempt's facts and uses up the request's nonce, with what is sealed beside it.

    Raises Outlasted.
    """
    attempt.check_time(now)
    nonce = attempt.sender.nonce if attempt.sender is not None else None
    return store.Submission(body, nonce=nonce, fence=attempt.fence, sealed=attempt.naming.sealed)


def begin(runtime: Runtime, *, signed: SignedRequest | None = None) -> Attempt:
    """An attempt at the present time; of an earlier one only the signature's reading is kept."""
    now = runtime.clock.now()
    return Attempt(at=rfc3339(now), now=int(now.timestamp()), claim=Claim(signed))


def completed(attempt: Attempt, release: Release, *, rows: int, content: bytes) -> bytes:
    """The body of the entry of an answer that is complete before its first byte leaves.

    Each answer waits for this, so the bytes of `entries.DeliveryCompleted` are written without making one. Everything in
    them is of this exchange's making and ASCII (identifiers, digests, codes, counts), for which orjson's sorted output
    is the canonical form; a test holds the two together.
    """
    sender, offer, decided = attempt.sender, attempt.offer, attempt.decided
    assert sender is not None and offer is not None and decided is not None  # noqa: S101, PT018 - a release has all three
    principal, signed, dataset = sender.holder.principal, sender.signed, str(offer.dataset)
    return orjson.dumps(
        {
            "actor": {
                "key": principal.key,
                "organisation": str(principal.organisation),
                "principal": str(principal.id),
            },
            "agreement": release.agreement,
            "at": attempt.at,
            "dataset": dataset,
            "decision": decided.plain,
            "lane": offer.lane,
            "object": {"id": dataset, "kind": "dataset", "version": offer.version},
            "plan": release.plan_digest,
            "purpose": attempt.purpose,
            "request": {
                "base": hashlib.sha256(signed.base).hexdigest(),
                "signature": b64encode(signed.signature).decode("ascii"),
            },
            "result": {
                "bytes": len(content),
                "columns": len(release.plan.columns),
                "content": hashlib.sha256(content).hexdigest(),
                "rows": rows,
            },
            "type": "delivery.completed",
            **attempt.naming.fields,
        },
        option=orjson.OPT_SORT_KEYS,
    )
