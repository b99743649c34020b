"""The verbs of erasure and legal holds. All of them order themselves behind the ledger's lock before they look.

So two that are about one person follow each other, no delivery adds a detail in between, and what is deleted is all there
is. What lies outside the database is destroyed after the commit: the other way round, a crash in between would leave
details that nobody can read and no entry that says why.
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
from exchange.subjects import identity, keys, queries
from exchange.subjects.cipher import Wrapped
from exchange.subjects.errors import OnHold, RetentionRunning
from exchange.subjects.identity import Identity
from exchange.subjects.queries import Hold
from exchange.subjects.schemas import ErasureOut, NewErasure, NewHold
from exchange.subjects.settings import SubjectSettings
from ledger import entries

_NO_DATASET = "There is no such dataset, or none of whose people you may know."


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a request names one, with the organisation whose identifier it is."""

    owner: UUID
    identity: Identity


async def person(work: Work, *, dataset: str, field: str | None, value: str | int) -> Person:
    """Whom a request means. Raises NotFound, RequestInvalid."""
    listed = await catalog.any_dataset(work.session, dataset)
    if listed.version is None:
        raise NotFound(_NO_DATASET)
    document = DatasetDocument.model_validate(listed.version.document)
    return Person(listed.owner.id, identity.asked(listed.owner.id, document, field=field, value=value))


async def erase(work: Work, wanted: NewErasure) -> ErasureOut | Problem:
    """Destroy a subject's key and all that is sealed under it; a refusal is returned, since it leaves an entry too.

    Raises Forbidden, NotFound, RequestInvalid.
    """
    work.permit("subject", "erase", "exchange")
    named = None
    if wanted.dataset is not None and wanted.value is not None:
        named = await person(work, dataset=wanted.dataset, field=wanted.field, value=wanted.value)
    index = await work.order()
    if named is not None:
        row = await queries.by_lookup(work.session, named.identity.lookup(work.runtime.seal))
        if row is None:
            return ErasureOut(outcome="nothing-held")
        pseudonym = row.pseudonym
    else:
        pseudonym = bytes.fromhex(wanted.subject or "")
        row = await queries.by_pseudonym(work.session, pseudonym)
    before = (await queries.erasures(work.session, [pseudonym])).get(pseudonym)
    if before is not None:
        return await _before(work, before, row)
    if row is None:
        return ErasureOut(outcome="nothing-held")
    refusal = await _refusal(work, row, wanted)
    return refusal if refusal is not None else await _execute(work, row, wanted, index=index)


async def _before(work: Work, before: queries.Erasure, row: Wrapped | None) -> ErasureOut:
    """What was erased stays so: what an old copy of the database brought back goes, as does what a crash left outside."""
    if row is not None:
        await queries.destroy(work.session, row)
    work.afterwards.append(lambda: _finish(work))
    return ErasureOut(
        outcome="executed-before", subject=before.pseudonym.hex(), entry=before.entry, details=before.details
    )


async def _refusal(work: Work, row: Wrapped, wanted: NewErasure) -> Problem | None:
    until = await _kept_until(work, row.pseudonym)
    refused: Problem | None = None
    if await queries.holds(work.session, pseudonym=row.pseudonym):
        refused, until = OnHold("Lift the hold first; a security administrator may."), None
    elif until is not None:
        refused = RetentionRunning("Ask again when it has ended.", until=rfc3339(until))
    if refused is not None:
        work.record(
            entries.ErasureRefused(
                at=work.now,
                actor=work.principal.actor,
                request=work.request,
                object=_subject(row.pseudonym),
                basis=wanted.basis,
                cause="retention" if until is not None else "legal-hold",
                until=rfc3339(until) if until is not None else None,
            )
        )
    return refused


async def _kept_until(work: Work, pseudonym: bytes) -> datetime | None:
    """When the retention of a subject's newest detail ends, where it has not."""
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
        queries.Erasure(
            pseudonym=row.pseudonym,
            key_id=row.key_id,
            slot=row.slot,
            entry=index,
            details=details,
            erased_at=work.runtime.clock.now(),
        )
    )
    work.record(
        entries.ErasureExecuted(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            object=_subject(row.pseudonym),
            basis=wanted.basis,
            details=details,
            key_id=str(row.key_id),
        )
    )
    work.afterwards.append(lambda: _finish(work))
    return ErasureOut(outcome="executed", subject=row.pseudonym.hex(), entry=index, details=details)


async def _finish(work: Work) -> None:
    """Destroy the slot. What fails here is done by the next erasure or the next start, and is on the ledger already."""
    try:
        await keys.finish(work.runtime)
    except (SlotsMissing, *FAILURES) as error:
        log().error("an erasure is not finished outside the database", exc_info=error)


async def place(work: Work, wanted: NewHold) -> Hold:
    """Place a hold on a person's details, known or not yet. Raises Forbidden, NotFound, RequestInvalid."""
    work.permit("subject", "hold", "exchange")
    named = await person(work, dataset=wanted.dataset, field=wanted.field, value=wanted.value)
    await work.pause()
    await keys.ensure(work.runtime, [named.identity])
    index = await work.order()
    row = await queries.by_lookup(work.session, named.identity.lookup(work.runtime.seal))
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
    work.record(
        entries.HoldPlaced(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            object=_subject(row.pseudonym),
            basis=wanted.basis,
            hold=str(hold.id),
            statement=commitment(wanted.reason, salt=hold.salt),
        )
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
    work.record(
        entries.HoldLifted(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            object=_subject(hold.pseudonym),
            hold=str(hold.id),
            statement=commitment(reason, salt=hold.salt),
        )
    )
    return hold


def _subject(pseudonym: bytes) -> entries.Object:
    return entries.Object(kind="subject", id=pseudonym.hex())
