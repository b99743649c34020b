"""The documents of certificates, as plain values: credential, list of revocations, and the issuer's keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from exchange.calendar.counting import CHINA
from exchange.certificates.parts import Issuer
from exchange.kernel.clock import rfc3339
from exchange.rights.schemas import PublicRecord
from ledger.verification.certificates import (
    CERTIFICATE,
    CREDENTIALS,
    LEDGER_ENTRY,
    STATUS_ENTRY,
    STATUS_LIST,
    pack,
)

PURPOSES: Final = ("revocation", "suspension")


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry as it was hashed, with its receipt."""

    leaf: str
    receipt: str

    def evidence(self) -> dict[str, str]:
        """The entry as a member of a credential's `evidence`."""
        return {"type": LEDGER_ENTRY, "entry": self.leaf, "receipt": self.receipt}


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a certificate's status: the list's number and the bit."""

    list: int
    bit: int


def credential(
    issuer: Issuer,
    record: PublicRecord,
    *,
    identifier: UUID,
    holder: UUID,
    place: Place,
    since: datetime,
    evidence: Sequence[Proven],
) -> dict[str, Any]:
    """The credential of a record (W3C VC 2.0): what its newest entry states, and its evidence."""
    shown = record.model_dump(mode="json")
    rights = [
        {name: held[name] for name in ("right", "label", "until", "limits") if held[name] is not None}
        for held in shown["rights"]
        if held["ended_at"] is None
    ]
    return {
        "@context": [CREDENTIALS, f"{issuer.url}/rights/context"],
        "id": f"urn:uuid:{identifier}",
        "type": ["VerifiableCredential", CERTIFICATE],
        "name": "权益登记证明 Certificate of a record of rights",
        "description": record.notice,
        "issuer": {"id": issuer.id, "type": "Exchange"},
        "validFrom": rfc3339(since),
        "validUntil": rfc3339(end_of(record.valid_until)),
        "credentialSubject": {
            "id": f"urn:uuid:{holder}",
            "type": "RightsHolder",
            "organisation": str(holder),
            "holder": record.holder,
            "holder_code": record.holder_code,
            "record": {
                **{name: shown[name] for name in ("code", "dataset", "document", "digest", "registered_at")},
                "address": f"{issuer.url}/rights/{record.code}",
                "rights": rights,
                "valid_until": shown["valid_until"],
            },
        },
        "credentialStatus": [
            {
                "id": f"{list_id(issuer, place.list, purpose)}#{place.bit}",
                "type": STATUS_ENTRY,
                "statusPurpose": purpose,
                "statusListIndex": str(place.bit),
                "statusListCredential": list_id(issuer, place.list, purpose),
            }
            for purpose in PURPOSES
        ],
        "evidence": [each.evidence() for each in evidence],
    }


def status_list(
    issuer: Issuer, *, number: int, purpose: str, bits: bytes, now: datetime, hours: int, evidence: Sequence[Proven]
) -> dict[str, Any]:
    """The credential of a list of revocations (W3C Bitstring Status List 1.0)."""
    address = list_id(issuer, number, purpose)
    return {
        "@context": [CREDENTIALS],
        "id": address,
        "type": ["VerifiableCredential", STATUS_LIST],
        "issuer": {"id": issuer.id, "type": "Exchange"},
        "validFrom": rfc3339(now),
        "validUntil": rfc3339(now + timedelta(hours=hours)),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": pack(bits),
        },
        "evidence": [each.evidence() for each in evidence],
    }


def controller(issuer: Issuer) -> dict[str, Any]:
    """The issuer's document (W3C Controlled Identifiers 1.0): its key, and what the key is for."""
    return {
        "@context": "https://www.w3.org/ns/cid/v1",
        "id": issuer.id,
        "verificationMethod": [
            {"id": issuer.method, "type": "JsonWebKey", "controller": issuer.id, "publicKeyJwk": _jwk(issuer)}
        ],
        "assertionMethod": [issuer.method],
    }


def key_set(issuer: Issuer) -> dict[str, Any]:
    """The issuer's keys as a JWK set (RFC 7517)."""
    return {"keys": [_jwk(issuer)]}


def context(issuer: Issuer) -> dict[str, Any]:
    """The JSON-LD context of what the exchange's credentials add to the W3C's terms."""
    return {"@context": {"@vocab": f"{issuer.url}/rights/context#"}}


def end_of(day: date) -> datetime:
    """The instant at which a day in China is over."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


def list_id(issuer: Issuer, number: int, purpose: str) -> str:
    """The address of a list."""
    return f"{issuer.url}/rights/status/{number}/{purpose}"


def _jwk(issuer: Issuer) -> dict[str, str]:
    public = issuer.key.public_text
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": issuer.method, "x": public}
