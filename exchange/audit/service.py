"""The verbs of audit: search the ledger, and replay a decision. Each leaves an entry."""

from contextlib import closing
from typing import Literal

from exchange.audit import queries, replaying, tasks
from exchange.audit.errors import IndexBehind
from exchange.audit.queries import Criteria, Ledger, Scope
from exchange.audit.reading import read
from exchange.audit.schemas import EntriesOut, EntryOut, Filter, ReplayOut
from exchange.audit.scopes import scope_of
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment
from exchange.kernel.database import driver
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from ledger import entries
from ledger.format import merkle
from policies.owner_rules.checker import Checker

# The column of the index that each filter is a value of.
_COLUMNS = {
    name: name for name in ("organisation", "principal", "key", "dataset", "agreement", "owner", "consumer")
} | {
    "object_kind": "object_kind",
    "object": "object_id",
    "purpose": "purpose",
    "lane": "lane",
    "problem": "problem",
}


async def search(work: Work, filters: Filter) -> EntriesOut:
    """Search a page of the entries that the principal may see.

    Raises Forbidden, NotFound, IndexBehind, EntryAltered.
    """
    scope = scope_of(work)
    ledger = await _ledger(work, filters.incarnation)
    matches = await queries.search(
        work.session,
        ledger,
        criteria_of(filters),
        scope,
        order=filters.order,
        start=filters.start,
        limit=filters.limit + 1,
    )
    page = matches[: filters.limit]
    leaves = await queries.leaves(work.session, ledger, page)
    results = []
    for index in page:
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
    work.entry(
        entries.AuditRead, query=commitment(filters.plain(), salt=salt), found=len(results), scope=_scope_name(scope)
    )
    return EntriesOut(
        entries=results,
        next=matches[filters.limit] if len(matches) > filters.limit else None,
        size=ledger.size,
        incarnation=ledger.number,
        query=filters.plain(),
        salt=salt,
    )


async def replay(work: Work, index: int, *, incarnation: int | None = None) -> ReplayOut:
    """Replay a decision, for the dataset's owner and the exchange's auditor. Raises NotFound, Forbidden, IndexBehind."""
    scope = scope_of(work)
    ledger = await _ledger(work, incarnation)
    if not await queries.is_visible(work.session, ledger, index, scope):
        raise NotFound("There is no such entry, or none whose decision you may see made again.")
    leaves = await queries.leaves(work.session, ledger, [index])
    sandboxes = work.runtime[Checker].sandboxes
    with closing(replaying.Replayer(await driver(work.session), sandboxes)) as replayer:
        replayed = await replayer.replay(index, leaves.get(index))
    identifier = f"{ledger.number}/{index}" if ledger.is_former else str(index)
    work.entry(entries.AuditReplayed, about=("entry", identifier), scope=_scope_name(scope), verdict=replayed.verdict)
    return ReplayOut.model_validate(replayed)


async def _ledger(work: Work, incarnation: int | None) -> Ledger:
    """An incarnation of the ledger, by default the present one, indexed to its end. Raises NotFound, IndexBehind."""
    await tasks.catch_up(work.runtime)
    ledger = await queries.ledger(work.session, incarnation)
    if ledger is None:
        raise NotFound("The ledger has no such incarnation here.")
    if ledger.indexed < ledger.size:  # a former version left it so, and nobody may write there any more
        raise IndexBehind("This incarnation was set aside before all of it was indexed; search its archive.")
    return ledger


def criteria_of(filters: Filter) -> Criteria:
    """The criteria of a search, by the index's columns."""
    plain = filters.model_dump()
    values = {column: plain[name] for name, column in _COLUMNS.items() if plain[name] is not None}
    prefix = None
    if filters.type is not None:
        if filters.type.endswith("*") or "." not in filters.type:
            prefix = filters.type.removesuffix("*") if filters.type.endswith("*") else f"{filters.type}."
        else:
            values["type"] = filters.type
    return Criteria(
        values,
        subject=filters.subject,
        prefix=prefix,
        since=rfc3339(filters.since) if filters.since else None,
        until=rfc3339(filters.until) if filters.until else None,
        is_refused=None if filters.outcome is None else filters.outcome == "refused",
    )


def _scope_name(scope: Scope) -> Literal["exchange", "organisation"]:
    return "exchange" if scope.everything else "organisation"


def _salt(work: Work) -> str:
    """Salt of the query commitment: derived from the seal, and returned in the answer.

    Without it nobody can guess who searched for whom; with it, the query can be proven.
    """
    return work.runtime.seal.salt(f"audit.read/{work.caller.evidence.digest}")
