"""Reading what is sealed: beside an entry, or about a person. That it was read is an entry itself.

What is opened is held against the entry's commitment, so that nobody has to trust the table it came from.
"""

import json
from typing import Any

from exchange.catalog import queries as catalog
from exchange.kernel.keys.sealing import SealBroken
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.subjects import queries
from exchange.subjects.cipher import SALT, KeyUnusable, Subject, Wrapped, committed
from exchange.subjects.keys import opened
from exchange.subjects.schemas import DetailsOut, NewReading, ReadingOut
from exchange.subjects.service import person
from ledger import entries
from ledger.log.store import Sealed

_NOTHING = "There is no such dataset or entry, or nothing sealed with it that you may read."


async def read(work: Work, wanted: NewReading) -> ReadingOut:
    """Open sealed details. Raises NotFound for those that are not there and those one may not read; RequestInvalid."""
    about: entries.Object | None
    following = None
    if wanted.entry is not None:
        found, about = await _beside(work, wanted.entry), entries.Object(kind="entry", id=str(wanted.entry))
    else:
        found = await _about(work, wanted)
        about = entries.Object(kind="subject", id=found[0].subject) if found else None
        following = found[-1].entry if len(found) == wanted.limit else None
    work.record(
        entries.DetailsDisclosed(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            object=about,
            found=sum(one.state == "sealed" for one in found),
        )
    )
    return ReadingOut(details=found, next=following)


async def _beside(work: Work, index: int) -> list[DetailsOut]:
    leaf = await queries.leaf(work.session, index)
    body = json.loads(leaf)["body"] if leaf is not None else {}
    commitments = _commitments(body)
    if not commitments or not await _may_read(work, body["dataset"]):
        raise NotFound(_NOTHING)
    rows = await queries.details_at(work.session, index)
    erased = await queries.erasures(work.session, list(commitments))
    found = []
    for pseudonym, commitment in commitments.items():
        if pseudonym in erased:
            found.append(_erased(index, pseudonym, erased[pseudonym].entry))
            continue
        row = await queries.by_pseudonym(work.session, pseudonym)
        subject = _opened(work, row) if row is not None else None
        found.append(_details(index, pseudonym, commitment, rows.get(pseudonym), subject))
    return found


async def _may_read(work: Work, dataset: str) -> bool:
    try:
        listed = await catalog.any_dataset(work.session, dataset)
    except NotFound:
        return False
    return work.may("subject", "read", listed.owner.id)


async def _about(work: Work, wanted: NewReading) -> list[DetailsOut]:
    assert wanted.dataset is not None and wanted.value is not None  # noqa: S101, PT018 - the schema says so
    if not await _may_read(work, wanted.dataset) and not work.may("subject", "access", "exchange"):
        raise NotFound(_NOTHING)
    named = await person(work, dataset=wanted.dataset, field=wanted.field, value=wanted.value)
    row = await queries.by_lookup(work.session, named.identity.lookup(work.runtime.seal))
    if row is None:
        return []
    erased = (await queries.erasures(work.session, [row.pseudonym])).get(row.pseudonym)
    subject = _opened(work, row)
    rows = await queries.details_about(work.session, row.pseudonym, after=wanted.after, limit=wanted.limit)
    found = []
    for index, sealed, leaf in rows:
        if erased is not None:  # these rows came back with an old copy of the database
            found.append(_erased(index, row.pseudonym, erased.entry))
            continue
        commitment = _commitments(json.loads(leaf)["body"]).get(row.pseudonym, "")
        found.append(_details(index, row.pseudonym, commitment, sealed, subject))
    return found


def _opened(work: Work, row: Wrapped) -> Subject | None:
    """The subject of a wrapped key; None where its slot is destroyed, or the seal is not the one it was wrapped with."""
    try:
        return opened(work.runtime, row)
    except KeyUnusable:
        return None


def _commitments(body: dict[str, Any]) -> dict[bytes, str]:
    """The commitments of an entry's body, by the pseudonym."""
    pairs = zip(body.get("subjects", ()), body.get("sealed", ()), strict=True)
    return {bytes.fromhex(pseudonym): commitment for pseudonym, commitment in pairs}


def _erased(index: int, pseudonym: bytes, by: int) -> DetailsOut:
    return DetailsOut(entry=index, subject=pseudonym.hex(), state="erased", erased_by=by)


def _details(
    index: int, pseudonym: bytes, commitment: str, sealed: Sealed | None, subject: Subject | None
) -> DetailsOut:
    """What is sealed about a subject beside an entry, as far as it can be opened and is what the entry commits to."""
    if sealed is None or subject is None:
        return DetailsOut(entry=index, subject=pseudonym.hex(), state="missing")
    try:
        plain = subject.open(sealed)
    except SealBroken:
        plain = b""
    if committed(plain) != commitment:
        return DetailsOut(entry=index, subject=pseudonym.hex(), state="altered")
    return DetailsOut(
        entry=index,
        subject=pseudonym.hex(),
        state="sealed",
        details=json.loads(plain[SALT:]),
        salt=plain[:SALT].hex(),
    )
