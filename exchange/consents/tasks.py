"""Recurring work of consents: those whose term is over become expired, with one entry for each batch under a notice.

Deliveries do not wait for this: they compare the times themselves.
"""

from contextlib import suppress
from datetime import datetime

from exchange.consents import queries
from exchange.consents.deletions import service as deletions
from exchange.consents.lifecycle import CONSENT
from exchange.consents.notices import queries as notices
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment
from exchange.kernel.database import AsyncSession, Connection, driver
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted

EXPIRY = "consents-expiry"
_SECONDS = 10.0
_AT_ONCE = 5000


def open_parts(runtime: Runtime) -> None:
    """Register the loop."""

    async def expire(_leading: Connection) -> None:
        now = runtime.clock.now()
        with suppress(Halted):  # a halted ledger takes no entry; the next round tries again
            async with runtime.database.sessions() as session:
                scopes = await queries.scopes_overdue(session, now)
            for scope in scopes:
                while await _expire(runtime, scope, now) == _AT_ONCE:
                    pass

    runtime[Loops].add(every(_SECONDS, expire, name=EXPIRY, leader=leader_of(runtime.database, EXPIRY)))


async def _expire(runtime: Runtime, scope: int, now: datetime) -> int:
    async with runtime.database.sessions() as session:
        return await expire_overdue(session, scope, now, seal=runtime.seal)


async def expire_overdue(session: AsyncSession, scope: int, now: datetime, *, seal: Seal, limit: int = _AT_ONCE) -> int:
    """Expire consents under one notice whose term is over, in one transaction with their entry; returns how many.

    Raises Halted.
    """
    await notices.lock_scope(session, scope)
    subjects = await queries.overdue(session, scope=scope, now=now, limit=limit)
    if not subjects:
        return 0
    notice = await notices.of_scope(session, scope)
    [step] = [step for step in CONSENT.steps if step.verb == "expire"]
    expired = await queries.mark_expired(
        session, scope=scope, subjects=subjects, sources=step.sources, target=step.target
    )
    epoch = await queries.exclude(session, scope=scope, subjects=subjects, now=now)
    common = {"at": rfc3339(now), "actor": entries.Actor()}
    salt = seal.salt(f"consents expired/{scope}/{epoch}")
    bodies: list[entries.Body] = [
        entries.ConsentsExpired.model_validate(
            {
                **common,
                "type": step.entry,
                "object": entries.Object(kind="consent_notice", id=str(notice.id)),
                "consents": commitment(sorted(str(identifier) for identifier in expired), salt=salt),
                "count": len(expired),
                "dataset": str(notice.dataset_id),
                "epoch": epoch,
            }
        )
    ]
    deletion = await deletions.add(
        session, notice, consent=None, people=len(subjects), cause="expired", now=now, seal=seal
    )
    if deletion is not None:
        bodies.append(entries.DeletionChanged.model_validate({**common, **deletion}))
    await session.flush()
    submissions = [store.Submission(body.canonical()) for body in bodies]
    await store.append(await driver(session), submissions, advance_fence=False)
    await session.commit()
    return len(subjects)
