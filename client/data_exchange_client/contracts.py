"""Contracts verified without the exchange: the document's digest, and both sides' signatures over it."""

import hashlib
import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import signatures
from ledger.format import canonical

_DIGEST: Final = '"content-digest": '


class ContractUnproven(ValueError):
    """A contract does not verify; the message says what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A verified signature: the side, its organisation as the contract names it, and the key."""

    side: str
    organisation: str
    key: str


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of a contract's canonical JSON, in hex."""
    return hashlib.sha256(canonical.dumps(dict(document))).hexdigest()


def verify(contract: Mapping[str, Any]) -> tuple[str, list[Signed]]:
    """Verify a contract as the exchange answers it; return its digest and the signatures, in their order.

    Whether a key is the organisation's is on the ledger (`key.registered`). Raises ContractUnproven.
    """
    try:
        digest = digest_of(contract["document"])
        if digest != contract["digest"]:
            raise ContractUnproven("digest: it is not the SHA-256 of the document's canonical JSON")
        order = contract["document"]["order"]
        signed = [
            _verify(row, f"signatures/{place}", digest, order) for place, row in enumerate(contract["signatures"])
        ]
        for place, row in enumerate(signed):
            if contract["document"][row.side]["organisation"] != row.organisation:
                raise ContractUnproven(f"signatures/{place}: the organisation is not the contract's {row.side}")
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ContractUnproven):
            raise
        raise ContractUnproven(f"the contract is not complete: {error}") from error
    if {row.side for row in signed} != {"seller", "buyer"}:
        raise ContractUnproven("signatures: not both sides have signed")
    return digest, signed


def _verify(row: Mapping[str, Any], at: str, digest: str, order: str) -> Signed:
    """Verify one signature: the key's, over a request to this order whose body has the digest. Raises ContractUnproven."""
    public_key = urlsafe_b64decode(row["public_key"] + "=" * (-len(row["public_key"]) % 4))
    if signatures.thumbprint(public_key) != row["key"]:
        raise ContractUnproven(f"{at}/public_key: it is not that of the key")
    base, body = row["base"].encode(), row["body"].encode()
    try:
        signatures.verify_ed25519(public_key, base, b64decode(row["signature"]))
    except signatures.SignatureProblem as problem:
        raise ContractUnproven(f"{at}/signature: the key did not sign the request") from problem
    lines = row["base"].split("\n")
    _check_body([line for line in lines if line.startswith(_DIGEST)], body, at)
    targets = [line for line in lines if line.startswith('"@target-uri": ')]
    if not targets or not targets[0].endswith(f"/api/v1/market/orders/{order}/signature"):
        raise ContractUnproven(f"{at}/base: the signed request is not about this order")
    if json.loads(body) != {"digest": digest}:
        raise ContractUnproven(f"{at}/body: it has another digest")
    return Signed(row["side"], row["organisation"], row["key"])


def _check_body(lines: Sequence[str], body: bytes, at: str) -> None:
    """Check that a signature covers a body, by each of its digests. Raises ContractUnproven."""
    unproven = ContractUnproven(f"{at}/body: the signature does not cover this body")
    if len(lines) != 1:
        raise unproven
    try:
        signatures.check_content_digest(lines[0].removeprefix(_DIGEST), hashlib.sha256(body).digest())
    except signatures.SignatureProblem as problem:
        raise unproven from problem
