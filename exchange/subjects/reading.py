"""Reading sealed details, beside an entry or about a person. Each reading leaves an entry.

Opened details are checked against the commitment in their entry, so nobody has to trust the table they come from.
"""

import json
from typing import Any

from exchange.catalog import queries as catalog
from exchange.catalog.view import DatasetView
from exchange.kernel.keys.sealing import SealBroken
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.subjects import queries
from exchange.subjects.cipher import SALT, KeyUnusable, Subject, Wrapped, commitment_of
from exchange.subjects.keys import open_subject
from exchange.subjects.schemas import DetailsOut, NewReading, PersonReference, ReadingOut
from exchange.subjects.service import identify
from ledger import entries
from ledger.log.store import Sealed

_NOTHING = "There is no such dataset or entry, or nothing sealed with it that you may read."


async def read(work: Work, wanted: NewReading) -> ReadingOut:
    """Open sealed details. Raises NotFound, also for details that the principal may not read, and RequestInvalid."""
    about: tuple[str, str] | None
    following = None
    person = wanted.person
    if person is not None:
        details, following = await _about(work, person, after=wanted.after, limit=wanted.limit)
        about = ("subject", details[0].subject) if details else None
    elif wanted.entry is not None:
        details, about = await _beside(work, wanted.entry), ("entry", str(wanted.entry))
    else:
        raise NotFound(_NOTHING)
    work.entry(entries.DetailsDisclosed, about=about, found=sum(detail.state == "sealed" for detail in details))
    return ReadingOut(details=details, next=following)


async def _beside(work: Work, index: int) -> list[DetailsOut]:
    leaf = await queries.leaf(work.session, index)
    body = json.loads(leaf)["body"] if leaf is not None else {}
    commitments = _commitments(body)
    if not commitments or not await _may_read(work, body["dataset"]):
        raise NotFound(_NOTHING)
    rows = await queries.details_at(work.session, index)
    erased = await queries.erasures(work.session, list(commitments))
    details = []
    for pseudonym, commitment in commitments.items():
        if pseudonym in erased:
            details.append(_erased(index, pseudonym, erased[pseudonym].entry))
            continue
        row = await queries.by_pseudonym(work.session, pseudonym)
        subject = _open(work, row) if row is not None else None
        details.append(_details(index, pseudonym, commitment, rows.get(pseudonym), subject))
    return details


async def _may_read(work: Work, dataset: str) -> bool:
    try:
        listed = await catalog.any_dataset(work.session, dataset)
    except NotFound:
        return False
    return work.may("subject", "read", listed.owner.id)


async def find_person(work: Work, reference: PersonReference) -> tuple[DatasetView, bytes | None]:
    """The dataset that identifies a person, and the person's pseudonym, None where nobody named the person yet.

    For who may read what is sealed about people in it. Raises NotFound, RequestInvalid.
    """
    if not await _may_read(work, reference.dataset) and not work.may("subject", "access", "exchange"):
        raise NotFound(_NOTHING)
    listed = await catalog.any_dataset(work.session, reference.dataset)
    person = await identify(work, reference)
    row = await queries.by_lookup(work.session, person.identity.lookup(work.runtime.seal))
    return listed.dataset, row.pseudonym if row is not None else None


async def _about(
    work: Work, reference: PersonReference, *, after: int, limit: int
) -> tuple[list[DetailsOut], int | None]:
    """A page of details about a person, and the `after` of the next page.

    An owner reads those of its own datasets: under a declared scheme, other owners mean the same person.
    """
    if not await _may_read(work, reference.dataset) and not work.may("subject", "access", "exchange"):
        raise NotFound(_NOTHING)
    person = await identify(work, reference)
    row = await queries.by_lookup(work.session, person.identity.lookup(work.runtime.seal))
    if row is None:
        return [], None
    everywhere = work.may("subject", "access", "exchange")
    readable: dict[str, bool] = {}
    erased = (await queries.erasures(work.session, [row.pseudonym])).get(row.pseudonym)
    subject = _open(work, row)
    details: list[DetailsOut] = []
    while page := await queries.details_about(work.session, row.pseudonym, after=after, limit=limit):
        for index, sealed, leaf in page:
            after, body = index, json.loads(leaf)["body"]
            dataset = body["dataset"]
            if dataset not in readable:
                readable[dataset] = everywhere or await _may_read(work, dataset)
            if not readable[dataset]:
                continue
            if erased is not None:  # an old copy of the database brought these rows back
                details.append(_erased(index, row.pseudonym, erased.entry))
            else:
                commitment = _commitments(body).get(row.pseudonym, "")
                details.append(_details(index, row.pseudonym, commitment, sealed, subject))
            if len(details) == limit:
                return details, index
    return details, None


def _open(work: Work, row: Wrapped) -> Subject | None:
    """The subject of a wrapped key; None where its slot is destroyed, or another seal wrapped it."""
    try:
        return open_subject(work.runtime, row)
    except KeyUnusable:
        return None


def _commitments(body: dict[str, Any]) -> dict[bytes, str]:
    """The commitments in an entry's body, by pseudonym."""
    pairs = zip(body.get("subjects", ()), body.get("sealed", ()), strict=True)
    return {bytes.fromhex(pseudonym): commitment for pseudonym, commitment in pairs}


def _erased(index: int, pseudonym: bytes, by: int) -> DetailsOut:
    return DetailsOut(entry=index, subject=pseudonym.hex(), state="erased", erased_by=by)


def _details(
    index: int, pseudonym: bytes, commitment: str, sealed: Sealed | None, subject: Subject | None
) -> DetailsOut:
    """The details sealed about a subject beside an entry, opened and checked against the entry's commitment."""
    if sealed is None or subject is None:
        return DetailsOut(entry=index, subject=pseudonym.hex(), state="missing")
    try:
        plain = subject.open(sealed)
    except SealBroken:
        plain = b""
    if commitment_of(plain) != commitment:
        return DetailsOut(entry=index, subject=pseudonym.hex(), state="altered")
    return DetailsOut(
        entry=index,
        subject=pseudonym.hex(),
        state="sealed",
        details=json.loads(plain[SALT:]),
        salt=plain[:SALT].hex(),
    )
