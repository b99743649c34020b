"""The verbs of those who look into the ledger: search it, and have a decision made again. Either leaves an entry itself."""

from contextlib import closing
from typing import Literal

from exchange.audit import queries, replaying, tasks
from exchange.audit.errors import IndexBehind
from exchange.audit.queries import Scope, Wanted
from exchange.audit.reading import read
from exchange.audit.schemas import EntriesOut, EntryOut, Filter, ReplayOut
from exchange.audit.scopes import scope_of
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import driver
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from ledger import entries
from ledger.format import merkle
from policies.owner_rules.checker import Checker

# Filters by the column that each is a value of.
_COLUMNS = {
    name: name for name in ("organisation", "principal", "key", "dataset", "agreement", "owner", "consumer")
} | {
    "object_kind": "object_kind",
    "object": "object_id",
    "purpose": "purpose",
    "lane": "lane",
    "problem": "problem",
}


async def search(work: Work, asked: Filter) -> EntriesOut:
    """A page of the entries that the principal may see and looks for; that it looked is an entry itself.

    Raises Forbidden, NotFound, IndexBehind, EntryAltered.
    """
    scope = scope_of(work)
    ledger = await _ledger(work, asked.incarnation)
    found = await queries.search(
        work.session, ledger, wanted(asked), scope, order=asked.order, start=asked.start, limit=asked.limit + 1
    )
    shown = found[: asked.limit]
    leaves = await queries.leaves(work.session, ledger, shown)
    results = []
    for index in shown:
        parsed = read(index, leaves.get(index))
        results.append(
            EntryOut(
                index=index,
                hash=merkle.leaf_hash(leaves[index].leaf).hex(),
                prev=parsed.prev.hex(),
                body=parsed.body,
            )
        )
    salt = _salt(work)
    work.record(
        entries.AuditRead(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            query=commitment(asked.plain(), salt=salt),
            found=len(results),
            scope=_name(scope),
        )
    )
    return EntriesOut(
        entries=results,
        next=found[asked.limit] if len(found) > asked.limit else None,
        size=ledger.size,
        incarnation=ledger.number,
        query=asked.plain(),
        salt=salt,
    )


async def replay(work: Work, index: int, *, incarnation: int | None = None) -> ReplayOut:
    """Make the decision of an entry again; for its dataset's owner and the exchange's auditor. Raises NotFound, Forbidden."""
    scope = scope_of(work)
    ledger = await _ledger(work, incarnation)
    if not await queries.is_visible(work.session, ledger, index, scope):
        raise NotFound("There is no such entry, or none whose decision you may see made again.")
    leaves = await queries.leaves(work.session, ledger, [index])
    sandbox = work.runtime[Checker].sandboxes
    with closing(replaying.Replayer(await driver(work.session), sandbox)) as replayer:
        replayed = await replayer.replay(index, leaves.get(index))
    work.record(
        entries.AuditReplayed(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            object=entries.Object(kind="entry", id=f"{ledger.number}/{index}" if ledger.is_former else str(index)),
            scope=_name(scope),
            verdict=replayed.verdict,
        )
    )
    return ReplayOut.model_validate(replayed)


async def _ledger(work: Work, incarnation: int | None) -> queries.Ledger:
    """The incarnation of the ledger that is meant, indexed to its end. Raises NotFound, IndexBehind."""
    await tasks.catch_up(work.runtime)
    found = await queries.ledger(work.session, incarnation)
    if found is None:
        raise NotFound("The ledger has no such incarnation here.")
    if found.indexed < found.size:  # by a version that did not finish it; nobody may write there any more
        raise IndexBehind("This incarnation was set aside before all of it was indexed; search its archive.")
    return found


def wanted(asked: Filter) -> Wanted:
    """A filter as the index is asked."""
    plain = asked.model_dump()
    values = {column: plain[name] for name, column in _COLUMNS.items() if plain[name] is not None}
    prefix = None
    if asked.type is not None:
        if asked.type.endswith("*") or "." not in asked.type:
            prefix = asked.type.removesuffix("*") if asked.type.endswith("*") else f"{asked.type}."
        else:
            values["type"] = asked.type
    return Wanted(
        values,
        subject=asked.subject,
        prefix=prefix,
        since=rfc3339(asked.since) if asked.since else None,
        until=rfc3339(asked.until) if asked.until else None,
        is_refused=None if asked.outcome is None else asked.outcome == "refused",
    )


def _name(scope: Scope) -> Literal["exchange", "organisation"]:
    return "exchange" if scope.everything else "organisation"


def _salt(work: Work) -> str:
    """The salt of what was asked: in the answer, and to be found again by whoever has the exchange's seal.

    Who looks for whom must not be found by trying, and yet be provable.
    """
    return work.runtime.seal.salt(f"audit.read/{work.request.base}") if work.request else new_salt()
