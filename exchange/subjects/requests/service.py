"""The verbs of people's requests. A person's verbs take the identities that the portal has verified."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from exchange.calendar import deadlines
from exchange.calendar import queries as calendar
from exchange.calendar.counting import DeadlineView, Matter
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import CatalogueSearch, DatasetDocument
from exchange.catalog.view import Listed
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants.reading import Reading, demand_reading
from exchange.subjects import keys
from exchange.subjects.identity import Identity, scheme_of, subject_keys
from exchange.subjects.requests import lifecycle, queries
from exchange.subjects.requests.errors import AnswerIncomplete, NotHeld, RequestOpen, RequestsExceeded
from exchange.subjects.requests.lifecycle import REQUEST
from exchange.subjects.requests.models import PersonRequest
from exchange.subjects.requests.schemas import NewAnswer, NewPersonRequest, NewRefusal, NewRestriction, PersonRequestOut
from groundwork.lifecycle import Refused, Step
from ledger import entries

_PAGE = 500
_MOST_A_DAY = 200
_RESTRICTABLE = frozenset({"delete", "restrict"})


@dataclass(frozen=True, slots=True)
class Known:
    """A person as a dataset identifies them: by which field, under which identity and number."""

    listed: Listed
    field: str
    identity: Identity
    number: int


async def known_by(work: Work, identities: Mapping[Identity, int], *, dataset: str | None = None) -> list[Known]:
    """The published datasets that identify a person by one of these identities, or the one that is named. Raises NotFound."""
    if dataset is not None:
        listed = await catalog.any_dataset(work.session, dataset)
        return _known(listed, identities)
    datasets: list[Known] = []
    after = None
    while page := await catalog.datasets(work.session, None, CatalogueSearch(after=after), limit=_PAGE):
        after = page[-1].dataset.id
        datasets += [known for listed in page for known in _known(listed, identities)]
    return datasets


def _known(listed: Listed, identities: Mapping[Identity, int]) -> list[Known]:
    if listed.version is None or listed.dataset.state != "published":
        return []
    schemes = {identity.scheme: identity for identity in identities}
    for key in subject_keys(DatasetDocument.model_validate(listed.version.document)).values():
        identity = schemes.get(scheme_of(listed.owner.id, key))
        if identity is not None:
            return [Known(listed, key.name, identity, identities[identity])]
    return []


async def send(work: Work, identities: Mapping[Identity, int], new: NewPersonRequest) -> list[PersonRequestOut]:
    """Send a request to the owners. Raises NotFound, NotHeld, RequestOpen, RequestsExceeded."""
    since = work.runtime.clock.now() - timedelta(days=1)
    if await queries.count_since(work.session, list(identities.values()), since) >= _MOST_A_DAY:
        raise RequestsExceeded(f"After {_MOST_A_DAY} requests, the next one is taken a day after the first.")
    known = await known_by(work, identities, dataset=new.dataset)
    if not known:
        raise NotHeld("Bind another identifier, or ask the organisation itself.")
    await work.pause()
    subjects = await keys.ensure(work.runtime, {one.identity for one in known})
    sent = []
    for one in known:
        dataset, now = one.listed.dataset.id, work.runtime.clock.now()
        if await queries.is_open(work.session, number=one.number, dataset=dataset, kind=new.kind):
            if new.dataset is None:
                continue
            raise RequestOpen("GET /portal/requests lists it.")
        step = REQUEST.step(REQUEST.start, "send")
        identifier, salt = new_id(), new_salt()
        question = {"field": one.field, "value": one.identity.value, "text": new.text}
        row = PersonRequest(
            id=identifier,
            kind=new.kind,
            number=one.number,
            dataset_id=dataset,
            owner_id=one.listed.owner.id,
            state=step.target,
            question=_seal(work, identifier, "question", question),
            answer=None,
            salt=salt,
            received_at=now,
            answered_at=None,
        )
        work.session.add(row)
        matter = Matter("person_request", identifier)
        for clock in step.starts:
            await deadlines.start(
                work.session, matter, clock.name, parameter=clock.parameter, organisation=row.owner_id, at=now
            )
        _enter(work, row, step, statement=new.text, subject=subjects[one.identity].pseudonym)
        sent.append(await _out(work, row, opened=True))
    if not sent:
        raise RequestOpen("GET /portal/requests lists them.")
    return sent


async def withdraw(work: Work, numbers: Sequence[int], identifier: UUID) -> PersonRequestOut:
    """Withdraw a request of one's own that waits, or lift the restriction that one asked for. Raises NotFound, Conflict."""
    row = await queries.persons_request(work.session, numbers, identifier)
    if row.kind == "restrict" and row.state != "received":
        await _answer(work, row, "lift", {lifecycle.RESTRICTION}, {})
    else:
        await _answer(work, row, "withdraw", set(), {})
    return await _out(work, row, opened=True)


