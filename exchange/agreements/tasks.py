"""Recurring work of agreements: those whose time is over become expired, with an entry for each.

Decisions do not wait for this: they compare the times themselves.
"""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from exchange.agreements import queries
from exchange.agreements.clocks import follow
from exchange.agreements.dependents import AgreementDependents
from exchange.agreements.deriving import faults_in_inputs
from exchange.agreements.lifecycle import machine_of
from exchange.agreements.models import AgreementStatement
from exchange.agreements.publication import check_version, end_with_dataset
from exchange.catalog.dependents import DatasetDependents
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import AsyncSession, Connection, driver
from exchange.kernel.identifiers import new_id
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted, lock_changes

EXPIRY = "agreements-expiry"
_SECONDS = 10.0


def open_parts(runtime: Runtime) -> None:
    """Register the loop, the checks of a dataset's documents and next version, and the end of agreements with their dataset."""

    async def expire(_leading: Connection) -> None:
        async with runtime.database.sessions() as session:
            with suppress(Halted):  # a halted ledger takes no entry; the next round tries again
                await expire_overdue(session, runtime.clock.now())

    runtime.add(AgreementDependents())
    runtime[DatasetDependents].documents.append(faults_in_inputs)
    runtime[DatasetDependents].publication.append(check_version)
    runtime[DatasetDependents].withdrawal.append(end_with_dataset)
    runtime[Loops].add(every(_SECONDS, expire, name=EXPIRY, leader=leader_of(runtime.database, EXPIRY)))


async def suspend_for(
    session: AsyncSession, *, consumer: UUID, dataset: UUID, reason: str, now: datetime
) -> list[entries.Body]:
    """Suspend the active agreements of a consumer over a dataset, without anybody's request; returns the entries to append.

    Both sides read the reason. The owner resumes them.
    """
    bodies: list[entries.Body] = []
    for agreement in await queries.lock_active(session, consumer=consumer, dataset=dataset):
        step, salt = machine_of(agreement.lane).step(agreement.state, "suspend"), new_salt()
        agreement.state = step.target
        await follow(session, agreement, step, at=now, ground="other")
        session.add(
            AgreementStatement(
                id=new_id(),
                agreement_id=agreement.id,
                type=step.entry,
                reason=reason,
                salt=salt,
                stated_at=now,
                by=None,
            )
        )
        bodies.append(
            entries.AgreementChanged.model_validate(
                {
                    "type": step.entry,
                    "at": rfc3339(now),
                    "actor": entries.Actor(),
                    "object": entries.Object(kind="agreement", id=str(agreement.id)),
                    "consumer": str(agreement.consumer_id),
                    "dataset": str(agreement.dataset_id),
                    "lane": agreement.lane,
                    "statement": commitment(reason, salt=salt),
                }
            )
        )
    return bodies


async def expire_overdue(session: AsyncSession, now: datetime) -> int:
    """Expire at most 100 overdue agreements in one transaction with their entries; returns how many. Raises Halted."""
    overdue = await queries.lock_overdue(session, now)
    if overdue:
        submissions = []
        for agreement in overdue:
            step = machine_of(agreement.lane).step(agreement.state, "expire")
            agreement.state = step.target
            await follow(session, agreement, step, at=now)
            body = entries.AgreementChanged.model_validate(
                {
                    "type": step.entry,
                    "at": rfc3339(now),
                    "actor": entries.Actor(),
                    "object": entries.Object(kind="agreement", id=str(agreement.id)),
                    "consumer": str(agreement.consumer_id),
                    "dataset": str(agreement.dataset_id),
                    "lane": agreement.lane,
                }
            )
            submissions.append(store.Submission(body.canonical()))
        await session.flush()
        connection = await driver(session)
        await lock_changes(connection)
        await store.append(connection, submissions, advance_fence=True)
    await session.commit()
    return len(overdue)
