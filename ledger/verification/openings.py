"""Openings: check, offline, whether a person was in an answer that names nobody, by the file that the exchange gave the person.

The file has the answer's entry, a proof for each identifier of the person, and the entry that fixed the person's secret. The
receipts of the entries are checked by the caller.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.format import members, people

FORMAT: Final = "data-exchange/person-in-an-answer/1"

ReadEntry = Callable[[str, bytes], tuple[int, Mapping[str, Any]]]
"""Verifies a receipt against an entry's bytes, and returns the entry's index and body."""


class OpeningUnproven(ValueError):
    """An opening does not agree with the ledger, or with itself."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a file proves: the answer's index and body, and whether the person was in it.

    `is_bound` is whether the ledger fixed every secret before the answer. Otherwise it is the exchange's word that the
    answer was made with the same secret.
    """

    index: int
    body: Mapping[str, Any]
    is_in: bool
    is_bound: bool


def check(document: Mapping[str, Any], read: ReadEntry) -> Proven:
    """Check a file. Raises OpeningUnproven, and what `read` raises."""
    try:
        if document["format"] != FORMAT:
            raise OpeningUnproven(f"the file is not of the format {FORMAT}")
        index, body = read(document["entry"]["receipt"], document["entry"]["leaf"].encode())
        proofs = document["proofs"]
        if not proofs:
            raise OpeningUnproven("the file has no proof")
        is_in = sum(is_shown_in(body, proof) for proof in proofs) > 0
        is_bound = sum(_is_bound(proof, index, read) for proof in proofs) == len(proofs)
        if document["in_answer"] is not is_in:
            raise OpeningUnproven("the file states the opposite of what it proves")
    except (members.ProofError, people.ProofError) as error:
        raise OpeningUnproven(f"the opening does not lead to the entry's commitment: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, OpeningUnproven):
            raise
        raise OpeningUnproven("the file is no opening of an answer") from error
    return Proven(index, body, is_in, is_bound)


def is_shown_in(body: Mapping[str, Any], proof: Mapping[str, Any]) -> bool:
    """Whether a proof shows that the answer had a row about the person. Raises ProofError for one that proves nothing."""
    if "members" in body:
        opened = members.Opening.from_json(proof["opening"])
        return members.is_in(bytes.fromhex(proof["secret"]), members.Commitment.from_json(body["members"]), opened)
    former = body["people"]
    commitment = people.Commitment(bytes.fromhex(former["root"]), former["size"], former["pieces"])
    piece = people.Opening.from_json(proof["opening"]) if proof["opening"] is not None else None
    return people.is_in(proof["number"], commitment, piece)


def _is_bound(proof: Mapping[str, Any], answer: int, read: ReadEntry) -> bool:
    """Whether an entry before the answer fixes the secret of a proof. Raises OpeningUnproven for an entry of another secret."""
    binding = proof.get("binding")
    if binding is None:
        return False
    index, body = read(binding["receipt"], binding["leaf"].encode())
    if body["type"] != "person.bound" or body.get("secret") != members.digest_of_secret(bytes.fromhex(proof["secret"])):
        raise OpeningUnproven("the entry of the binding fixes another secret")
    return index < answer
