"""Consent records: their form in JSON-LD, and the check of a receipt against entries of the ledger.

The form is ISO/IEC TS 27560:2023 in the terms of the Data Privacy Vocabulary (DPV 2), with the members of India's Account
Aggregator that deliveries can keep to. A record follows from the notice and the statements of its steps by `record_of`, so a
receipt that holds these proves the record: each is opened by its salt, and its digest is in an entry.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ledger.format import canonical, merkle

SCHEMA: Final = "ISO/IEC TS 27560:2023"
STATUS: Final[Mapping[str, str]] = {
    "requested": "ConsentRequested",
    "deferred": "ConsentRequestDeferred",
    "given": "ConsentGiven",
    "refused": "ConsentRefused",
    "renewed": "RenewedConsentGiven",
    "withdrawn": "ConsentWithdrawn",
    "expired": "ConsentExpired",
    "revoked": "ConsentRevoked",
    "invalidated": "ConsentInvalidated",
}
"""The states in the terms of DPV."""
_CONTEXT: Final = {
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "dx": "urn:data-exchange:consent#",
}
_BY: Final = {"revoked": "controller", "invalidated": "controller", "requested": "controller", "expired": "law"}
_CODES: Final = {"given": b"g", "renewed": b"g", "refused": b"r", "withdrawn": b"w"}  # in a loaded row
_BY_GUARDIAN: Final = b"c"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_A_DAY: Final = 86_400_000_000


class ConsentUnproven(ValueError):
    """A consent's receipt does not agree with the ledger, or with itself."""


