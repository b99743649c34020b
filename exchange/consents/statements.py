"""Statements: what each step of a consent states, as the JSON whose salted digest or tree is on the ledger. They name nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exchange.consents.lifecycle import VALID
from exchange.consents.models import Consent, ConsentEvent, ConsentNotice
from exchange.kernel.clock import rfc3339


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a record: when the person or somebody else decided, and how that is proved."""

    at: datetime
    until: datetime | None = None
    method: str | None = None
    proof: str | None = None
    guardian: bytes | None = None
    reason: str | None = None


def statement_of(notice: ConsentNotice, consent: Consent, change: Change) -> dict[str, Any]:
    """What a step states that a request took; the consent's state is that after the step."""
    return {
        "at": rfc3339(change.at),
        "consent": str(consent.id),
        "notice": str(notice.id),
        "notice_digest": notice.digest,
        "state": consent.state,
        **({"until": rfc3339(change.until)} if change.until is not None else {}),
        **({"method": change.method} if change.method is not None else {}),
        **({"proof": change.proof} if change.proof is not None else {}),
        **({"by_guardian": True} if change.guardian is not None else {}),
        **({"reason": change.reason} if change.reason is not None else {}),
    }


def loaded_statement(consent: Consent, events: Iterable[ConsentEvent]) -> dict[str, Any] | None:
    """What the newest step states that a load took, unless an event has it already; None for a record without a load.

    A load keeps no event of its own: millions of records follow from their rows. Nor does an expiry, so the state of an
    expired record is not what the load brought: it renewed a consent that had a step before, and gave one that had none.
    """
    before = list(events)
    if consent.load is None or any(_is_of(event.statement, consent) for event in before):
        return None
    has_held = any(event.statement["state"] in VALID for event in before)
    state = consent.state if consent.state != "expired" else "renewed" if has_held else "given"
    return {
        "consent": str(consent.id),
        "state": state,
        "load": str(consent.load),
        "row": consent.row,
        "method": consent.method,
        "proof": consent.proof.hex() if consent.proof is not None else None,
        "at": rfc3339(consent.decided_at) if consent.decided_at is not None else None,
        "until": rfc3339(consent.until) if consent.until is not None else None,
        **({"by_guardian": True} if consent.guardian is not None and state in VALID else {}),
    }


def _is_of(statement: Mapping[str, Any], consent: Consent) -> bool:
    return statement.get("load") == str(consent.load) and statement.get("row") == consent.row
