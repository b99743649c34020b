"""The verbs of codes: a person issues and revokes them; time ends them, and so does an erasure."""

import base64
import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from exchange.answers.codes import queries
from exchange.answers.codes.models import AnswerCode
from exchange.answers.codes.schemas import CodeOut, NewCode
from exchange.answers.settings import AnswerSettings
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import NotFound, RequestInvalid
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.subjects.identity import Identity, scheme_of, subject_keys
from ledger import entries

_OCTETS = 16


def digest_of(code: str) -> bytes:
    """The digest under which the database knows a code: SHA-256, since 128 random bits cannot be guessed."""
    return hashlib.sha256(code.encode()).digest()


async def issue(work: Work, *, person: Identity, subject: int, new: NewCode) -> CodeOut:
    """Issue a code about a person, whose identity and number the caller has established. Raises NotFound, RequestInvalid."""
    listed = await catalog.dataset(work.session, None, new.dataset)
    if listed.version is None:
        raise NotFound("There is no such dataset; the catalogue lists them.")
    recipient = await participants.organisation(work.session, new.recipient)
    document = DatasetDocument.model_validate(listed.version.document)
    offered = {answer.name for answer in document.terms.answers}
    faults = [
        {"at": f"body/answers/{index}", "error": f'the dataset offers no answer "{name}"'}
        for index, name in enumerate(new.answers)
        if name not in offered
    ]
    usable = [name for name, key in subject_keys(document).items() if scheme_of(listed.owner.id, key) == person.scheme]
    field = new.field if new.field is not None or len(usable) != 1 else usable[0]
    if field not in usable:
        faults.append({"at": "body/field", "error": "the dataset does not identify people as you are known here"})
    if faults or field is None:
        raise RequestInvalid("Correct what `errors` lists.", errors=faults)
    identifier, now = new_id(), work.runtime.clock.now()
    text = base64.b32encode(secrets.token_bytes(_OCTETS)).decode().rstrip("=")
    expires_at = now + timedelta(seconds=work.runtime[AnswerSettings].answers_code_seconds)
    work.session.add(
        AnswerCode(
            id=identifier,
            digest=digest_of(text),
            subject=subject,
            person=work.runtime.seal.close(person.value.encode(), name=f"answer-code/{identifier}"),
            recipient_id=recipient.id,
            dataset_id=listed.dataset.id,
            field=field,
            purpose=new.purpose,
            answers=list(dict.fromkeys(new.answers)),
            state="issued",
            issued_at=now,
            expires_at=expires_at,
        )
    )
    work.entry(
        entries.CodeIssued,
        about=("code", identifier),
        dataset=str(listed.dataset.id),
        consumer=str(recipient.id),
        purpose=new.purpose,
        expires_at=rfc3339(expires_at),
    )
    return CodeOut(id=identifier, code=text, expires_at=expires_at)


async def revoke(work: Work, code_id: UUID, *, subjects: Collection[int]) -> None:
    """Revoke a code of one of these people, given by number; a code that has ended stays as it is. Raises NotFound."""
    code = await queries.locked(work.session, code_id, subjects=subjects)
    if code is None:
        raise NotFound("You have no code with this id.")
    if code.state == "issued":
        _end(work, code)


async def lock_person(work: Work, subject: int) -> None:
    """Lock the codes of a person before the ledger's lock is taken."""
    await queries.lock_of_person(work.session, subject)


async def end_with_person(work: Work, subject: int) -> None:
    """Revoke the codes of a person who is erased."""
    for code in await queries.lock_of_person(work.session, subject):
        _end(work, code)


def _end(work: Work, code: AnswerCode) -> None:
    code.state, code.person = "revoked", None
    work.entry(entries.CodeEnded, about=("code", code.id), type="code.revoked", dataset=str(code.dataset_id))


async def expire(session: AsyncSession, now: datetime) -> list[entries.Body]:
    """Mark codes whose time is over, without their person's identifiers; returns the entries to append."""
    bodies: list[entries.Body] = []
    for code in await queries.lock_overdue(session, now):
        code.state, code.person = "expired", None
        bodies.append(
            entries.CodeEnded(
                type="code.expired",
                at=rfc3339(now),
                actor=entries.Actor(),
                object=entries.Object(kind="code", id=str(code.id)),
                dataset=str(code.dataset_id),
            )
        )
    return bodies
