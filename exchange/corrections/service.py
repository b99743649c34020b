"""The verbs of corrections: file, correct, confirm, settle, dispute, withdraw; and what an erasure does to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.agreements.view import AgreementView
from exchange.calendar import deadlines
from exchange.calendar import queries as calendar
from exchange.calendar.counting import Matter
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.corrections import queries
from exchange.corrections.errors import CorrectionInvalid
from exchange.corrections.lifecycle import (
    CONTENT,
    CORRECTION,
    DISPUTE_OVER,
    FOUND_WRONG,
    GRANTED,
    NO_DISPUTE,
    OPEN,
    REASON,
)
from exchange.corrections.models import Correction, CorrectionPerson
from exchange.corrections.schemas import Check, CorrectionOut, NewCorrection
from exchange.disputes.service import Sides, open_about
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, refusal_of
from exchange.kernel.work import Work
from exchange.messages.service import notify
from exchange.participants.reading import Reading
from exchange.sources import queries as sources
from exchange.subjects import numbers
from exchange.subjects.identity import parse_identity
from groundwork.lifecycle import Refused, Step
from ledger import entries

Verb = Literal["correct", "confirm", "withdraw", "settle", "dispute"]
_PROVIDERS = ("correct", "confirm")
_MOST_TOLD = 100_000


def _step(state: str, verb: str, *, lacking: frozenset[str] = frozenset()) -> Step:
    """The step of a verb. Raises Conflict, CorrectionInvalid."""
    try:
        return CORRECTION.step(state, verb, {GRANTED, REASON, CONTENT, NO_DISPUTE} - lacking)
    except Refused as refused:
        if not refused.lacking:
            raise refusal_of(refused, "A correction", {}) from refused
        errors = [{"at": _PLACES[fact][0], "error": _PLACES[fact][1]} for fact in refused.lacking]
        raise CorrectionInvalid("Correct what `errors` lists.", errors=errors) from refused


_PLACES = {
    GRANTED: ("body/fields", "name fields that your agreement grants"),
    REASON: ("body/statement", "state the reason"),
    CONTENT: (
        "dataset/content_version",
        "upload the corrected file first (PUT /api/v1/sources/{id}/content): this content is the one that was found wrong",
    ),
    NO_DISPUTE: (
        "correction/dispute",
        "the matter ends with this dispute: settle it, or apply to the authority (POST /api/v1/disputes/{id}/steps)",
    ),
}


async def file(work: Work, new: NewCorrection) -> Correction:
    """File that data is wrong, as a consumer that has it under an agreement.

    Raises NotFound, Forbidden, Conflict, CorrectionInvalid, RequestInvalid for an identifier that does not fit its field.
    """
    agreement, step = await _begin(work, new)
    people = await _identify(work, agreement.dataset_id, new)
    if people:
        agreement, step = await _begin(work, new)  # again, since giving numbers ended the transaction
    now = work.runtime.clock.now()
    correction = Correction(
        id=new_id(),
        dataset_id=agreement.dataset_id,
        agreement_id=agreement.id,
        provider_id=agreement.provider_id,
        consumer_id=agreement.consumer_id,
        state=step.target,
        fault=new.fault,
        fields=list(dict.fromkeys(new.fields)),
        statement=new.statement,
        salt=new_salt(),
        content_version=await _content_version(work, agreement.dataset_id),
        answers=[],
        filed_by=work.principal.id,
        filed_at=now,
    )
    work.session.add(correction)
    await work.session.flush()
    for position, (text, subject) in enumerate(people):
        sealed = work.runtime.seal.close(text.encode(), name=_name(correction.id, position))
        work.session.add(
            CorrectionPerson(correction_id=correction.id, position=position, subject=subject, sealed=sealed)
        )
    for clock in step.starts:
        await deadlines.start(
            work.session,
            _matter(correction),
            clock.name,
            parameter=clock.parameter,
            organisation=correction.provider_id,
            at=now,
        )
    await _tell(work, correction, [correction.provider_id], step.entry)
    work.entry(
        entries.CorrectionFiled,
        about=("correction", correction.id),
        type=step.entry,
        agreement=str(correction.agreement_id),
        consumer=str(correction.consumer_id),
        dataset=str(correction.dataset_id),
        statement=commitment({"fields": correction.fields, "statement": new.statement}, salt=correction.salt),
    )
    return correction


async def _begin(work: Work, new: NewCorrection) -> tuple[AgreementView, Step]:
    """The agreement that a correction rests on, and the first step. Raises NotFound, Forbidden, Conflict, CorrectionInvalid."""
    own = Reading(consumers=frozenset({work.principal.organisation}))
    [agreement] = await agreements.views(work.session, [await agreements.agreement(work.session, own, new.agreement)])
    work.permit("correction", "file", agreement.consumer_id, side="the consumer")
    if agreement.state not in ("active", "suspended"):
        raise Conflict("The agreement is over; its data is disposed of.", state=agreement.state)
    lacking = frozenset() if set(new.fields) <= set(agreement.fields) else frozenset({GRANTED})
    return agreement, _step(FOUND_WRONG, "file", lacking=lacking)


async def _identify(work: Work, dataset_id: UUID, new: NewCorrection) -> list[tuple[str, int]]:
    """The people that a correction is about: the text of each identifier, and the number.

    Numbers are given in a transaction of their own: where there are people, it ends the present one.
    """
    if not new.people:
        return []
    listed = await catalog.any_dataset(work.session, str(dataset_id))
    if listed.version is None:
        raise Conflict("The dataset has no version.", state=listed.dataset.state)
    document = DatasetDocument.model_validate(listed.version.document)
    identities = [
        parse_identity(listed.owner.id, document, field=new.identified_by, value=value) for value in new.people
    ]
    await work.pause()
    async with work.runtime.database.pool.acquire() as connection:
        given = await numbers.ensure(connection, [each.lookup(work.runtime.seal) for each in identities])
    return [(each.value, subject) for each, subject in zip(identities, given, strict=True)]


async def _content_version(work: Work, dataset_id: UUID) -> int | None:
    """The version of a dataset's present content; None where it is no file."""
    listed = await catalog.any_dataset(work.session, str(dataset_id))
    if listed.version is None:
        return None
    source = await sources.any_source(work.session, listed.version.source_id)
    return source.content_version if source.refreshed_at is not None else None


