"""The tracker: who used which data about a person, when and for what, refusals included, each line with its receipt.

A line is an entry that names the person by pseudonym, or whose answer had a row about the person's number. One query decides
what a person sees, so that counts, pages and receipts never tell of more.
"""

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.audit import queries as audit
from exchange.audit.queries import Criteria, Scope
from exchange.audit.tasks import catch_up
from exchange.catalog import queries as catalog
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.portal import queries
from exchange.portal.binding import Bound
from exchange.portal.opening import is_committed
from exchange.portal.schemas import UseOut, UsesOut
from exchange.subjects import queries as subjects
from ledger.log import publication

_OUTCOMES: Final = {
    "delivery.completed": "delivered",
    "delivery.started": "started",
    "delivery.aborted": "aborted",
    "delivery.refused": "refused",
    "answer.given": "answered",
    "answer.refused": "refused",
    "code.redeemed": "code-redeemed",
}
_TYPES: Final = frozenset(_OUTCOMES)
_ALL: Final = Scope(everything=True)


async def uses(work: Work, person: Sequence[Bound], *, before: int | None, limit: int) -> UsesOut:
    """A page of what was done with data about a person, newest first."""
    await catch_up(work.runtime)
    start = before - 1 if before is not None else None
    indexes = dict.fromkeys(await _named(work, person, start=start, limit=limit), "named")
    numbers = [bound.number for bound in person]
    for index in await queries.answers_about(work.session, numbers, before=before, limit=limit):
        indexes.setdefault(index, "in-answer")
    page = sorted(indexes, reverse=True)[:limit]
    bodies = await _bodies(work, page)
    lines = await _lines(work, {index: (bodies[index], indexes[index]) for index in page})
    return UsesOut(uses=lines, next=page[-1] if len(page) == limit else None)


async def _named(work: Work, person: Sequence[Bound], *, start: int | None, limit: int) -> list[int]:
    indexes: list[int] = []
    ledger = await audit.present(work.session)
    for bound in person:
        row = await subjects.by_lookup(work.session, bound.identity.lookup(work.runtime.seal))
        if row is not None and (start is None or start >= 0):
            about = Criteria({"type": _TYPES}, subject=row.pseudonym.hex())
            indexes += await audit.search(work.session, ledger, about, _ALL, order="newest", start=start, limit=limit)
    return indexes


async def _bodies(work: Work, indexes: Sequence[int]) -> dict[int, dict[str, Any]]:
    ledger = await audit.present(work.session)
    leaves = await audit.leaves(work.session, ledger, indexes)
    return {index: json.loads(leaves[index].leaf)["body"] for index in indexes}


async def _lines(work: Work, entries: dict[int, tuple[dict[str, Any], str]]) -> list[UseOut]:
    bodies = [body for body, _ in entries.values()]
    datasets = {UUID(body["dataset"]) for body in bodies if "dataset" in body}
    consumers = {UUID(body["actor"]["organisation"]) for body in bodies if "organisation" in body["actor"]}
    names = await participants.organisations_by_ids(work.session, consumers)
    dataset_names = await catalog.names_of(work.session, datasets)
    granted = await agreements.by_ids(work.session, {UUID(body["agreement"]) for body in bodies if "agreement" in body})
    lines = []
    for index, (body, certainty) in entries.items():
        consumer = names.get(UUID(body["actor"]["organisation"])) if "organisation" in body["actor"] else None
        agreement = body.get("agreement")
        lines.append(
            UseOut.model_validate(
                {
                    "entry": index,
                    "at": body["at"],
                    "outcome": _OUTCOMES[body["type"]],
                    "dataset": body["dataset"],
                    "dataset_name": dataset_names.get(UUID(body["dataset"])),
                    "consumer": f"{consumer.name_zh} ({consumer.handle})" if consumer is not None else None,
                    "purpose": body.get("purpose"),
                    "agreement": agreement,
                    "granted": list(granted[agreement].fields) if agreement in granted else [],
                    "answers": body.get("answers") or [],
                    "reasons": [reason["code"] for reason in body.get("decision", {}).get("reasons", [])],
                    "certainty": certainty,
                    "receipt": await _receipt(work, index),
                    "opening": f"/portal/uses/{index}/opening" if is_committed(body) else None,
                }
            )
        )
    return lines


async def _receipt(work: Work, index: int) -> str | None:
    async with work.runtime.database.pool.acquire() as connection:
        try:
            return await publication.receipt(connection, index)
        except publication.NotPublished:
            return None
