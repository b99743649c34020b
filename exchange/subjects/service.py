"""The verbs of erasure and legal holds. Each takes the ledger's lock before it reads.

So two verbs about one person run one after the other, no delivery adds a detail in between, and an erasure deletes all
details. The secret outside the database is destroyed after the commit: in the other order, a crash would leave details
that nobody can open and no entry that explains it.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import FAILURES
from exchange.kernel.identifiers import new_id
from exchange.kernel.keys.slots import SlotsMissing
from exchange.kernel.logs import log
from exchange.kernel.problems import Conflict, NotFound, Problem
from exchange.kernel.work import Work
from exchange.subjects import keys, queries
from exchange.subjects.cipher import Wrapped
from exchange.subjects.dependents import SubjectDependents
from exchange.subjects.errors import OnHold, RetentionRunning
from exchange.subjects.identity import Identity, parse_identity
from exchange.subjects.models import Erasure, Hold
from exchange.subjects.numbering.sidecars import Sidecars
from exchange.subjects.schemas import ErasureOut, NewErasure, NewHold, PersonReference
from exchange.subjects.settings import SubjectSettings
from ledger import entries

_NO_DATASET = "There is no such dataset, or none of whose people you may know."


@dataclass(frozen=True, slots=True)
class Person:
    """A person in a request: the identity, and the organisation whose identifier it is."""

    owner: UUID
    identity: Identity


async def identify(work: Work, reference: PersonReference) -> Person:
    """The person that a request means. Raises NotFound, RequestInvalid."""
    listed = await catalog.any_dataset(work.session, reference.dataset)
    if listed.version is None:
        raise NotFound(_NO_DATASET)
    document = DatasetDocument.model_validate(listed.version.document)
    owner = listed.owner.id
    identity = parse_identity(
        owner, document, field=reference.field, value=reference.value, by_field=reference.by_field
    )
    return Person(owner, identity)


async def erase(work: Work, wanted: NewErasure) -> ErasureOut | Problem:
    """Destroy a subject's key and all details sealed under it. A refusal is returned, since it leaves an entry too.

    Raises Forbidden, NotFound, RequestInvalid.
    """
    work.permit("subject", "erase", "exchange")
    reference = wanted.person
    person = await identify(work, reference) if reference is not None else None
    await _prepare(work, person, wanted)
    index = await work.order()
    if person is not None:
        row = await queries.by_lookup(work.session, person.identity.lookup(work.runtime.seal))
        if row is None:
            return ErasureOut(outcome="nothing-held")
        pseudonym = row.pseudonym
    else:
        pseudonym = bytes.fromhex(wanted.subject or "")
        row = await queries.by_pseudonym(work.session, pseudonym)
    erasure = (await queries.erasures(work.session, [pseudonym])).get(pseudonym)
    if erasure is not None:
        return await _repeat(work, erasure, row)
    if row is None:
        return ErasureOut(outcome="nothing-held")
    refusal = await _refusal(work, row, wanted)
    return refusal if refusal is not None else await _execute(work, row, wanted, index=index)


async def _prepare(work: Work, person: Person | None, wanted: NewErasure) -> None:
    """Before the ledger's lock: take the locks of what rests on the person.

    A person who has a number and no key yet gets one, so that the erasure has its entry.
    """
    lookup = await _lookup_of(work, person, wanted)
    number = await queries.number_of(work.session, lookup) if lookup is not None else None
    if lookup is None or number is None:
        return
    if person is not None and await queries.by_lookup(work.session, lookup) is None:
        await work.pause()
        await keys.ensure(work.runtime, [person.identity])
    await work.runtime[SubjectDependents].lock(work, number)


async def _lookup_of(work: Work, person: Person | None, wanted: NewErasure) -> bytes | None:
    if person is not None:
        return person.identity.lookup(work.runtime.seal)
    row = await queries.by_pseudonym(work.session, bytes.fromhex(wanted.subject or ""))
    return row.lookup if row is not None else None


async def _forget_number(work: Work, lookup: bytes) -> None:
    number = await queries.number_of(work.session, lookup)
    if number is not None:
        await work.runtime[SubjectDependents].follow_erasure(work, number)
        await queries.delete_number(work.session, lookup)
        work.afterwards.append(lambda: _forget_rows(work, number))


async def _repeat(work: Work, erasure: Erasure, row: Wrapped | None) -> ErasureOut:
    """Repeat an erasure: delete what an old copy of the database brought back, and what a crash left outside."""
    if row is not None:
        await _forget_number(work, row.lookup)
        await queries.destroy(work.session, row)
    work.afterwards.append(lambda: _finish(work))
    return ErasureOut(
        outcome="executed-before", subject=erasure.pseudonym.hex(), entry=erasure.entry, details=erasure.details
    )


async def _refusal(work: Work, row: Wrapped, wanted: NewErasure) -> Problem | None:
    until = await _retained_until(work, row.pseudonym)
    refusal: Problem | None = None
    if await queries.holds(work.session, pseudonym=row.pseudonym):
        refusal, until = OnHold("Lift the hold first; a security administrator may."), None
    elif until is not None:
        refusal = RetentionRunning(f"It ends at {rfc3339(until)}; ask again after this time.", until=rfc3339(until))
    if refusal is not None:
        work.entry(
            entries.ErasureRefused,
            about=_subject(row.pseudonym),
            basis=wanted.basis,
            cause="retention" if until is not None else "legal-hold",
            until=rfc3339(until) if until is not None else None,
        )
    return refusal


async def _retained_until(work: Work, pseudonym: bytes) -> datetime | None:
    """The end of the retention of a subject's newest details; None where it is over."""
    newest = await queries.newest_about(work.session, pseudonym)
    if newest is None:
        return None
    end = datetime.fromisoformat(json.loads(newest)["body"]["at"]) + timedelta(
        days=work.runtime[SubjectSettings].retention_days
    )
    return end if end > work.runtime.clock.now() else None


