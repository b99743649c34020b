"""Timestamps (RFC 3161) over checkpoints: an outside authority's word that a checkpoint existed at a time.

A token is over the bytes of the signed note, as `checkpoints/<size>` has them, and lies beside it as `<size>.tsr`. It says
when these entries, and all before them, were there at the latest; the operator's clock is not asked. Whoever verifies
gives the authority's certificate: the one that came with a token proves nothing.

The package `rfc3161-client` is an extra. Where it is missing, tokens are kept and not looked at.
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
"""The largest response in bytes that is read."""

MEDIA_QUERY = "application/timestamp-query"
MEDIA_REPLY = "application/timestamp-reply"


class TimestampsUnavailable(RuntimeError):
    """The package that reads timestamps is not installed."""

    def __init__(self) -> None:
        super().__init__("timestamps need the package rfc3161-client: pip install rfc3161-client")


class TimestampInvalid(ValueError):
    """A response is not a token of this authority over this content."""


class CertificateInvalid(ValueError):
    """A file does not hold the certificates of an authority."""


@dataclass(frozen=True, slots=True)
class Query:
    """A request for a token: the bytes to send (application/timestamp-query), and the nonce that comes back."""

    data: bytes
    nonce: int


def is_available() -> bool:
    """Whether tokens can be read here."""
    return tsp is not None


def query(content: bytes) -> Query:
    """Ask for a token over some bytes, by their SHA-256. Raises TimestampsUnavailable."""
    if tsp is None:
        raise TimestampsUnavailable
    made = (
        tsp.TimestampRequestBuilder()
        .data(content)
        .hash_algorithm(tsp.HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    if made.nonce is None:
        raise TimestampsUnavailable
    return Query(made.as_bytes(), made.nonce)


class Authority:
    """A timestamping authority, pinned by its certificate and those that issued it, in PEM, the authority's own first.

    Raises CertificateInvalid, TimestampsUnavailable.
    """

    def __init__(self, pem: bytes) -> None:
        if tsp is None:
            raise TimestampsUnavailable
        try:
            found = x509.load_pem_x509_certificates(pem)
        except ValueError as error:
            raise CertificateInvalid("not certificates in PEM") from error
        self._own, self._issuers = found[0], found[1:]

    def check(self, response: bytes, content: bytes, *, nonce: int | None = None) -> datetime:
        """The time of a token over some bytes. Raises TimestampInvalid."""
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
