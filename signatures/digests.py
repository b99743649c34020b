"""Content-Digest (RFC 9530): makes the field, and compares it with the content. A signature covers only the field."""

import hashlib
import hmac
from binascii import b2a_base64

from signatures.components import SignatureProblem
from signatures.structured import FieldError, Item, parse_dictionary


class DigestMalformed(SignatureProblem):
    """Content-Digest is malformed or lacks a SHA-256 digest (RFC 9530 section 2)."""

    reason = "digest-malformed"


class DigestMismatch(SignatureProblem):
    """The content does not have the digest in Content-Digest."""

    reason = "digest-mismatch"


def content_digest(body: bytes) -> str:
    """The Content-Digest field of a body (RFC 9530 section 2), by SHA-256."""
    return digest_field(hashlib.sha256(body).digest())


def digest_field(sha256: bytes) -> str:
    """The Content-Digest field for a SHA-256 digest (32 bytes)."""
    return f"sha-256=:{b2a_base64(sha256, newline=False).decode()}:"


def check_content_digest(header: str, body_sha256: bytes) -> None:
    """Compare a Content-Digest field with the SHA-256 of the received content (RFC 9530 section 2).

    Ignores digests by other algorithms. Raises DigestMalformed without a SHA-256 digest, DigestMismatch if it differs.
    """
    if hmac.compare_digest(header.strip().encode(), digest_field(body_sha256).encode()):
        return
    try:
        member = parse_dictionary(header).get("sha-256")
    except FieldError as error:
        raise DigestMalformed("Content-Digest is not a dictionary (RFC 9530 section 2)") from error
    if not isinstance(member, Item) or not isinstance(member.value, bytes):
        raise DigestMalformed("Content-Digest has no SHA-256 digest")
    if not hmac.compare_digest(member.value, body_sha256):
        raise DigestMismatch("the content does not have the digest that Content-Digest states")