async def _execute(work: Work, row: Wrapped, wanted: NewErasure, *, index: int) -> ErasureOut:
    details = await queries.destroy(work.session, row)
    work.session.add(
        Erasure(
            pseudonym=row.pseudonym,
            key_id=row.key_id,
            slot=row.slot,
            entry=index,
            details=details,
            erased_at=work.runtime.clock.now(),
        )
    )
    work.entry(
        entries.ErasureExecuted,
        about=_subject(row.pseudonym),
        basis=wanted.basis,
        details=details,
        key_id=str(row.key_id),
    )
    await _forget_number(work, row.lookup)
    work.afterwards.append(lambda: _finish(work))
    return ErasureOut(outcome="executed", subject=row.pseudonym.hex(), entry=index, details=details)


async def _finish(work: Work) -> None:
    """Destroy the slot. After a failure the next erasure or start does it, since the ledger has this one."""
    try:
        await keys.finish_erasures(work.runtime)
    except (SlotsMissing, *FAILURES) as error:
        log().error("an erasure is not finished outside the database", exc_info=error)


async def _forget_rows(work: Work, number: int) -> None:
    """Take the person out of the sidecars of files. After a failure the next start removes those that could have them."""
    try:
        await work.runtime[Sidecars].forget(number)
    except OSError as error:
        log().error("an erased person's number is left in a sidecar until the next start", exc_info=error)


async def place(work: Work, wanted: NewHold) -> Hold:
    """Place a hold on a person's details, present and future. Raises Forbidden, NotFound, RequestInvalid, Conflict."""
    work.permit("subject", "hold", "exchange")
    person = await identify(work, wanted)
    await work.pause()
    await keys.ensure(work.runtime, [person.identity])
    index = await work.order()
    row = await queries.by_lookup(work.session, person.identity.lookup(work.runtime.seal))
    if row is None:
        raise Conflict("The person's details were erased a moment ago; send the request again.")
    hold = Hold(
        id=new_id(),
        pseudonym=row.pseudonym,
        basis=wanted.basis,
        reason=wanted.reason,
        salt=new_salt(),
        placed_entry=index,
        placed_at=work.runtime.clock.now(),
        lifting=None,
        lifted_at=None,
    )
    work.session.add(hold)
    work.entry(
        entries.HoldPlaced,
        about=_subject(row.pseudonym),
        basis=wanted.basis,
        hold=str(hold.id),
        statement=commitment(wanted.reason, salt=hold.salt),
    )
    return hold


async def lift(work: Work, hold_id: UUID, *, reason: str) -> Hold:
    """Lift a hold. Raises Forbidden, NotFound, Conflict."""
    work.permit("subject", "hold", "exchange")
    await work.order()
    hold = await queries.hold(work.session, hold_id)
    if hold.lifted_at is not None:
        raise Conflict("The hold has been lifted already.", state="lifted")
    hold.lifting = reason
    hold.lifted_at = work.runtime.clock.now()
    work.entry(
        entries.HoldLifted,
        about=_subject(hold.pseudonym),
        hold=str(hold.id),
        statement=commitment(reason, salt=hold.salt),
    )
    return hold


def _subject(pseudonym: bytes) -> tuple[str, str]:
    return "subject", pseudonym.hex()
