"""The verbs of certificates: issue one for a record, and state which are revoked."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from exchange.audit import queries as audit
from exchange.audit.queries import Criteria, Scope
from exchange.audit.tasks import catch_up
from exchange.calendar.counting import day_of
from exchange.certificates import documents, queries
from exchange.certificates.documents import Place, Proven
from exchange.certificates.errors import NotCertified
from exchange.certificates.parts import Issuer
from exchange.certificates.settings import CertificateSettings
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession, Connection, driver
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import NotFound
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import indexes
from exchange.publication.errors import NotYetCovered
from exchange.rights import queries as rights
from exchange.rights.queries import CertifiedState
from exchange.rights.schemas import PublicRecord
from exchange.rights.showing import public_records
from ledger import entries
from ledger.format import canonical
from ledger.log import publication, store
from ledger.log.head import lock_head
from ledger.verification.certificates import CONTENT_TYPE, LIST_BITS, MEDIA_TYPE
from signatures import jws

_ALL: Final = Scope(everything=True)
_PER_LIST: Final = LIST_BITS // 2
"""Certificates of one list: half of its bits, so that a bit at random is free at every second try."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A certificate or a list before it is signed: what it states, and the entries that prove it."""

    make: Callable[[Sequence[Proven]], Mapping[str, Any]]
    entries: tuple[int, ...]

    async def sign(self, issuer: Issuer, connection: Connection) -> tuple[str, Mapping[str, Any]]:
        """The signed text and its document. Raises NotPublished before a checkpoint covers the entries."""
        document = self.make([await _proven(connection, index) for index in self.entries])
        text = jws.sign(
            issuer.key.sign, kid=issuer.method, media_type=MEDIA_TYPE, content_type=CONTENT_TYPE, payload=document
        )
        return text, document


async def certify(runtime: Runtime, code: str) -> Stated:
    """The certificate of a record by its code, issued at the first call after the record's entry.

    Raises NotFound, NotCertified for a record that is not in force, NotYetCovered where the record changes meanwhile.
    """
    async with runtime.database.sessions() as session:
        row = await rights.by_code(session, code)
        [record] = await public_records(session, [row], day_of(runtime.clock.now()))
        if not record.in_force:
            raise NotCertified(f"The record is {record.state}, or its last day {record.valid_until} is over.")
        certificate = await queries.of_version(session, row.id, row.version)
        if certificate is None:
            await catch_up(runtime)
            entry = await _entry_of(session, record, record_id=str(row.id), holder=str(row.organisation_id))
            await _issue(session, record_id=row.id, version=row.version, entry=entry, now=runtime.clock.now())
            certificate = await queries.of_version(session, row.id, row.version)
        if certificate is None:
            raise _not_yet()
        key = await _announce(runtime, session)
        make = partial(
            documents.credential,
            runtime[Issuer],
            record,
            identifier=certificate.id,
            holder=row.organisation_id,
            place=Place(certificate.list, certificate.bit),
            since=certificate.issued_at,
        )
        stated = Stated(lambda evidence: make(evidence=evidence), (certificate.entry, key))
        await session.commit()
    return stated


async def status_list(runtime: Runtime, *, number: int, purpose: Literal["revocation", "suspension"]) -> Stated:
    """A list of revocations or suspensions. Raises NotFound."""
    now = runtime.clock.now()
    async with runtime.database.sessions() as session:
        places = await queries.in_list(session, number)
        if not places:
            raise NotFound("No list has this number; a certificate names the addresses of its lists.")
        states = await rights.certified_states(session, [record for _, record, _ in places], day_of(now))
        bits = bytearray(LIST_BITS // 8)
        for bit, record, version in places:
            if _is_set(purpose, states[record], version):
                bits[bit // 8] |= 1 << (7 - bit % 8)
        key = await _announce(runtime, session)
        await session.commit()
    make = partial(
        documents.status_list,
        runtime[Issuer],
        number=number,
        purpose=purpose,
        bits=bytes(bits),
        now=now,
        hours=runtime[CertificateSettings].certificates_status_hours,
    )
    return Stated(lambda evidence: make(evidence=evidence), (key,))


def _is_set(purpose: str, state: CertifiedState, version: int) -> bool:
    is_revoked = not state.is_in_force or state.version != version
    return is_revoked if purpose == "revocation" else state.is_restricted and not is_revoked


async def _entry_of(session: AsyncSession, record: PublicRecord, *, record_id: str, holder: str) -> int:
    """The index of the record's newest entry, which states what the record states. Raises NotYetCovered before that."""
    ledger = await audit.present(session)
    about = Criteria({"dataset": str(record.dataset), "object_kind": rights.RECORD, "object_id": record_id})
    newest = next(iter(await audit.search(session, ledger, about, _ALL, order="newest", start=None, limit=1)), None)
    if newest is None:
        raise _not_yet()
    body = json.loads((await audit.leaves(session, ledger, [newest]))[newest].leaf)["body"]
    stated = {
        "record": record.code,
        "consumer": holder,
        "dataset": str(record.dataset),
        "rights": [held.right for held in record.rights if held.ended_at is None],
        "document": hashlib.sha256(canonical.dumps(record.document)).hexdigest(),
        "valid_until": record.valid_until.isoformat(),
    }
    if stated != {name: body.get(name) for name in stated}:
        raise _not_yet()  # it changes at this moment
    return newest


async def _issue(session: AsyncSession, *, record_id: UUID, version: int, entry: int, now: datetime) -> None:
    """Give a version of a record a bit at random in the newest list, unless another request was first."""
    number = await queries.count(session) // _PER_LIST + 1
    while await queries.of_version(session, record_id, version) is None:
        values = {
            "id": new_id(),
            "record_id": record_id,
            "version": version,
            "entry": entry,
            "list": number,
            "bit": secrets.randbelow(LIST_BITS),
            "issued_at": now,
        }
        if await queries.take_place(session, values):
            return


async def _announce(runtime: Runtime, session: AsyncSession) -> int:
    """The index of the entry that announces the present key; the first call appends it. Raises Halted."""
    key = runtime[Issuer].key
    announced = await queries.announcement(session, key.keyid)
    if announced is not None:
        return announced
    connection = await driver(session)
    await lock_head(connection)
    announced = await queries.announcement(session, key.keyid)
    if announced is not None:  # by another request
        return announced
    now = runtime.clock.now()
    body = entries.CertificateKeyAnnounced(
        at=rfc3339(now),
        actor=entries.Actor(),
        object=entries.Object(kind="key", id=key.keyid),
        keyid=key.keyid,
        public_key=key.public_text,
    )
    [index] = indexes(await store.append(connection, [store.Submission(body.canonical())], advance_fence=False))
    await queries.add_announcement(session, key.keyid, entry=index, now=now)
    return index


async def _proven(connection: Connection, index: int) -> Proven:
    """An entry with its receipt. Raises NotPublished."""
    receipt = await publication.receipt(connection, index)
    [leaf] = await store.read_leaves(connection, index, index + 1)
    return Proven(leaf.decode(), receipt)


def _not_yet() -> NotYetCovered:
    return NotYetCovered("Ask again in a second.", headers={"Retry-After": "1", "Cache-Control": "no-store"})
