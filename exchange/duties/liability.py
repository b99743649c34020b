"""The items of liability of Decree 809, Articles 39 to 41, and where each is counted: in deadlines, or in a room's rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.applications import queries as applications
from exchange.catalog.items import queries as items
from exchange.disputes import queries as disputes
from exchange.duties.schemas import CounterOut, LiabilityOut
from exchange.kernel.database import AsyncSession

Side = Literal["provider", "demander", "authority"]
_ARTICLES: Final[Mapping[Side, str]] = {"provider": "809/39", "demander": "809/40", "authority": "809/41"}


@dataclass(frozen=True, slots=True)
class _Item:
    """An item: by the clocks whose lateness it is, or where `fact` is given by what a room counts."""

    name: str
    side: Side
    clocks: tuple[str, ...] = ()
    fact: str | None = None
    seen: Literal["counted", "prevented", "outside"] = "counted"


ITEMS: Final = (
    _Item("catalogue_not_updated", "provider", ("catalog_update",)),
    _Item("conditions_added", "provider", seen="prevented"),
    _Item("source_department_not_supported", "provider", seen="outside"),
    _Item("reply_late", "provider", ("reply",)),
    _Item("provision_late", "provider", ("provide",)),
    _Item("return_flow_refused", "provider", fact="returns_refused"),
    _Item("check_late", "provider", ("check",)),
    _Item("stopped_or_changed_unannounced", "provider", fact="stopped_unannounced"),
    _Item("platform_not_joined", "provider", seen="outside"),
    _Item("collected_again", "demander", seen="outside"),
    _Item("used_outside_the_agreement", "demander", fact="out_of_scope"),
    _Item("given_to_third_party", "demander", fact="third_party"),
    _Item("not_rectified", "demander", ("rectify",)),
    _Item("not_disposed", "demander", ("dispose",)),
    _Item("records_not_kept", "demander", ("usage",)),
    _Item("security_not_ensured", "demander", seen="outside"),
    _Item("catalogue_review_late", "authority", ("catalog_review",)),
    _Item("source_department_not_named", "authority", fact="sources_unnamed"),
    _Item("dispute_not_handled", "authority", fact="disputes_waiting"),
)


async def liability_of(
    session: AsyncSession, organisation: UUID | None, counters: Sequence[CounterOut]
) -> list[LiabilityOut]:
    """The items of an organisation, from its counters and its rows; with None those of all, and of the authority."""
    facts = dict(await agreements.count_grounds(session, organisation))
    facts["stopped_unannounced"] = await agreements.count_unannounced(session, organisation)
    facts["returns_refused"] = await applications.count_refused_returns(session, organisation)
    if organisation is None:
        facts["sources_unnamed"] = await items.count_unnamed(session)
        facts["disputes_waiting"] = await disputes.count_waiting(session)
    return [_count(item, facts, counters) for item in ITEMS if organisation is None or item.side != "authority"]


def _count(item: _Item, facts: Mapping[str, int], counters: Sequence[CounterOut]) -> LiabilityOut:
    clocks = [counter for counter in counters if counter.clock in item.clocks]
    overdue = sum(counter.overdue for counter in clocks)
    return LiabilityOut(
        item=item.name,
        article=_ARTICLES[item.side],
        side=item.side,
        seen=item.seen,
        overdue=overdue,
        breaches=overdue + sum(counter.late for counter in clocks) + facts.get(item.fact or "", 0),
    )