def record_of(
    consent: str, principal: str | None, notice: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The record of a consent in JSON-LD. `notice` has `id`, `digest` and `document`; the statements are in order.

    `principal` stands for the person towards the owner; None after an erasure.
    """
    shown = notice["document"]
    return {
        "@context": _CONTEXT,
        "@id": f"urn:uuid:{consent}",
        "@type": ["dpv:ConsentRecord"],
        "dx:schemaVersion": SCHEMA,
        "dct:identifier": consent,
        "dpv:hasDataSubject": {"dct:identifier": principal},
        "dpv:hasConsentStatus": f"dpv:{STATUS[statements[-1]['state']]}" if statements else "dpv:ConsentUnknown",
        "dx:consentType": "dpv:ExplicitlyExpressedConsent",
        "dx:isSeparate": shown["separate"],
        "dx:isWritten": shown["written"],
        "dpv:hasNotice": {
            "@id": f"urn:uuid:{notice['id']}",
            "dct:language": shown["language"],
            "dct:hasVersion": shown["version"],
            "dx:digest": notice["digest"],
        },
        "dpv:hasProcess": _process(shown),
        "dpv:hasDataController": _party(shown["controller"], "dpv:DataController"),
        "dpv:hasRecipientThirdParty": _party(shown["recipient_contact"], "dpv:ThirdParty"),
        "dpv:hasRight": shown["rights"],
        "dx:withdrawalMethod": shown["withdrawal"],
        "dpv:hasJurisdiction": shown["jurisdiction"],
        "dx:accountAggregator": {
            "DataLife": {"unit": "DAY", "value": shown["retention_days"]},
            **({"Frequency": shown["frequency"]} if "frequency" in shown else {}),
        },
        "dx:events": [_event(statement, principal) for statement in statements],
    }


def _process(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dpv:hasPurpose": {"dct:identifier": shown["purpose"], "dct:description": shown["purpose_text"]},
        "dpv:hasLegalBasis": "dpv:Consent",
        "dpv:hasPersonalData": [{"dct:identifier": name, "@type": "dpv:PersonalData"} for name in shown["fields"]],
        "dpv:hasProcessing": shown["processing"],
        "dpv:hasStorageCondition": {
            "dpv:hasDuration": f"P{shown['retention_days']}D",
            "dx:retentionBasis": shown["retention_basis"],
            "dx:atExpiry": shown["at_expiry"],
            "dpv:hasLocation": shown["storage"],
        },
        **{
            f"dx:{member}": shown[key]
            for key, member in (
                ("necessity_and_impact", "necessityAndImpact"),
                ("children_rules", "childrenRules"),
                ("cross_border", "crossBorder"),
            )
            if key in shown
        },
    }


def _party(contact: Mapping[str, Any], role: str) -> dict[str, Any]:
    return {
        "@id": f"urn:uuid:{contact['id']}",
        "@type": [role, "dpv:Organisation"],
        "dct:identifier": contact["code"],
        "dpv:hasName": contact["name"],
        "dpv:hasContact": contact["contact"],
        "dpv:hasAddress": contact["contact"],
    }


def _event(statement: Mapping[str, Any], principal: str | None) -> dict[str, Any]:
    state = statement["state"]
    by = _BY.get(state, "guardian" if statement.get("by_guardian") else principal)
    return {
        "dx:eventTime": statement["at"],
        "dx:eventType": f"dx:{state}",
        "dx:eventState": f"dpv:{STATUS[state]}",
        "dx:entity": by,
        **({"dx:validUntil": statement["until"]} if statement.get("until") else {}),
        **({"dx:collectionMethod": statement["method"]} if statement.get("method") else {}),
        **({"dx:proof": statement["proof"]} if statement.get("proof") else {}),
    }


# Checking -------------------------------------------------------------------------------------------------------------


def check(receipt: Mapping[str, Any], bodies: Sequence[Mapping[str, Any]]) -> None:
    """Check a consent's receipt against the bodies of entries whose own receipts are verified. Raises ConsentUnproven.

    Every statement, the notice, and the load need their entry, and each is about this consent under this notice. An expiry
    has no entry of its own: it follows from the term.
    """
    try:
        _check(receipt, bodies)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ConsentUnproven("the receipt does not have the documented form") from error
    except ValueError as error:
        raise error if isinstance(error, ConsentUnproven) else ConsentUnproven(str(error)) from error


def _check(receipt: Mapping[str, Any], bodies: Sequence[Mapping[str, Any]]) -> None:
    record, evidence = receipt["record"], receipt["evidence"]
    notice, steps = evidence["notice"], evidence["steps"]
    consent = record["dct:identifier"]
    digest = _commitment(notice["document"], notice["salt"])
    published = _only(bodies, "consent_notice.published", notice["id"])
    if not digest == notice["digest"] == published["document"]:
        raise ConsentUnproven("the notice is not the one on the ledger")
    until = None
    for step in steps:
        statement = step["statement"]
        if statement["consent"] != consent:
            raise ConsentUnproven("a step is of another consent")
        if "load" in statement:
            _check_row(step, notice, bodies)
        elif statement["state"] == "expired" and until is not None:
            if statement["at"] != until:
                raise ConsentUnproven("the consent did not expire when its term ended")
        elif not any(_states(body, consent, step) for body in bodies):
            raise ConsentUnproven(f"no entry has the step {step['type']} of {statement['at']}")
        elif (statement["notice"], statement["notice_digest"]) != (notice["id"], notice["digest"]):
            raise ConsentUnproven("a step was taken under another notice")
        until = statement.get("until", until)
    principal = record["dpv:hasDataSubject"]["dct:identifier"]
    if record_of(consent, principal, notice, [step["statement"] for step in steps]) != record:
        raise ConsentUnproven("the record does not follow from the notice and the steps")


def _states(body: Mapping[str, Any], consent: str, step: Mapping[str, Any]) -> bool:
    is_step = body["type"] == step["type"] and body["object"]["id"] == consent
    return bool(is_step and body["statement"] == _commitment(step["statement"], step["salt"]))


def _check_row(step: Mapping[str, Any], notice: Mapping[str, Any], bodies: Sequence[Mapping[str, Any]]) -> None:
    """Check that a loaded row is in the tree whose root is on the ledger, and says what the step says.

    The row has no end of the consent: that follows from the notice's term.
    """
    statement, leaf = step["statement"], bytes.fromhex(step["leaf"])
    loaded = [body for body in bodies if body["type"] == "consents.loaded" and body["load"] == statement["load"]]
    if len(loaded) != 1:
        raise ConsentUnproven("no entry has the load that brought the consent")
    if loaded[0]["object"]["id"] != notice["id"]:
        raise ConsentUnproven("the load was under another notice")
    code = _CODES.get(statement["state"])
    if code is None:
        raise ConsentUnproven(f"no load brings a consent that is {statement['state']}")
    if statement.get("by_guardian") and code == _CODES["given"]:
        code = _BY_GUARDIAN
    head = b"%d\n%b\n%d\n" % (statement["row"], code, _microseconds(statement["at"]))
    tail = bytes.fromhex(statement["proof"] or "") + (statement["method"] or "").encode()
    if not (leaf.startswith(head) and leaf.endswith(tail) and len(leaf) == len(head) + merkle.HASH_SIZE + len(tail)):
        raise ConsentUnproven("the loaded row does not say what the record says")
    term = notice["document"]["term_days"] * _MICROSECONDS_A_DAY
    end = _microseconds(statement["at"]) + term if statement["state"] not in ("refused", "withdrawn") else None
    if end != (_microseconds(statement["until"]) if statement["until"] is not None else None):
        raise ConsentUnproven("the consent does not end when the notice's term does")
    merkle.verify_inclusion(
        index=step["index"],
        size=loaded[0]["count"],
        leaf=merkle.leaf_hash(leaf),
        proof=[bytes.fromhex(part) for part in step["path"]],
        root=bytes.fromhex(loaded[0]["root"]),
    )


def _only(bodies: Sequence[Mapping[str, Any]], type_: str, identifier: str) -> Mapping[str, Any]:
    for body in bodies:
        if body["type"] == type_ and body["object"]["id"] == identifier:
            return body
    raise ConsentUnproven(f"no entry {type_} is among those that were verified")


def _commitment(value: Any, salt: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + canonical.dumps(value)).hexdigest()


def _microseconds(text: str) -> int:
    """Microseconds since 1970 of a time in the form of entries."""
    at = datetime.fromisoformat(text)
    return (at - _EPOCH) // timedelta(microseconds=1)
