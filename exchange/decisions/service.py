"""Build the ledger's record of a decision, and store the decision's policy bundle and input.

A delivery and a replay build the record alike, so that the two can be compared field by field.
"""

import hashlib

from exchange.decisions import queries
from exchange.kernel.clock import Clock
from exchange.kernel.database import Database
from exchange.kernel.identifiers import as_id
from ledger import entries
from ledger.entries.parts import Hex
from policies.decision.documents import Decision, Reason
from policies.rego.bundle import Bundle


class DecisionRecord(entries.Decision):
    """The record of a decision that this exchange made, which always names its input."""

    input: Hex


def build_record(decision: Decision, *, engine: str, facts: bytes, salt: str) -> DecisionRecord:
    """The record of a decision for a ledger entry. `facts` is the input document without its time, which is the entry's."""
    obligations = decision.obligations.model_dump_json().encode() if decision.obligations else None
    return DecisionRecord(
        outcome="allow" if decision.allow else "deny",
        policy=decision.revision,
        engine=engine,
        input=hash_salted(facts, salt=salt),
        obligations=hash_salted(obligations, salt=salt) if obligations is not None else None,
        reasons=[entries.Reason(code=reason.code, ref=_ref(reason)) for reason in decision.reasons],
    )


def hash_salted(content: bytes, *, salt: str) -> str:
    """SHA-256 over a salt (hex) and content, in hex. Without the salt, a consumer could guess the owner's row filters by it."""
    return hashlib.sha256(bytes.fromhex(salt) + content).hexdigest()


def _ref(reason: Reason) -> str | None:
    """A reason's `ref`, where it is an identifier, or the code of an owner's module (policies/owner_rules/narrowing.py).

    The name of a field is text that the caller typed, and is not recorded.
    """
    is_recorded = reason.code == "owner-denied" or (reason.ref is not None and as_id(reason.ref) is not None)
    return reason.ref if is_recorded else None


async def keep_input(database: Database, clock: Clock, record: DecisionRecord, facts: bytes) -> None:
    """Store the input of a decision durably, before any entry names it. A cached decision has its input stored already."""
    async with database.pool.acquire() as connection:
        await queries.insert_input(connection, record.input, facts, now=clock.now())


class BundleAltered(RuntimeError):
    """The stored policy bundle has another digest: somebody changed it in the database."""


async def keep_bundle(database: Database, clock: Clock, bundle: Bundle) -> None:
    """Store the policy bundle durably, before it decides anything. Raises BundleAltered."""
    async with database.pool.acquire() as connection:
        await queries.insert_bundle(connection, bundle, now=clock.now())
        stored = await queries.find_bundle(connection, bundle.digest)
    if stored is None or stored.digest != bundle.digest:
        raise BundleAltered(
            f"the stored policy bundle {bundle.digest} has another digest; see docs/operations/policies.md"
        )
