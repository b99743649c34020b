"""Recording a decision, and keeping what it was made of.

Recording is the same for a delivery and for a replay, so that the two can be compared field by field.
"""

import hashlib

from exchange.decisions import queries
from exchange.kernel.clock import Clock
from exchange.kernel.database import Database
from exchange.kernel.identifiers import as_id
from ledger import entries
from policies.decision.documents import Decision, Reason
from policies.rego.bundle import Bundle


def recorded(decision: Decision, *, engine: str, facts: bytes, salt: str) -> entries.Decision:
    """A decision on an input document (without its time) as ledger entries hold it; the time is the entry's."""
    obligations = decision.obligations.model_dump_json().encode() if decision.obligations else None
    return entries.Decision(
        outcome="allow" if decision.allow else "deny",
        policy=decision.revision,
        engine=engine,
        input=salted(facts, salt=salt),
        obligations=salted(obligations, salt=salt) if obligations is not None else None,
        reasons=[entries.Reason(code=reason.code, ref=_ref(reason)) for reason in decision.reasons],
    )


def salted(content: bytes, *, salt: str) -> str:
    """Salted: a consumer knows all of this but the owner's row filters, and must not find those by trying."""
    return hashlib.sha256(bytes.fromhex(salt) + content).hexdigest()


def _ref(reason: Reason) -> str | None:
    """What a reason is about, where it is an identifier, or a word of an owner's module (policies/owner_rules/narrowing.py).

    A field's name is whatever the caller typed, and is not kept.
    """
    is_kept = reason.code == "owner-denied" or (reason.ref is not None and as_id(reason.ref) is not None)
    return reason.ref if is_kept else None


async def keep(database: Database, clock: Clock, record: entries.Decision, facts: bytes) -> None:
    """Make the input of a decision durable, before any entry names it.

    Once for each decision that is made, not for each request: a remembered decision has been here.
    """
    assert record.input is not None  # noqa: S101 - `recorded` always says
    async with database.pool.acquire() as connection:
        await queries.keep_input(connection, record.input, facts, now=clock.now())


class BundleAltered(RuntimeError):
    """What is kept under the digest of the policy bundle is another: somebody changed it in the database."""


async def keep_bundle(database: Database, clock: Clock, bundle: Bundle) -> None:
    """Make the bundle that decides durable, before it decides anything. Raises BundleAltered."""
    async with database.pool.acquire() as connection:
        await queries.keep_bundle(connection, bundle, now=clock.now())
        kept = await queries.kept_bundle(connection, bundle.digest)
    if kept is None or kept.digest != bundle.digest:
        raise BundleAltered(
            f"what is kept as policy bundle {bundle.digest} is not it; see docs/operations.md, Policies"
        )
