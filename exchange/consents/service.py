"""The verbs of consents: ask, record what a person decided, revoke, invalidate.

Each locks the notice's scope first, then decides by the table of the lifecycle. State, who may be delivered, epoch and
entry change in one transaction.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from exchange.calendar import queries as calendar
from exchange.calendar.counting import day_of
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.consents import lifecycle, queries
from exchange.consents.deletions import service as deletions
from exchange.consents.errors import AskedTooSoon, ConsentInvalid, DecisionOutdated
from exchange.consents.lifecycle import CONSENT, OPEN, UNKNOWN, VALID
from exchange.consents.models import Consent, ConsentEvent, ConsentNotice, ConsentScope
from exchange.consents.notices import queries as notices
from exchange.consents.schemas import WRITTEN, Decision, PersonUnderNotice
from exchange.consents.statements import Change, loaded_statement, statement_of
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import driver
from exchange.kernel.problems import Conflict, NotFound, RequestInvalid
from exchange.kernel.work import Act, Work
from exchange.participants.reading import Reading
from exchange.subjects import numbers
from exchange.subjects.identity import parse_identity
from groundwork.lifecycle import Refused, Step
from ledger import entries

_VERBS = {"refused": "refuse", "deferred": "defer", "withdrawn": "withdraw"}


async def ask(work: Work, person: PersonUnderNotice) -> Consent:
    """Record that a person is asked. Raises NotFound, Forbidden, Conflict, ConsentInvalid, AskedTooSoon, RequestInvalid."""
    notice, scope, subject = await _lock(work, person, verb="ask")
    newest = await queries.newest(work.session, scope=scope.scope, subject=subject)
    now = work.runtime.clock.now()
    refused = await queries.newest_refusal(work.session, scope=scope.scope, subject=subject)
    again = await _askable_from(work, refused) if refused is not None else None
    facts = {lifecycle.IN_FORCE} if scope.closed_at is None else set()
    if again is None or again <= now:
        facts.add(lifecycle.UNREFUSED)
    state = newest.state if newest is not None and newest.state in OPEN else UNKNOWN
    step = _step(state, "ask", facts, again=again)
    consent = _new(scope, subject, asked_at=now)
    work.session.add(consent)
    await _record(work, notice, consent, step, Change(at=now))
    return consent


async def decide(work: Work, decision: Decision) -> Consent:
    """Record what a person decided. The same decision again changes nothing.

    Raises NotFound, Forbidden, Conflict, ConsentInvalid, DecisionOutdated, RequestInvalid.
    """
    now = work.runtime.clock.now()
    at = decision.at or now
    if at > now:
        fault = {"at": "body/at", "error": f"a time that is not after the exchange's clock, {rfc3339(now)}"}
        raise RequestInvalid("Correct what `errors` lists.", errors=[fault])
    notice, scope, subject = await _lock(work, decision, verb="record")
    return await _settle(work, decision, notice, scope, subject=subject, at=at)


async def decide_oneself(work: Work, decision: Decision, person: Mapping[bytes, int]) -> Consent:
    """Record what the person who acts decides, now. `person` are the lookups and numbers of their own identifiers.

    Raises NotFound, Conflict, ConsentInvalid, DecisionOutdated, RequestInvalid.
    """
    notice, _ = await notices.notice(work.session, Reading(everything=True), decision.notice)
    subject = person.get(await lookup_of(work, notice, decision.value))
    if subject is None:
        raise NotFound("There is no notice with this id about your data.")
    scope = await notices.lock_scope(work.session, notice.scope)
    return await _settle(work, decision, notice, scope, subject=subject, at=work.runtime.clock.now())


async def _settle(
    work: Work, decision: Decision, notice: ConsentNotice, scope: ConsentScope, *, subject: int, at: datetime
) -> Consent:
    now = work.runtime.clock.now()
    newest = await queries.newest(work.session, scope=scope.scope, subject=subject)
    last = await queries.last_decided(work.session, scope=scope.scope, subject=subject)
    if last is not None and last.decided_at is not None and last.decided_at >= at:
        if last.decided_at == at and last.state in _same(decision.decision):
            return last
        raise DecisionOutdated(
            f"The newer one is of {rfc3339(last.decided_at)}: {last.state}.", decided_at=rfc3339(last.decided_at)
        )
    state = newest.state if newest is not None and newest.state in OPEN else UNKNOWN
    verb = _VERBS.get(decision.decision) or ("renew" if state in VALID else "give")
    step = _step(state, verb, _facts(notice, scope, decision, at=at, now=now))
    consent = newest if newest is not None and newest.state in OPEN else _new(scope, subject, asked_at=None)
    if consent is not newest:
        work.session.add(consent)
    change = Change(
        at=at,
        until=at + timedelta(days=notice.term_days) if step.target in VALID else None,
        method=decision.method,
        proof=decision.proof,
        guardian=_seal_guardian(work, consent, decision),
    )
    await _record(work, notice, consent, step, change, person=decision.value)
    return consent


async def _askable_from(work: Work, refused: datetime) -> datetime:
    """When a person who refused may be asked again (Decree 790, Article 22)."""
    period = await calendar.parameter(work.session, "consent_ask_again", day_of(refused))
    return refused + timedelta(days=period.value)


async def end(work: Work, *, consent_id: UUID, verb: str, reason: str) -> Consent:
    """End a consent without the person: revoke it, or invalidate one that never was valid.

    Raises NotFound, Forbidden, Conflict.
    """
    own = Reading(owners=frozenset({work.principal.organisation}))
    consent, notice = await queries.consent(work.session, own, consent_id)
    work.permit_one(Act("consent", "end", notice.controller_id, "the owner of the data"))
    await notices.lock_scope(work.session, notice.scope)
    consent = await queries.locked(work.session, consent_id)
    step = _step(consent.state, verb, {lifecycle.STATED})
    await _record(work, notice, consent, step, Change(at=work.runtime.clock.now(), reason=reason))
    return consent


async def end_with_person(work: Work, subject: int) -> None:
    """End the consents of a person who is erased: nobody is delivered under them, and no name is kept with them."""
    for consent in await queries.valid_of_person(work.session, subject):
        notice = await notices.of_scope(work.session, consent.scope)
        step = _step(consent.state, "invalidate", {lifecycle.STATED})
        await _record(work, notice, consent, step, Change(at=work.runtime.clock.now(), reason="erasure"))
    await work.session.flush()
    await queries.forget_guardians(work.session, subject)


async def lock_person(work: Work, subject: int) -> None:
    """Lock the scopes that a person has records in, before the ledger's lock is taken."""
    for scope in await queries.scopes_of_person(work.session, subject):
        await notices.lock_scope(work.session, scope)