async def act(work: Work, *, correction_id: UUID, verb: Verb, statement: str) -> Correction:
    """Answer a correction as the owner, or settle, dispute or withdraw it as the consumer.

    A correction tells every organisation that has one of the fields under an agreement, in the same transaction. Raises
    NotFound, Forbidden, Conflict, CorrectionInvalid where a file still has the content in which the fault was found.
    """
    correction = await queries.lock_of_side(work.session, work.principal.organisation, correction_id)
    if verb in _PROVIDERS:
        work.permit("correction", "answer", correction.provider_id, side="the owner of the data")
    else:
        work.permit("correction", "end", correction.consumer_id, side="the consumer")
    content = await _content_version(work, correction.dataset_id)
    is_same = verb == "correct" and content is not None and content == correction.content_version
    lacks = {CONTENT: is_same, NO_DISPUTE: correction.dispute_id is not None}
    step = _step(correction.state, verb, lacking=frozenset(fact for fact, does_lack in lacks.items() if does_lack))
    now = work.runtime.clock.now()
    if verb == "dispute":
        await _open_dispute(work, correction, statement)
    salt = _answer(correction, step, statement, at=now)
    told = [correction.provider_id]
    if verb in _PROVIDERS:
        correction.answered_at = now
        told = [correction.consumer_id]
    if verb == "correct":
        correction.corrected_version = content
        told = await _users(work, correction)
    for name in step.stops:
        await deadlines.stop(work.session, _matter(correction), name, at=now, outcome=correction.state)
    if correction.state not in OPEN and correction.state != "disputed":
        await queries.delete_people(work.session, correction.id)
    await _tell(work, correction, told, step.entry)
    _record(work, correction, step, statement, salt=salt, told=len(told) if verb == "correct" else None)
    return correction


async def _open_dispute(work: Work, correction: Correction, statement: str) -> None:
    """Open a dispute, which goes to the sharing authority unless it is settled; in other lanes there is no authority."""
    agreement = (await agreements.by_ids(work.session, [correction.agreement_id]))[str(correction.agreement_id)]
    if agreement.lane == "government":
        sides = Sides(correction.provider_id, correction.consumer_id)
        dispute = open_about(work, kind="correction", matter=correction.id, sides=sides, statement=statement)
        await work.session.flush()
        correction.dispute_id = dispute.id


