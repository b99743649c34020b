"""Who sent this: from a signed request to the principal it speaks for, or the problem that says why it does not.

The checks run from the outside in: the signature's form, its times, its key, the signature itself, the body's digest,
then whoever stands behind the key. Only what the signature covers is believed.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import signatures
from exchange.kernel.clock import Clock
from exchange.participants import errors
from exchange.participants.door.settings import DoorSettings
from exchange.participants.queries import KeyHolder
from ledger import entries
from ledger.log.store import Nonce
from signatures import SignedRequest


@dataclass(frozen=True, slots=True)
class Sender:
    """A request whose signature verified: who sent it, the evidence, and the nonce it used up."""

    holder: KeyHolder
    signed: SignedRequest
    nonce: Nonce

    @property
    def evidence(self) -> entries.Request:
        """The evidence as ledger entries hold it."""
        return evidence(self.signed)


def evidence(signed: SignedRequest) -> entries.Request:
    """The digest of the signature base, and the signature: with the key, proof of what was asked by whom."""
    return entries.Request(
        base=hashlib.sha256(signed.base).hexdigest(), signature=b64encode(signed.signature).decode("ascii")
    )


def read(*, method: str, target_uri: str, headers: Mapping[str, str]) -> SignedRequest:
    """Read the signature of a request. Raises SignatureMissing, SignatureIncomplete, SignatureMalformed."""
    if "signature-input" not in headers or "signature" not in headers:
        raise errors.SignatureMissing(
            "Sign the request as docs/signing.md shows: Signature-Input and Signature with the label sig1."
        )
    try:
        return signatures.read_request(method=method, target_uri=target_uri, headers=headers)
    except signatures.SignatureMissing as problem:
        raise errors.SignatureMissing("There is a signature, but none with the label sig1.") from problem
    except signatures.ComponentMissing as problem:
        raise errors.SignatureIncomplete(
            "The signature covers @method and @target-uri, and nothing that the request does not have."
        ) from problem
    except signatures.SignatureProblem as problem:
        raise errors.SignatureMalformed(
            "Signature-Input and Signature are RFC 9421 dictionaries; the label sig1 has the parameters created, expires, "
            'nonce (at least 128 random bits), keyid, alg="ed25519" and tag="data-exchange".'
        ) from problem


def check_times(signed: SignedRequest, *, settings: DoorSettings, clock: Clock) -> None:
    """The signature's life: short, begun, and not over. Raises SignatureExpired, ClockSkewed."""
    if not 0 < signed.expires - signed.created <= settings.signature_lifetime:
        raise errors.SignatureExpired(
            f"expires is later than created, by at most {settings.signature_lifetime} seconds."
        )
    now = clock.seconds()
    if signed.created > now + settings.clock_skew:
        raise errors.ClockSkewed(f"created lies more than {settings.clock_skew} seconds ahead of the exchange's clock.")
    if signed.expires <= now:
        raise errors.SignatureExpired("The signature's time is over; sign the request again.")


def check_coverage(signed: SignedRequest, *, has_body: bool, purpose: bool) -> None:
    """The signature covers what this kind of request is about. Raises SignatureIncomplete."""
    needed = ["content-digest"] if has_body else []
    if purpose:
        needed.append("exchange-purpose")
    missing = [name for name in needed if name not in signed.components]
    if missing:
        raise errors.SignatureIncomplete(f"Cover these components too: {', '.join(missing)}.")


def check_body(header: str | None, body_sha256: bytes) -> None:
    """The body is the one whose digest was signed. Raises DigestMismatch."""
    try:
        signatures.check_content_digest(header or "", body_sha256)
    except signatures.SignatureProblem as problem:
        raise errors.DigestMismatch("Content-Digest has one sha-256 digest of the body as it was sent.") from problem


def check_key(holder: KeyHolder | None, *, at: datetime) -> KeyHolder:
    """The key speaks for somebody at this time. Raises KeyUnknown, KeyRevoked, KeyNotValid."""
    if holder is None:
        raise errors.KeyUnknown("The keyid is the RFC 7638 thumbprint of a key registered here.")
    if holder.revoked_at is not None and holder.revoked_at <= at:
        raise errors.KeyRevoked("The key was revoked; have another one registered.")
    if at < holder.not_before or (holder.not_after is not None and at >= holder.not_after):
        raise errors.KeyNotValid("The key's validity has not begun, or has ended with its replacement.")
    return holder


def check_signature(signed: SignedRequest, holder: KeyHolder) -> Sender:
    """The signature is the key's. Raises SignatureInvalid."""
    try:
        signatures.verify_ed25519(holder.public_key, signed.base, signed.signature)
    except signatures.SignatureProblem as problem:
        raise errors.SignatureInvalid(
            "The request was altered after it was signed, or signed for another method or URI."
        ) from problem
    return Sender(holder, signed, nonce_of(signed))


def nonce_of(signed: SignedRequest) -> Nonce:
    """The nonce of a request, which its key may use once."""
    return Nonce.of(signed.keyid, signed.nonce, expires_at=datetime.fromtimestamp(signed.expires, UTC))


def check_standing(holder: KeyHolder) -> None:
    """Whoever the key speaks for may act at present. Raises PrincipalSuspended, OrganisationNotAdmitted."""
    if holder.principal_state != "active":
        raise errors.PrincipalSuspended("The member or system this key speaks for is suspended.")
    if holder.organisation_state != "admitted":
        raise errors.OrganisationNotAdmitted(
            "The operator's registrar admits and reinstates organisations.", state=holder.organisation_state
        )
