"""The facts that the gate rests on, gathered from catalogue, participants, rights and consents; and the faults of offers."""

from collections.abc import Sequence
from uuid import UUID

from exchange.calendar.counting import day_of
from exchange.catalog import queries as catalog
from exchange.catalog.issuing import faults_in_inputs
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.view import Listed
from exchange.consents.queries import scopes_covering
from exchange.kernel.database import driver
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.rights import queries as rights
from exchange.rights.objections.queries import is_disputed
from exchange.trading.listings.gate import Facts
from exchange.trading.listings.prices import price_of
from exchange.trading.listings.schemas import ListingDocument, NewOffer
from exchange.trading.models import Listing
from ledger.billing.prices import Free


def published(listed: Listed) -> DatasetDocument | None:
    """The published document of a dataset; None where it is not published."""
    if listed.dataset.state != "published" or listed.version is None:
        return None
    return DatasetDocument.model_validate(listed.version.document)


def faults_in_offer(offer: NewOffer, document: DatasetDocument, *, seller_kind: str) -> list[dict[str, str]]:
    """The places where an offer exceeds the dataset's terms."""
    terms = document.terms
    answers = {answer.name for answer in terms.answers}
    faults = [
        {"at": f"{member}/{index}", "error": f"the dataset's terms offer: {', '.join(offered) or 'none'}"}
        for member, names, offered in (
            ("fields", offer.fields, sorted(terms.fields)),
            ("answers", offer.answers, sorted(answers)),
            ("purposes", offer.purposes, sorted(terms.purposes)),
        )
        for index, name in enumerate(names)
        if name not in offered
    ]
    if offer.row_cap is not None and offer.row_cap > terms.row_cap:
        faults.append({"at": "row_cap", "error": f"the dataset's terms cap a delivery at {terms.row_cap} rows"})
    if seller_kind == "department" and not isinstance(price_of(offer.price).model, Free):
        faults.append({"at": "price", "error": "departments offer opened data free of charge"})
    return faults


def personal_fields(offers: Sequence[NewOffer], document: DatasetDocument | None) -> frozenset[str]:
    """The fields about people that offers have, those behind their answers included."""
    if document is None:
        return frozenset()
    behind = {answer.name: answer.fields() for answer in document.terms.answers}
    names = {name for offer in offers for name in offer.fields}
    names |= {name for offer in offers for answer in offer.answers for name in behind.get(answer, ())}
    return frozenset(field.name for field in document.fields if field.personal and field.name in names)


async def facts_of(
    work: Work, listing: Listing, offers: Sequence[NewOffer], *, buyer: UUID | None = None, purpose: str = ""
) -> Facts:
    """The facts of a listing with its open offers; for a buyer, with the one that it orders and its purpose."""
    listed = await catalog.any_dataset(work.session, str(listing.dataset_id))
    document = published(listed)
    seller = await participants.organisation(work.session, listing.seller_id)
    today = day_of(work.runtime.clock.now())
    holders = await rights.holders_of(work.session, listing.dataset_id, "OPERATE", today)
    own = [holder for holder in holders if holder.organisation == seller.id and not holder.is_restricted]
    personal = personal_fields(offers, document)
    inputs, disputed = await _inputs(work, listing, document)
    coverage = None
    if buyer is not None and personal:
        coverage = bool(
            await scopes_covering(
                await driver(work.session),
                dataset=listing.dataset_id,
                consumer=buyer,
                purpose=purpose,
                fields=personal,
            )
        )
    return Facts(
        listing=ListingDocument.model_validate(listing.document),
        dataset=document,
        seller_kind=seller.kind,
        is_seller_admitted=seller.state == "admitted",
        is_operator=bool(own),
        excluded=frozenset.intersection(*(holder.excluded for holder in own)) if own else frozenset(),
        is_objected=await is_disputed(work.session, listing.dataset_id),
        open_offers=len(offers),
        is_price_valid=document is not None
        and not any(faults_in_offer(offer, document, seller_kind=seller.kind) for offer in offers),
        personal=personal,
        coverage=coverage,
        inputs=inputs,
        disputed_inputs=disputed,
    )


async def _inputs(
    work: Work, listing: Listing, document: DatasetDocument | None
) -> tuple[list[dict[str, str]], list[str]]:
    """The faults of what a dataset is derived from, and the places of disputed inputs.

    The agreements behind it are locked against their end until the commit.
    """
    if document is None or not document.derived_from:
        return [], []
    faults = await faults_in_inputs(work, document, owner=listing.seller_id, dataset=listing.dataset_id)
    disputed = [
        f"derived_from/{position}"
        for position, each in enumerate(document.derived_from)
        if await is_disputed(work.session, each.dataset)
    ]
    return faults, disputed
