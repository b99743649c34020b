"""The verbs of codes: a person issues and revokes them; time ends them, and so does an erasure."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from exchange.answers.codes import queries
from exchange.answers.codes.errors import CodesExceeded
from exchange.answers.codes.models import AnswerCode
from exchange.answers.codes.schemas import CodeOfMineOut, CodeOut, Form, NewCode
from exchange.answers.settings import AnswerSettings
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.problems import NotFound, RequestInvalid
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.subjects.identity import Identity, scheme_of, subject_keys
from ledger import entries

SHORT: Final = "short codes"
"""The purpose of the key under which short codes are digested (see Seal.derive)."""
_OCTETS: Final = 16
_DIGITS: Final = 8
_TRIES: Final = 8
_MOST: Final = 10


def digest_of(code: str) -> bytes:
    """The digest under which the database knows a code: SHA-256, since 128 random bits cannot be guessed."""
    return hashlib.sha256(code.encode()).digest()


def short_digest(seal: Seal, code: str, recipient: UUID) -> bytes:
    """The digest of a short code, as one of its recipient's: under the seal, since 8 digits can be guessed."""
    return hmac.digest(seal.derive(SHORT), recipient.bytes + code.encode(), "sha256")


def _new_text(seal: Seal, form: Form, recipient: UUID) -> tuple[str, bytes]:
    """A new code of a form, and its digest."""
    if form == "qr":
        text = base64.b32encode(secrets.token_bytes(_OCTETS)).decode().rstrip("=")
        return text, digest_of(text)
    text = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    return text, short_digest(seal, text, recipient)


async def issue(work: Work, *, identities: Mapping[Identity, int], new: NewCode) -> CodeOut:
    """Issue a code about a person, whose identities and their numbers the caller has established.

    Raises NotFound, RequestInvalid, CodesExceeded.
    """
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
    schemes = {identity.scheme: identity for identity in identities}
    known = {
        name: schemes[scheme]
        for name, key in subject_keys(document).items()
        if (scheme := scheme_of(listed.owner.id, key)) in schemes
    }
    field = new.field if new.field is not None or len(known) != 1 else next(iter(known))
    if field not in known:
        faults.append({"at": "body/field", "error": "the dataset does not identify people as you are known here"})
    if faults or field is None:
        raise RequestInvalid("Correct what `errors` lists.", errors=faults)
    now, seconds = work.runtime.clock.now(), work.runtime[AnswerSettings].answers_code_seconds
    if await queries.count_usable(work.session, identities.values(), now=now) >= _MOST:
        raise CodesExceeded(f"A person has at most {_MOST} codes at once; GET /portal/codes lists yours.")
    code = AnswerCode(
        id=new_id(),
        subject=identities[known[field]],
        recipient_id=recipient.id,
        dataset_id=listed.dataset.id,
        field=field,
        purpose=new.purpose,
        answers=list(dict.fromkeys(new.answers)),
        form=new.form,
        wrong=0,
        state="issued",
        issued_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    code.person = work.runtime.seal.close(known[field].value.encode(), name=f"answer-code/{code.id}")
    text = await _add(work, code, new.form)
    work.entry(
        entries.CodeIssued,
        about=("code", code.id),
        dataset=str(listed.dataset.id),
        consumer=str(recipient.id),
        purpose=new.purpose,
        expires_at=rfc3339(code.expires_at),
    )
    return CodeOut(id=code.id, code=text, expires_at=code.expires_at)


async def _add(work: Work, code: AnswerCode, form: Form) -> str:
    """Add a code under a text that no other has. Raises CodesExceeded where its recipient has hardly any left."""
    for _ in range(_TRIES):
        text, code.digest = _new_text(work.runtime.seal, form, code.recipient_id)
        if await queries.add(work.session, code):
            return text
    raise CodesExceeded("The recipient has too many short codes at present; make one of the form `qr`.")


async def of_person(work: Work, subjects: Collection[int]) -> list[CodeOfMineOut]:
    """The newest codes of a person, given by number, newest first."""
    now = work.runtime.clock.now()
    return [
        CodeOfMineOut.model_validate(
            {
                "id": code.id,
                "dataset": code.dataset_id,
                "recipient": code.recipient_id,
                "purpose": code.purpose,
                "answers": code.answers,
                "form": code.form,
                "state": _state(code, now),
                "issued_at": code.issued_at,
                "expires_at": code.expires_at,
            }
        )
        for code in await queries.of_person(work.session, subjects)
    ]


def _state(code: AnswerCode, now: datetime) -> str:
    """The state of a code now, before the sweep has marked it."""
    if code.state == "issued" and code.wrong >= queries.MOST_WRONG:
        return "void"
    return "expired" if code.state == "issued" and code.expires_at <= now else code.state


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
    code.state, code.person, code.digest = "revoked", None, None
    work.entry(entries.CodeEnded, about=("code", code.id), type="code.revoked", dataset=str(code.dataset_id))


async def expire(session: AsyncSession, now: datetime) -> list[entries.Body]:
    """Mark codes whose time is over, without their person's identifiers; returns the entries to append."""
    bodies: list[entries.Body] = []
    for code in await queries.lock_overdue(session, now):
        code.state, code.person, code.digest = "expired", None, None
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