async def find_person(work: Work, person: PersonUnderNotice) -> tuple[ConsentNotice, int | None]:
    """A notice of the principal's organisation, and the number of a person, None for one without records.

    Raises NotFound, Forbidden, RequestInvalid.
    """
    notice = await notices.own_notice(work.session, work.principal.organisation, person.notice)
    work.permit("consent", "read", notice.controller_id, side="the owner of the data")
    lookup = await lookup_of(work, notice, person.value)
    found = await numbers.find(await driver(work.session), [lookup])
    return notice, found.get(lookup)


async def lookup_of(work: Work, notice: ConsentNotice, value: str | int) -> bytes:
    """The lookup of a person by the identifier in the notice's field. Raises RequestInvalid."""
    listed = await catalog.any_dataset(work.session, str(notice.dataset_id))
    if listed.version is None:
        raise Conflict("The dataset has no version.", state=listed.dataset.state)
    document = DatasetDocument.model_validate(listed.version.document)
    identity = parse_identity(notice.controller_id, document, field=notice.identified_by, value=value)
    return identity.lookup(work.runtime.seal)


async def _lock(work: Work, person: PersonUnderNotice, *, verb: str) -> tuple[ConsentNotice, ConsentScope, int]:
    """The notice, its scope, locked, and the person's number, which is given before and durable."""
    notice = await notices.own_notice(work.session, work.principal.organisation, person.notice)
    work.permit("consent", verb, notice.controller_id, side="the owner of the data")
    lookup = await lookup_of(work, notice, person.value)
    await work.pause()
    async with work.runtime.database.pool.acquire() as connection:
        [subject] = await numbers.ensure(connection, [lookup])
    notice = await notices.own_notice(work.session, work.principal.organisation, person.notice)
    return notice, await notices.lock_scope(work.session, notice.scope), subject


def _new(scope: ConsentScope, subject: int, *, asked_at: datetime | None) -> Consent:
    return Consent(id=uuid4(), scope=scope.scope, subject=subject, state=UNKNOWN, asked_at=asked_at, decided_at=None)


