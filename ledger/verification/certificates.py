"""Certificates of rights: verify, offline, that a certificate states what the ledger states, and that it is not revoked.

A certificate is a credential (W3C VC 2.0, `application/vc+jwt`) with two proven entries as its evidence: the record's,
which fixes what is certified, and that of the key which signs certificates. So the ledger's key is all that a verifier
needs to know. A list of revocations (W3C Bitstring Status List 1.0) is a credential of the same issuer.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from groundwork import base64url
from ledger.format import canonical, entry, note
from ledger.format.receipt import ReceiptInvalid, verify_receipt
from ledger.format.rotation import History
from signatures import jws
from signatures.jws import Jws, JwsInvalid

MEDIA_TYPE: Final = "vc+jwt"
CONTENT_TYPE: Final = "vc"
CREDENTIALS: Final = "https://www.w3.org/ns/credentials/v2"
CERTIFICATE: Final = "RightsRecordCredential"
STATUS_LIST: Final = "BitstringStatusListCredential"
STATUS_ENTRY: Final = "BitstringStatusListEntry"
KEY_ANNOUNCED: Final = "certificate_key.announced"
RECORD: Final = "rights_record."
LEDGER_ENTRY: Final = "LedgerEntry"
LIST_BITS: Final = 131_072
"""The bits of a list: the least that the specification allows."""
_LEEWAY: Final = timedelta(minutes=5)
"""How far the clocks of issuer and verifier may differ."""
_LIST_BYTES: Final = LIST_BITS // 8
_OVER: Final = frozenset({"rights_record.transferred", "rights_record.cancelled", "rights_record.cancelled_by_order"})


class CertificateUnproven(ValueError):
    """A certificate or a list does not agree with the ledger or with itself, or is over. The message states what."""


class Revoked(CertificateUnproven):
    """The list of revocations has the certificate's bit: its record ended or changed, or is restricted."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a certificate's bit is: the address of the list, its purpose (`revocation` or `suspension`), the bit's index."""

    address: str
    purpose: str
    index: int


@dataclass(frozen=True, slots=True)
class Certified:
    """What a certificate proves: its subject, its last instant, the ledger's origin, its record's entry, and its statuses."""

    id: str
    issuer: str
    subject: Mapping[str, Any]
    valid_until: datetime
    origin: str
    index: int
    statuses: tuple[Status, ...]


def verify(text: str, *, verifier: note.Verifier | History, now: datetime) -> Certified:
    """Verify a certificate at a time with the ledger's key, all but its revocation. Raises CertificateUnproven."""
    try:
        return _verify(text, verifier, now)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise CertificateUnproven("the certificate lacks a member, or has one of another type") from error


