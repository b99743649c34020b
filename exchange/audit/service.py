"""The verbs of audit: search the ledger, and replay a decision. Each leaves an entry."""

from collections.abc import Sequence
from contextlib import closing
from typing import Literal
from uuid import UUID

from exchange.audit import queries, replaying, tasks
from exchange.audit.errors import IndexBehind
from exchange.audit.naming import criteria_of, names_in
from exchange.audit.queries import Criteria, Ledger, Scope
from exchange.audit.reading import read
from exchange.audit.reporting import recipients
from exchange.audit.schemas import EntriesOut, EntryOut, Filter, PersonReportOut, ReplayOut
from exchange.audit.scopes import scope_of
from exchange.kernel.commitments import commitment
from exchange.kernel.database import driver
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants.queries import organisations_by_ids
from exchange.subjects.reading import find_person
from exchange.subjects.schemas import PersonReference
from ledger import entries
from ledger.format import merkle
from policies.owner_rules.checker import Checker

_RELEASES = frozenset({"delivery.completed", "delivery.started"})
_MOST = 5_000
"""The most entries that a report reads of each kind."""


async def search(work: Work, filters: Filter) -> EntriesOut:
    """Search a page of the entries that the principal may see.

    Raises Forbidden, NotFound, RequestInvalid for a value that nothing can match, IndexBehind, EntryAltered.
    """
    scope = scope_of(work)
    ledger = await _ledger(work, filters.incarnation)
    criteria = await criteria_of(work, ledger, scope, filters)
    matches = await queries.search(
        work.session, ledger, criteria, scope, order=filters.order, start=filters.start, limit=filters.limit + 1
    )
    results = await _read(work, ledger, matches[: filters.limit])
    salt = _salt(work)
    work.entry(
        entries.AuditRead, query=commitment(filters.plain(), salt=salt), found=len(results), scope=_scope_name(scope)
    )
    return EntriesOut(
        entries=results,
        names=await names_in(work, [entry.body for entry in results]),
        next=matches[filters.limit] if len(matches) > filters.limit else None,
        size=ledger.size,
        incarnation=ledger.number,
        query=filters.plain(),
        salt=salt,
    )


async def _read(work: Work, ledger: Ledger, indexes: Sequence[int]) -> list[EntryOut]:
    """The entries of these indexes, in their order. Raises EntryAltered."""
    leaves = await queries.leaves(work.session, ledger, indexes)
    results = []
    for index in indexes:
        parsed = read(index, leaves.get(index))
        leaf_hash = merkle.leaf_hash(leaves[index].leaf).hex()
        results.append(EntryOut(index=index, hash=leaf_hash, prev=parsed.prev.hex(), body=parsed.body))
    return results


async def report(work: Work, person: PersonReference) -> PersonReportOut:
    """Report who received a person's data: the deliveries that named the person, and those of the whole dataset.

    For who may read what is sealed about people in the dataset. Raises NotFound, RequestInvalid, IndexBehind.
    """
    dataset, pseudonym = await find_person(work, person)
    ledger = await _ledger(work, None)
    whole_ledger = Scope(everything=True)
    named: list[EntryOut] = []
    if pseudonym is not None:
        about = Criteria({"type": _RELEASES}, subject=pseudonym.hex())
        # Under a declared scheme other owners mean the same person; an owner reads what its own scope shows.
        everywhere = work.may("subject", "access", "exchange")
        scope = whole_ledger if everywhere else Scope(owners=frozenset({str(dataset.organisation_id)}))
        matches = await queries.search(work.session, ledger, about, scope, order="newest", start=None, limit=_MOST)
        named = await _read(work, ledger, matches)
    released = Criteria({"type": _RELEASES, "dataset": str(dataset.id)})
    matches = await queries.search(
        work.session, ledger, released, whole_ledger, order="newest", start=None, limit=_MOST
    )
    indexes = {entry.index for entry in named}
    other_entries = [entry for entry in await _read(work, ledger, matches) if entry.index not in indexes]
    salt = _salt(work)
    question = {"dataset": str(dataset.id), "subject": pseudonym.hex() if pseudonym is not None else None}
    work.entry(
        entries.AuditRead,
        about=("subject", pseudonym.hex()) if pseudonym is not None else None,
        query=commitment(question, salt=salt),
        found=len(named),
        scope="organisation",
    )
    names = await organisations_by_ids(
        work.session, {UUID(entry.body["actor"]["organisation"]) for entry in [*named, *other_entries]}
    )
    return PersonReportOut(
        subject=question["subject"],
        named=recipients(named, names),
        possible=recipients([entry for entry in other_entries if not entry.body.get("subjects")], names),
        is_complete=max(len(named), len(matches)) < _MOST,
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


def _scope_name(scope: Scope) -> Literal["exchange", "organisation"]:
    return "exchange" if scope.everything else "organisation"


def _salt(work: Work) -> str:
    """Salt of the query commitment: derived from the seal, and returned in the answer.

    Without it nobody can guess who searched for whom; with it, the query can be proven.
    """
    return work.runtime.seal.salt(f"audit.read/{work.caller.evidence.digest}")