def _same(decision: str) -> frozenset[str]:
    return VALID if decision == "given" else frozenset({decision})


def _facts(notice: ConsentNotice, scope: ConsentScope, decision: Decision, *, at: datetime, now: datetime) -> set[str]:
    """The facts on which the validity of a consent rests."""
    document = notice.document
    is_child = decision.under_14 or "children_rules" in document
    holds = {
        lifecycle.IN_FORCE: scope.closed_at is None,
        lifecycle.INFORMED: at >= notice.in_use_since,
        lifecycle.IN_TERM: at + timedelta(days=notice.term_days) > now,
        lifecycle.PROVEN: decision.proof is not None,
        lifecycle.GUARDED: not is_child or decision.guardian is not None,
        lifecycle.FOR_CHILDREN: not decision.under_14 or "children_rules" in document,
        lifecycle.WRITTEN: not document["written"] or decision.method in WRITTEN,
    }
    return {fact for fact, does_hold in holds.items() if does_hold}


def _step(state: str, verb: str, facts: set[str], *, again: datetime | None = None) -> Step:
    """The step of the lifecycle; `again` is when a person who refused may be asked. Raises ConsentInvalid, Conflict,
    AskedTooSoon.
    """
    try:
        return CONSENT.step(state, verb, facts)
    except Refused as refused:
        if refused.lacking == (lifecycle.UNREFUSED,) and again is not None:
            until = rfc3339(again)
            raise AskedTooSoon(f"Ask after {until}; the person may consent at any time.", until=until) from refused
        if refused.lacking:
            raise ConsentInvalid.lacking(refused.lacking) from refused
        possible = ", ".join(verb for verb in refused.verbs if verb != "expire") or "none"
        raise Conflict(
            f"The person's consent under this notice is {state}; steps from there: {possible}.", state=state
        ) from refused


def _seal_guardian(work: Work, consent: Consent, decision: Decision) -> bytes | None:
    if decision.guardian is None:
        return None
    plain = json.dumps(decision.guardian.model_dump(), ensure_ascii=False).encode()
    return work.runtime.seal.close(plain, name=f"consent/{consent.id}/guardian")


async def _record(
    work: Work, notice: ConsentNotice, consent: Consent, step: Step, change: Change, *, person: str | int | None = None
) -> None:
    """Take a step: the record, who may be delivered, the event and the entry; where it ends a consent, the deletion too.

    `person` is the person's identifier where it is known, for the recipient who has to delete.
    """
    epoch = None
    was_valid = consent.state in VALID
    await _keep_loaded(work, consent)
    consent.state = step.target
    if step.role == "person":
        consent.decided_at = change.at
        consent.method = change.method or consent.method
        consent.proof = bytes.fromhex(change.proof) if change.proof is not None else consent.proof
        consent.guardian = change.guardian or consent.guardian
    if step.target in VALID and change.until is not None:
        consent.until = change.until
        await queries.admit(work.session, scope=consent.scope, subject=consent.subject, until=change.until)
    elif was_valid:
        now = work.runtime.clock.now()
        epoch = await queries.exclude(work.session, scope=consent.scope, subjects=[consent.subject], now=now)
    salt, statement = new_salt(), statement_of(notice, consent, change)
    await _add_event(work, consent, type_=step.entry, statement=statement, salt=salt)
    work.entry(
        entries.ConsentChanged,
        about=("consent", consent.id),
        type=step.entry,
        dataset=str(notice.dataset_id),
        notice=str(notice.id),
        statement=commitment(statement, salt=salt),
        epoch=epoch,
    )
    if epoch is not None:
        await deletions.order(work, notice, consent=consent, person=person)


async def _keep_loaded(work: Work, consent: Consent) -> None:
    """Keep what a load brought as an event, before another step changes the record."""
    if consent.load is None:
        return
    loaded = loaded_statement(consent, await queries.events(work.session, consent.id))
    if loaded is not None:
        await _add_event(work, consent, type_=f"consent.{consent.state}", statement=loaded, salt=new_salt())


async def _add_event(work: Work, consent: Consent, *, type_: str, statement: dict[str, Any], salt: str) -> None:
    await work.session.flush()
    work.session.add(
        ConsentEvent(
            consent_id=consent.id,
            number=await queries.count_events(work.session, consent.id),
            type=type_,
            statement=statement,
            salt=salt,
            recorded_at=work.runtime.clock.now(),
        )
    )