async def grant(work: Work, identifier: UUID, new: NewAnswer) -> PersonRequestOut:
    """Grant a request. Raises NotFound, Forbidden, Conflict, AnswerIncomplete."""
    row = await _to_answer(work, identifier)
    facts = {lifecycle.EVIDENCE} if new.statement is not None or new.document is not None else set()
    await _answer(work, row, "grant", facts, new.model_dump(exclude_none=True))
    return await _out(work, row, opened=False)


async def refuse(work: Work, identifier: UUID, new: NewRefusal) -> PersonRequestOut:
    """Refuse a request. Raises NotFound, Forbidden, Conflict, AnswerIncomplete."""
    row = await _to_answer(work, identifier)
    facts = {lifecycle.REASONS} if new.reasons is not None else set()
    facts |= {lifecycle.COMPLAINT} if new.complaint is not None else set()
    await _answer(work, row, "refuse", facts, new.model_dump(exclude_none=True))
    return await _out(work, row, opened=False)


async def restrict(work: Work, identifier: UUID, new: NewRestriction) -> PersonRequestOut:
    """Store the data and do nothing else with it, instead of a deletion. Raises as refuse does."""
    row = await _to_answer(work, identifier)
    facts = {lifecycle.REASONS} if new.reasons is not None else set()
    facts |= {lifecycle.LAW} if new.law is not None else set()
    facts |= {lifecycle.RESTRICTABLE} if row.kind in _RESTRICTABLE else set()
    await _answer(work, row, "restrict", facts, new.model_dump(exclude_none=True))
    return await _out(work, row, opened=False)


async def read(work: Work, identifier: UUID) -> PersonRequestOut:
    """Open a request to one's organisation: who it is about, and what they want. The reading is an entry.

    Raises NotFound, Forbidden.
    """
    row = await _to_answer(work, identifier)
    work.entry(entries.DetailsDisclosed, about=("person_request", row.id), found=int(row.question is not None))
    return await _out(work, row, opened=True)


async def listed(work: Work, *, state: str | None, after: UUID | None, limit: int) -> list[PersonRequestOut]:
    """Requests to one's organisation, without who they are about. Raises Forbidden."""
    rows = await queries.requests(
        work.session, demand_reading(work, "person_request"), state=state, after=after, limit=limit
    )
    return await _outs(work, rows, opened=False)


async def of_person(work: Work, numbers: Sequence[int]) -> list[PersonRequestOut]:
    """A person's own requests."""
    return await _outs(work, await queries.of_person(work.session, numbers), opened=True)


async def lock_person(work: Work, number: int) -> None:
    """Lock the requests of a person before the ledger's lock is taken, since whoever answers one locks in that order."""
    await queries.lock_of_person(work.session, number)


async def end_with_person(work: Work, number: int) -> None:
    """After an erasure: the clocks end, and nothing is left of who asked and what."""
    now = work.runtime.clock.now()
    for identifier in await queries.open_of_person(work.session, number):
        await deadlines.stop_all(work.session, Matter("person_request", identifier), at=now, outcome="erased")
    await queries.forget(work.session, number)


