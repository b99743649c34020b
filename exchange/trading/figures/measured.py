"""Facts about the data of a listing that the ledger shows, and no seller states: freshness, availability, corrections."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from exchange.audit import queries as audit
from exchange.audit.queries import Criteria, Ledger
from exchange.audit.tasks import catch_up
from exchange.catalog import queries as catalog
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.work import Work
from exchange.trading.figures.reading import ALL, read, read_at
from exchange.trading.figures.schemas import FactsOut
from exchange.trading.listings import queries as listings
from exchange.trading.listings.service import reading_here

LEAST_REQUESTS: Final = 10
LEAST_RECIPIENTS: Final = 3
_USED_DAYS: Final = 30
_CORRECTED_DAYS: Final = 365
_WHOLE: Final = 10_000
_FAILING: Final = frozenset({"source-failed", "source-busy", "source-unusable", "exchange-busy"})
_FAILED_STREAMS: Final = frozenset({"source-failed", "exchange-stopped"})


async def measure(work: Work, *, listing_id: UUID) -> FactsOut:
    """The facts of a listing that the principal may see. Raises NotFound, IndexBehind, TooManyEntries."""
    listing = await listings.listing(work.session, reading_here(work), listing_id)
    await catch_up(work.runtime)
    session, now = work.session, work.runtime.clock.now()
    ledger = await audit.present(session)
    dataset = str(listing.dataset_id)
    listed = await catalog.any_dataset(session, dataset)
    published = await _newest(session, ledger, Criteria({"type": "dataset.published", "dataset": dataset}))
    source = str(listed.version.source_id) if listed.version is not None else ""
    imported = await _newest(session, ledger, Criteria({"type": "source.imported", "object_id": source}))
    corrected = await audit.tally(
        session,
        ledger,
        Criteria({"dataset": dataset}, prefix="correction.", since=rfc3339(now - timedelta(days=_CORRECTED_DAYS))),
    )
    counts = {
        type_: sum(each.count for each in corrected if each.type == f"correction.{type_}")
        for type_ in ("filed", "corrected")
    }
    return FactsOut(
        published_at=published[1] if published else None,
        published=published[0] if published else None,
        imported_at=imported[1] if imported else None,
        imported=imported[0] if imported else None,
        availability=await _availability(session, ledger, dataset, since=rfc3339(now - timedelta(days=_USED_DAYS))),
        corrections_filed=counts["filed"],
        corrections_made=counts["corrected"],
        incarnation=ledger.number,
    )


async def _newest(session: AsyncSession, ledger: Ledger, criteria: Criteria) -> tuple[int, datetime] | None:
    """The newest entry that criteria find: its index and its time."""
    indexes = await audit.search(session, ledger, criteria, ALL, order="newest", start=None, limit=1)
    entries = await read_at(session, ledger, indexes)
    return (entries[0].index, datetime.fromisoformat(entries[0].body["at"])) if entries else None


async def _availability(session: AsyncSession, ledger: Ledger, dataset: str, *, since: str) -> int | None:
    """The basis points of requests that neither source nor exchange failed; None where there are few, or of few."""
    completed = await audit.tally(
        session, ledger, Criteria({"dataset": dataset, "type": "delivery.completed"}, since=since)
    )
    refusals: dict[str, str | frozenset[str]] = {"dataset": dataset, "type": "delivery.refused", "problem": _FAILING}
    refused = await audit.tally(session, ledger, Criteria(refusals, since=since))
    aborted = await read(session, ledger, Criteria({"dataset": dataset, "type": "delivery.aborted"}, since=since))
    failed = sum(each.count for each in refused) + sum(entry.body["cause"] in _FAILED_STREAMS for entry in aborted)
    delivered = sum(each.count for each in completed)
    recipients = {each.consumer for each in [*completed, *refused]}
    if delivered + failed < LEAST_REQUESTS or len(recipients) < LEAST_RECIPIENTS:
        return None
    return delivered * _WHOLE // (delivered + failed)
