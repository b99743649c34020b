"""Openings: a person is shown that they were in an answer, or were not, with a proof that needs nothing of the exchange.

What is shown is a file: the answer's entry with its receipt, the opening of its commitment for the person, and the entry of
the person's binding, which fixes the secret that the opening rests on. `exchange-client opening` verifies it.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from exchange.audit import queries as audit
from exchange.audit.queries import Criteria, Scope
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.portal.binding import Bound
from exchange.portal.deferrals import service as deferrals
from exchange.portal.schemas import OpeningOut, ProofOfMineOut, ProvenEntryOut
from exchange.publication.errors import NotYetCovered
from exchange.subjects import queries as subjects
from exchange.subjects.numbering import answers
from exchange.subjects.numbering.answers import Shown, ShownPiece
from exchange.subjects.requests.service import known_by
from ledger.format.members import digest_of_secret
from ledger.log import publication
from ledger.verification.openings import FORMAT, is_shown_in

_ALL: Final = Scope(everything=True)
_NOTHING: Final = "No entry with this index can be opened to you: a tracker's line with `opening` can."
_ENDED: Final = frozenset({"delivery.completed", "delivery.aborted", "answer.given"})


class Openings:
    """Limits openings to one at a time in a process, since that of a great answer takes memory."""

    def __init__(self) -> None:
        self.one = asyncio.Semaphore(1)


async def opening(work: Work, person: Sequence[Bound], index: int) -> OpeningOut:
    """The proof of whether an answer had rows about a person. Raises NotFound, NotYetCovered.

    Answers from datasets that do not identify the person are unknown, as are those that name people. One that is deferred is
    unknown to everybody, whether they are in it or not.
    """
    ledger = await audit.present(work.session)
    leaf = (await audit.leaves(work.session, ledger, [index])).get(index)
    body = json.loads(leaf.leaf)["body"] if leaf is not None else {}
    if leaf is None or not await _is_opened(work, person, body):
        raise NotFound(_NOTHING)
    deferral = (await deferrals.deferred(work, {index: body})).get(index)
    if deferral is not None and deferral.visible_from > work.runtime.clock.now():
        raise NotFound(_NOTHING)
    proofs = []
    async with work.runtime[Openings].one, work.runtime.database.pool.acquire() as connection:
        for bound in person:
            shown = await answers.show(connection, work.runtime.seal, entry=index, number=bound.number)
            if shown is not None:
                proofs.append((bound, shown))
    if not proofs:
        raise NotFound(_NOTHING)
    documents = [await _proof(work, bound, shown) for bound, shown in proofs]
    in_answer = any(is_shown_in(body, proof.model_dump()) for proof in documents)
    entry = await _proven(work, index, leaf.leaf)
    return OpeningOut(format=FORMAT, in_answer=in_answer, entry=entry, proofs=documents)


def is_committed(body: dict[str, Any]) -> bool:
    """Whether an entry commits to the people in an answer, and names nobody."""
    return ("members" in body or "people" in body) and "subjects" not in body


async def _is_opened(work: Work, person: Sequence[Bound], body: dict[str, Any]) -> bool:
    if body.get("type") not in _ENDED or not is_committed(body):
        return False
    identities = {bound.identity: bound.number for bound in person}
    return bool(await known_by(work, identities, dataset=body["dataset"]))


async def _proof(work: Work, bound: Bound, shown: Shown | ShownPiece) -> ProofOfMineOut:
    if isinstance(shown, ShownPiece):
        piece = shown.opening.to_json() if shown.opening is not None else None
        return ProofOfMineOut(number=shown.number, opening=piece)
    return ProofOfMineOut(
        secret=shown.secret.hex(), opening=shown.opening.to_json(), binding=await _binding(work, bound, shown.secret)
    )


async def _binding(work: Work, bound: Bound, secret: bytes) -> ProvenEntryOut | None:
    """The entry that fixes the secret; None for a binding of a former version."""
    row = await subjects.by_lookup(work.session, bound.identity.lookup(work.runtime.seal))
    if row is None:
        return None
    ledger = await audit.present(work.session)
    about = Criteria({"type": "person.bound", "object_id": row.pseudonym.hex()})
    found = await audit.search(work.session, ledger, about, _ALL, order="newest", start=None, limit=1)
    for index, leaf in (await audit.leaves(work.session, ledger, found)).items():
        if json.loads(leaf.leaf)["body"].get("secret") == digest_of_secret(secret):
            return await _proven(work, index, leaf.leaf)
    return None


async def _proven(work: Work, index: int, leaf: bytes) -> ProvenEntryOut:
    async with work.runtime.database.pool.acquire() as connection:
        try:
            receipt = await publication.receipt(connection, index)
        except publication.NotPublished as error:
            raise NotYetCovered("Ask again in a second.", headers={"Retry-After": "1"}) from error
    return ProvenEntryOut(leaf=leaf.decode(), receipt=receipt)