def check_status(
    certified: Certified, lists: Sequence[str], *, verifier: note.Verifier | History, now: datetime
) -> None:
    """Check a certificate against its lists of revocations, each as signed. Raises Revoked, CertificateUnproven."""
    try:
        by_address = dict(_read_list(text, certified.issuer, verifier, now) for text in lists)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise CertificateUnproven("the list lacks a member, or has one of another type") from error
    for status in certified.statuses:
        if status.address not in by_address:
            raise CertificateUnproven(f"the list {status.address} is needed to know whether the certificate is revoked")
        purpose, bits = by_address[status.address]
        if purpose != status.purpose:
            raise CertificateUnproven(f"the list {status.address} is of another purpose")
        if bits[status.index // 8] >> (7 - status.index % 8) & 1:
            raise Revoked(
                "the certificate is revoked: its record ended, or states something else now"
                if purpose == "revocation"
                else "the certificate is suspended: an authority restricted the record"
            )


def _verify(text: str, verifier: note.Verifier | History, now: datetime) -> Certified:
    token, entries, origin = _proven(text, verifier)
    payload = token.payload
    if CERTIFICATE not in payload["type"]:
        raise CertificateUnproven("this credential is no certificate of a record of rights")
    subject = payload["credentialSubject"]
    records = [(index, body) for index, body in entries if body["type"].startswith(RECORD)]
    if len(records) != 1:
        raise CertificateUnproven("the certificate has no proven entry of its record, or several")
    index, body = records[0]
    _compare(subject, body)
    until = _demand_time(payload, now, "the certificate")
    statuses = tuple(_status(each) for each in payload["credentialStatus"])
    if "revocation" not in {status.purpose for status in statuses}:
        raise CertificateUnproven("the certificate names no list of revocations")
    return Certified(payload["id"], payload["issuer"]["id"], subject, until, origin, index, statuses)


def _compare(subject: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Compare what is certified with the record's entry. Raises CertificateUnproven."""
    record = subject["record"]
    stated = {
        "record": record["code"],
        "consumer": subject["organisation"],
        "dataset": record["dataset"],
        "rights": sorted(held["right"] for held in record["rights"]),
        "document": hashlib.sha256(canonical.dumps(record["document"])).hexdigest(),
        "valid_until": record["valid_until"],
    }
    proven = {name: sorted(body[name]) if name == "rights" else body[name] for name in stated}
    differing = [name for name in stated if stated[name] != proven[name]]
    if differing or body["type"] in _OVER:
        raise CertificateUnproven(
            f"the certificate differs from the ledger's entry in: {', '.join(differing) or 'type'}"
        )


def _proven(text: str, verifier: note.Verifier | History) -> tuple[Jws, list[tuple[int, Mapping[str, Any]]], str]:
    """A credential whose key the ledger announces; its proven entries, by index and body; the ledger's origin."""
    try:
        token = jws.parse(text, media_type=MEDIA_TYPE)
        entries: list[tuple[int, Mapping[str, Any]]] = []
        origin = ""
        for evidence in token.payload["evidence"]:
            leaf = evidence["entry"].encode()
            origin = verify_receipt(evidence["receipt"], leaf, verifier).origin
            parsed = entry.parse(leaf)
            entries.append((parsed.seq, parsed.body))
        keys = [base64url.decode(body["public_key"]) for _, body in entries if body["type"] == KEY_ANNOUNCED]
        if len(keys) != 1:
            raise CertificateUnproven("the credential does not prove which key signs it")
        token.verify(keys[0])
    except (JwsInvalid, ReceiptInvalid) as error:
        raise CertificateUnproven(str(error)) from error
    if token.payload["@context"][0] != CREDENTIALS or "VerifiableCredential" not in token.payload["type"]:
        raise CertificateUnproven("this is no credential of the W3C's data model 2.0")
    return token, entries, origin


def _demand_time(payload: Mapping[str, Any], now: datetime, what: str, *, remedy: str = "") -> datetime:
    """The end of a credential's term, which the time is in. Raises CertificateUnproven."""
    since, until = (datetime.fromisoformat(payload[name]) for name in ("validFrom", "validUntil"))
    if not since - _LEEWAY <= now < until:
        raise CertificateUnproven(f"{what} is valid from {since.isoformat()} to {until.isoformat()}{remedy}")
    return until


def _status(document: Mapping[str, Any]) -> Status:
    index = int(document["statusListIndex"])
    if document["type"] != STATUS_ENTRY or not 0 <= index < LIST_BITS:
        raise CertificateUnproven("a status of the certificate is of a kind that is not read here")
    return Status(str(document["statusListCredential"]), str(document["statusPurpose"]), index)


def _read_list(
    text: str, issuer: str, verifier: note.Verifier | History, now: datetime
) -> tuple[str, tuple[str, bytes]]:
    token, _, _ = _proven(text, verifier)
    payload = token.payload
    if STATUS_LIST not in payload["type"] or payload["issuer"]["id"] != issuer:
        raise CertificateUnproven("this is no list of revocations of the certificate's issuer")
    _demand_time(payload, now, "the list", remedy="; get a new one")
    subject = payload["credentialSubject"]
    return str(payload["id"]), (str(subject["statusPurpose"]), unpack(str(subject["encodedList"])))


def pack(bits: bytes) -> str:
    """A list's bits, the first bit leftmost, as the specification encodes them: multibase base64url of gzip."""
    packer = zlib.compressobj(9, wbits=31)
    return "u" + base64url.encode(packer.compress(bits) + packer.flush())


def unpack(text: str) -> bytes:
    """The bits of an encoded list. Raises CertificateUnproven for anything but 131,072 of them."""
    try:
        bits = zlib.decompressobj(wbits=31).decompress(base64url.decode(text.removeprefix("u")), _LIST_BYTES + 1)
    except (ValueError, zlib.error) as error:
        raise CertificateUnproven("the list cannot be read") from error
    if len(bits) != _LIST_BYTES or not text.startswith("u"):
        raise CertificateUnproven(f"the list has not {LIST_BITS} bits")
    return bits