async def resolve(work: Work, correction_id: UUID, statement: str) -> None:
    """End a disputed correction with its dispute: who it is about is deleted, and both sides are told."""
    correction = await queries.lock_disputed(work.session, correction_id)
    if correction is None:
        return
    step = CORRECTION.step(correction.state, "resolve", {DISPUTE_OVER})
    salt = _answer(correction, step, statement, at=work.runtime.clock.now())
    await queries.delete_people(work.session, correction.id)
    await _tell(work, correction, [correction.provider_id, correction.consumer_id], "correction.resolved")
    _record(work, correction, step, statement, salt=salt)


def _answer(correction: Correction, step: Step, statement: str, *, at: datetime) -> str:
    """Take a step of a correction with what is stated; returns the salt of its digest."""
    salt = new_salt()
    correction.state = step.target
    answer = {"type": step.entry, "statement": statement, "salt": salt, "at": rfc3339(at)}
    correction.answers = [*correction.answers, answer]
    return salt


def _record(
    work: Work, correction: Correction, step: Step, statement: str, *, salt: str, told: int | None = None
) -> None:
    work.entry(
        entries.CorrectionChanged,
        about=("correction", correction.id),
        type=step.entry,
        consumer=str(correction.consumer_id),
        dataset=str(correction.dataset_id),
        statement=commitment(statement, salt=salt),
        content_version=correction.corrected_version if step.verb == "correct" else None,
        told=told,
    )


async def _users(work: Work, correction: Correction) -> list[UUID]:
    """The consumers with one of the fields under an agreement that is not over, the one that filed among them."""
    running = await agreements.running(work.session, correction.dataset_id, limit=_MOST_TOLD)
    users = {view.consumer_id for view in running if set(view.fields) & set(correction.fields)}
    return sorted(users | {correction.consumer_id}, key=str)


async def _tell(work: Work, correction: Correction, organisations: Sequence[UUID], kind: str) -> None:
    for organisation in organisations:
        await notify(
            work.session,
            organisation=organisation,
            kind=kind,
            about=_matter(correction),
            key=f"{kind}/{correction.id}",
            now=work.runtime.clock.now(),
        )


async def forget_person(work: Work, subject: int) -> None:
    """Delete a person who is erased from every correction."""
    await queries.forget_person(work.session, subject)


def _matter(correction: Correction) -> Matter:
    return Matter("correction", correction.id)


def _name(correction: UUID, position: int) -> str:
    return f"correction/{correction}/{position}"


async def people_of(work: Work, correction: Correction) -> list[str] | None:
    """The identifiers of a correction's people; None for a principal of neither side."""
    if work.principal.organisation not in (correction.provider_id, correction.consumer_id):
        return None
    rows = await queries.people_of(work.session, correction.id)
    return [work.runtime.seal.open(row.sealed, name=_name(correction.id, row.position)).decode() for row in rows]


def _verbs(correction: Correction) -> list[str]:
    """What can happen next: a matter in dispute ends by its dispute where there is one, and otherwise by its consumer."""
    impossible = "resolve" if correction.dispute_id is None else "settle"
    verbs = CORRECTION.verbs(correction.state)
    return [verb for verb in verbs if correction.state != "disputed" or verb != impossible]


async def out(work: Work, rows: Sequence[Correction]) -> list[CorrectionOut]:
    """Corrections as both sides see them, without people."""
    clocks = await calendar.deadlines_of(work.session, [_matter(row) for row in rows])
    return [
        CorrectionOut.model_validate(
            {
                **{name: getattr(row, name) for name in CorrectionOut.model_fields if hasattr(row, name)},
                "dataset": row.dataset_id,
                "agreement": row.agreement_id,
                "provider": row.provider_id,
                "consumer": row.consumer_id,
                "dispute": row.dispute_id,
                "verbs": _verbs(row),
                "check": Check.model_validate(clocks[_matter(row)][-1]) if clocks[_matter(row)] else None,
            }
        )
        for row in rows
    ]
