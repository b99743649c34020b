"""The checks of a signed request (RFC 9421), each of which names its problem: form, times, coverage, key, signature, body.

`admit.py` has their order. Only what the signature covers is believed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import signatures
from exchange.kernel.clock import Clock, rfc3339
from exchange.participants import errors
from exchange.participants.door.settings import DoorSettings
from exchange.participants.queries import KeyHolder
from ledger.log.store import Nonce
from signatures import SignedRequest


def read(*, method: str, target_uri: str, headers: Mapping[str, str]) -> SignedRequest:
    """Read the signature of a request. Raises SignatureMissing, SignatureIncomplete, SignatureMalformed."""
    if "signature-input" not in headers or "signature" not in headers:
        raise errors.SignatureMissing(
            "Send Signature-Input and Signature (HTTP Message Signatures, RFC 9421) with the label sig1, tag data-exchange "
            "and a registered Ed25519 key; /openapi.json lists the addresses that need them."
        )
    try:
        return signatures.read_request(method=method, target_uri=target_uri, headers=headers)
    except signatures.SignatureMissing as problem:
        raise errors.SignatureMissing("The request has a signature, but none with the label sig1.") from problem
    except signatures.ComponentMissing as problem:
        raise errors.SignatureIncomplete(
            "Cover @method and @target-uri, and no component that the request lacks."
        ) from problem
    except signatures.SignatureProblem as problem:
        fault = str(problem)
        raise errors.SignatureMalformed(
            f"{fault[0].upper()}{fault[1:]}. Sign under the label sig1, with the parameters created, expires, nonce, keyid, "
            'alg="ed25519" and tag="data-exchange" (RFC 9421).'
        ) from problem


def check_times(signed: SignedRequest, *, settings: DoorSettings, clock: Clock) -> None:
    """Check that the signature is short-lived, has begun and has not expired. Raises SignatureExpired, ClockSkewed."""
    if not 0 < signed.expires - signed.created <= settings.signature_lifetime:
        raise errors.SignatureExpired(
            f"Set expires later than created, by at most {settings.signature_lifetime} seconds."
        )
    now = clock.seconds()
    if signed.created > now + settings.clock_skew:
        raise errors.ClockSkewed(
            f"created is {signed.created - int(now)} seconds ahead of the exchange's clock, {rfc3339(clock.now())}, and may be "
            f"{settings.clock_skew}; set the client's clock."
        )
    if signed.expires <= now:
        raise errors.SignatureExpired(
            f"created is {int(now) - signed.created} seconds and expires {int(now) - signed.expires} seconds before the "
            f"exchange's clock, {rfc3339(clock.now())}. Sign the request again; if that does not help, set the client's clock."
        )


def check_coverage(signed: SignedRequest, *, has_body: bool, has_purpose: bool) -> None:
    """Check that the signature covers the digest of a body and the purpose. Raises SignatureIncomplete."""
    missing = []
    if has_body and "content-digest" not in signed.components:
        missing.append("content-digest")
    if has_purpose and "exchange-purpose" not in signed.components:
        missing.append("exchange-purpose")
    if missing:
        raise errors.SignatureIncomplete(f"Cover these components too: {', '.join(missing)}.")


def check_key(holder: KeyHolder | None, *, at: datetime) -> KeyHolder:
    """Check that the key is registered and valid at a time. Raises KeyUnknown, KeyRevoked, KeyNotValid."""
    if holder is None:
        raise errors.KeyUnknown(
            "Name a registered key: keyid is the RFC 7638 thumbprint of its public key. A steward of your organisation "
            "registers one with `exchange-client members enrol`."
        )
    if holder.revoked_at is not None and holder.revoked_at <= at:
        raise errors.KeyRevoked("Sign with another key, or have one registered.")
    if at < holder.not_before or (holder.not_after is not None and at >= holder.not_after):
        raise errors.KeyNotValid("The key's validity has not begun, or has ended with its replacement.")
    return holder


def check_signature(signed: SignedRequest, holder: KeyHolder, *, public_url: str) -> None:
    """Check that the key made the signature. Raises SignatureInvalid."""
    try:
        signatures.verify_ed25519(holder.public_key, signed.base, signed.signature)
    except signatures.SignatureProblem as problem:
        raise errors.SignatureInvalid(
            f"The key did not sign this request as it arrived. Sign the method and the whole URI, which begins with {public_url} "
            "here (behind a proxy too), and each covered field as it is sent."
        ) from problem


def check_body(header: str | None, body_sha256: bytes) -> None:
    """Check a body's digest against the Content-Digest that was signed (RFC 9530). Raises DigestMismatch."""
    try:
        signatures.check_content_digest(header or "", body_sha256)
    except signatures.SignatureProblem as problem:
        raise errors.DigestMismatch("Content-Digest has one sha-256 digest of the body as it was sent.") from problem


def nonce_of(signed: SignedRequest) -> Nonce:
    """The key's nonce, which the ledger accepts once."""
    return Nonce.of(signed.keyid, signed.nonce, expires_at=datetime.fromtimestamp(signed.expires, UTC))


def check_standing(holder: KeyHolder) -> None:
    """Check that the key's holder may act at present. Raises PrincipalSuspended, OrganisationNotAdmitted."""
    if holder.principal_state != "active":
        raise errors.PrincipalSuspended("The holder of this key is suspended; its organisation can reinstate it.")
    if holder.organisation_state != "admitted":
        raise errors.OrganisationNotAdmitted(
            "The exchange's operator admits organisations; its operator or security administrator reinstates them.",
            state=holder.organisation_state,
        )
