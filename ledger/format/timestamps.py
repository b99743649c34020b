"""Timestamps (RFC 3161) over checkpoints: an outside authority states that a checkpoint existed at a time.

A token is over the bytes of the signed note in `checkpoints/<size>`, and is stored beside it as `<size>.tsr`. It proves
that these entries existed at that time, without trust in the operator's clock. The verifier has to bring the authority's
certificate: the one within a token proves nothing.

The package `rfc3161-client` is an extra. Without it, tokens are stored but not checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

try:
    import rfc3161_client as tsp
except ImportError:  # a verifier installs without it
    tsp = None  # type: ignore[assignment]

MAX_TOKEN = 64 * 1024
"""The largest response in bytes."""

MEDIA_QUERY = "application/timestamp-query"
MEDIA_REPLY = "application/timestamp-reply"


class TimestampsUnavailable(RuntimeError):
    """The package that reads timestamps is not installed."""

    def __init__(self) -> None:
        super().__init__("timestamps need the package rfc3161-client: pip install rfc3161-client")


class TimestampInvalid(ValueError):
    """A response is not a token by this authority over this content."""


class CertificateInvalid(ValueError):
    """A file does not have the certificates of an authority."""


@dataclass(frozen=True, slots=True)
class Query:
    """A request for a token: the bytes to send (application/timestamp-query), and the nonce of the response."""

    data: bytes
    nonce: int


def is_available() -> bool:
    """Whether the package that reads tokens is installed."""
    return tsp is not None


def query(content: bytes) -> Query:
    """Make a request for a token over content, by its SHA-256. Raises TimestampsUnavailable."""
    if tsp is None:
        raise TimestampsUnavailable
    built = (
        tsp.TimestampRequestBuilder()
        .data(content)
        .hash_algorithm(tsp.HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    if built.nonce is None:
        raise TimestampsUnavailable
    return Query(built.as_bytes(), built.nonce)


class Authority:
    """A timestamping authority, pinned by its certificate and its issuers' (PEM, its own first).

    Raises CertificateInvalid, TimestampsUnavailable.
    """

    def __init__(self, pem: bytes) -> None:
        if tsp is None:
            raise TimestampsUnavailable
        try:
            certificates = x509.load_pem_x509_certificates(pem)
        except ValueError as error:
            raise CertificateInvalid("not certificates in PEM") from error
        self._own, self._issuers = certificates[0], certificates[1:]

    def check(self, response: bytes, content: bytes, *, nonce: int | None = None) -> datetime:
        """Verify a response over content; returns the token's time. Raises TimestampInvalid."""
        try:
            parsed = tsp.decode_timestamp_response(response)
            self._verifier(self._issuers, nonce).verify_message(parsed, content)
            at: datetime = parsed.tst_info.gen_time
        except (ValueError, TypeError, tsp.VerificationError) as error:
            raise TimestampInvalid(str(error) or type(error).__name__) from error
        return at

    def _verifier(self, issuers: Sequence[x509.Certificate], nonce: int | None) -> "tsp.Verifier":
        roots = list(issuers[-1:]) or [self._own]
        return tsp.VerifierBuilder(
            tsa_certificate=self._own, intermediates=list(issuers[:-1]), roots=roots, nonce=nonce
        ).build()