async def _to_answer(work: Work, identifier: UUID) -> PersonRequest:
    own = Reading(owners=frozenset({work.principal.organisation}))
    row = await queries.request(work.session, own, identifier)
    work.permit("person_request", "answer", row.owner_id, side="the owner of the data")
    return row


async def _answer(work: Work, row: PersonRequest, verb: str, facts: set[str], answer: dict[str, Any]) -> None:
    try:
        step = REQUEST.step(row.state, verb, facts)
    except Refused as refused:
        if refused.lacking:
            raise AnswerIncomplete.of(refused.lacking) from refused
        raise Conflict(f"The request is {row.state}.", state=row.state) from refused
    if row.question is None:
        raise Conflict("The person was erased; nobody waits for an answer.", state="erased")
    now, did_restrict = work.runtime.clock.now(), _restricts(row)
    row.state, row.answered_at = step.target, now
    if answer:
        row.answer = _seal(work, row.id, "answer", answer)
    for clock in step.stops:
        await deadlines.stop(work.session, Matter("person_request", row.id), clock, at=now, outcome=step.target)
    _enter(work, row, step, statement=answer)
    if did_restrict != _restricts(row):
        work.entry(
            entries.RestrictionChanged,
            about=("person_request", row.id),
            type="restriction.ended" if did_restrict else "restriction.begun",
            dataset=str(row.dataset_id),
            provider=str(row.owner_id),
        )


def _restricts(row: PersonRequest) -> bool:
    """Whether no delivery has rows about the person; `RESTRICTING` says the same to the database."""
    return row.state == "restricted_storage" or (row.state == "granted" and row.kind == "restrict")


def _enter(work: Work, row: PersonRequest, step: Step, *, statement: Any, subject: bytes | None = None) -> None:
    work.entry(
        entries.PersonRequestChanged,
        about=("person_request", row.id),
        type=step.entry,
        kind=row.kind,
        dataset=str(row.dataset_id),
        provider=str(row.owner_id),
        statement=commitment(statement, salt=row.salt) if statement else None,
        subjects=[subject.hex()] if subject is not None else None,
    )


def _seal(work: Work, identifier: UUID, part: str, value: Any) -> bytes:
    return work.runtime.seal.close(json.dumps(value).encode(), name=f"person_request/{identifier}/{part}")


def _open(work: Work, row: PersonRequest, part: str, sealed: bytes | None) -> dict[str, Any] | None:
    if sealed is None:
        return None
    opened: dict[str, Any] = json.loads(work.runtime.seal.open(sealed, name=f"person_request/{row.id}/{part}"))
    return opened


async def _out(work: Work, row: PersonRequest, *, opened: bool) -> PersonRequestOut:
    [out] = await _outs(work, [row], opened=opened)
    return out


async def _outs(work: Work, rows: Sequence[PersonRequest], *, opened: bool) -> list[PersonRequestOut]:
    """Requests as answers; with `opened`, with who they are about and what was written."""
    clocks = await calendar.deadlines_of(work.session, [Matter("person_request", row.id) for row in rows])
    return [_view(work, row, clocks[Matter("person_request", row.id)], opened=opened) for row in rows]


def _view(work: Work, row: PersonRequest, clocks: Sequence[DeadlineView], *, opened: bool) -> PersonRequestOut:
    question = _open(work, row, "question", row.question) if opened else None
    running = {clock.clock: clock.due for clock in clocks if clock.ended_at is None}
    return PersonRequestOut.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "state": row.state,
            "dataset": row.dataset_id,
            "owner": row.owner_id,
            "received_at": row.received_at,
            "answered_at": row.answered_at,
            "due": running.get(lifecycle.ANSWER.name),
            "limit": running.get(lifecycle.LIMIT.name),
            "person": {name: str(question[name]) for name in ("field", "value")} if question else None,
            "text": question["text"] if question else None,
            "answer": _open(work, row, "answer", row.answer) if opened else None,
        }
    )
