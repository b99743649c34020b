"""The merge of a load's staged rows into the records, a batch a transaction with the entry of what its withdrawals ended."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from exchange.consents.deletions import service as deletions
from exchange.consents.loading import queries
from exchange.consents.models import ConsentNotice
from exchange.consents.notices import queries as notices
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment
from exchange.kernel.database import AsyncSession, driver
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.runtime import Runtime
from ledger import entries
from ledger.log import store


@dataclass(frozen=True, slots=True)
class Load:
    """A load that is being merged: its id, its scope, and how long a consent holds under its notice."""

    id: UUID
    scope: int
    term: timedelta


def sealed_name(load: UUID, row: int) -> str:
    """The name under which what is kept beside a row is sealed: a guardian, or who withdrew."""
    return f"consent-load/{load}/{row}"


async def merge(runtime: Runtime, load: Load, *, begin: int, end: int) -> None:
    """Merge the staged rows begin < row <= end, unless another process has merged them. Raises Halted.

    Withdrawals advance the epoch of the scope once, with one entry and one deletion for all of them.
    """
    async with runtime.database.pool.acquire() as connection:
        await queries.give_numbers(connection, load.id, begin=begin, end=end)
    now = runtime.clock.now()
    async with runtime.database.sessions() as session:
        connection = await driver(session)
        epoch, merged_to = await queries.lock(connection, load.id, load.scope)
        if merged_to != begin:
            return
        ended = await queries.merge_batch(
            connection, load.id, begin=begin, end=end, scope=load.scope, epoch=epoch, term=load.term, now=now
        )
        if ended.consents:
            await _append_end(session, load, ended, epoch=epoch + 1, now=now, seal=runtime.seal)
        await session.commit()


async def _append_end(
    session: AsyncSession, load: Load, ended: queries.Ended, *, epoch: int, now: datetime, seal: Seal
) -> None:
    """Append the entry of the consents that were withdrawn, and order what the recipient has to delete."""
    notice = await notices.of_scope(session, load.scope)
    withdrawn = {
        "object": entries.Object(kind="consent_notice", id=str(notice.id)),
        "consents": commitment(
            sorted(str(identifier) for identifier in ended.consents),
            salt=seal.salt(f"consents withdrawn/{load.scope}/{epoch}"),
        ),
        "count": len(ended.consents),
        "dataset": str(notice.dataset_id),
        "epoch": epoch,
        "load": str(load.id),
    }
    common = {"at": rfc3339(now), "actor": entries.Actor()}
    bodies: list[entries.Body] = [entries.ConsentsWithdrawn.model_validate(common | withdrawn)]
    ordered = await _order(session, load, notice, ended, now=now, seal=seal)
    if ordered is not None:
        bodies.append(entries.DeletionChanged.model_validate(common | ordered))
    await session.flush()
    submissions = [store.Submission(body.canonical()) for body in bodies]
    await store.append(await driver(session), submissions, advance_fence=False)


async def _order(
    session: AsyncSession, load: Load, notice: ConsentNotice, ended: queries.Ended, *, now: datetime, seal: Seal
) -> dict[str, Any] | None:
    people = [seal.open(sealed, name=sealed_name(load.id, row)).decode() for row, sealed in ended.people]
    return await deletions.add(
        session,
        notice,
        consent=None,
        people=len(ended.consents),
        cause="withdrawn",
        now=now,
        identifier=json.dumps(people, ensure_ascii=False) if people else None,
        seal=seal,
    )
