"""The tracker: who used which data about a person, when and for what, refusals included, each line with its receipt.

A line is an entry that names the person by pseudonym, or whose answer had a row about the person's number. What a law defers
is as if it were not: pages, counts, openings and the copy of everything are made of what is visible now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
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
from exchange.portal.deferrals import service as deferrals
from exchange.portal.deferrals.service import Deferred
from exchange.portal.opening import is_committed
from exchange.portal.schemas import UseOut, UsesOut
from exchange.subjects import queries as subjects
from ledger.log import publication
from policies.decision.explanations import title_of

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
_SKIPPED: Final = 500
"""How many entries are read at once where deferred ones leave a page short."""


@dataclass(frozen=True, slots=True)
class Use:
    """An entry that a person sees: its body, how it is about the person, and by what it was deferred."""

    body: dict[str, Any]
    certainty: str
    deferred: Deferred | None


async def uses(work: Work, person: Sequence[Bound], *, before: int | None, limit: int) -> UsesOut:
    """A page of what was done with data about a person, newest first."""
    await catch_up(work.runtime)
    now, shown, size = work.runtime.clock.now(), dict[int, Use](), limit
    while True:
        indexes = await _indexes(work, person, before=before, limit=size)
        bodies = await _bodies(work, sorted(indexes))
        deferred = await deferrals.deferred(work, bodies)
        for index in sorted(indexes, reverse=True):
            if len(shown) < limit and (index not in deferred or deferred[index].visible_from <= now):
                shown[index] = Use(bodies[index], indexes[index], deferred.get(index))
        if len(shown) == limit or len(indexes) < size:
            break
        before, size = min(indexes), _SKIPPED
    return UsesOut(uses=await _lines(work, shown), next=min(shown) if len(shown) == limit else None)


async def _indexes(work: Work, person: Sequence[Bound], *, before: int | None, limit: int) -> dict[int, str]:
    """The next entries about a person, with how each is about them."""
    start = before - 1 if before is not None else None
    indexes = dict.fromkeys(await _named(work, person, start=start, limit=limit), "named")
    numbers = [bound.number for bound in person]
    for index in await queries.answers_about(work.session, numbers, before=before, limit=limit):
        indexes.setdefault(index, "in-answer")
    return {index: indexes[index] for index in sorted(indexes, reverse=True)[:limit]}


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


async def _lines(work: Work, uses: dict[int, Use]) -> list[UseOut]:
    bodies = [use.body for use in uses.values()]
    datasets = {UUID(body["dataset"]) for body in bodies if "dataset" in body}
    consumers = {UUID(body["actor"]["organisation"]) for body in bodies if "organisation" in body["actor"]}
    names = await participants.organisations_by_ids(work.session, consumers)
    dataset_names = await catalog.names_of(work.session, datasets)
    granted = await agreements.by_ids(work.session, {UUID(body["agreement"]) for body in bodies if "agreement" in body})
    lines = []
    for index, use in uses.items():
        body = use.body
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
                    "certainty": use.certainty,
                    "explanations": _explanations(body),
                    "visible_from": use.deferred.visible_from if use.deferred is not None else None,
                    "deferred_by": use.deferred.law if use.deferred is not None else None,
                    "receipt": await _receipt(work, index),
                    "opening": f"/portal/uses/{index}/opening" if is_committed(body) else None,
                }
            )
        )
    return lines


def _explanations(body: dict[str, Any]) -> list[dict[str, str]]:
    """Why a request was refused, in words, which name no value of anybody."""
    if "problem" not in body:
        return []
    codes = [reason["code"] for reason in body.get("decision", {}).get("reasons", [])]
    words = [{"en": title_of(code, language="en"), "zh": title_of(code, language="zh")} for code in codes]
    problem = body["problem"]
    before = {"en": f"Refused before the rules were asked: {problem}", "zh": f"未进入规则判断即被拒绝：{problem}"}
    return words or [before]


async def _receipt(work: Work, index: int) -> str | None:
    async with work.runtime.database.pool.acquire() as connection:
        try:
            return await publication.receipt(connection, index)
        except publication.NotPublished:
            return None
