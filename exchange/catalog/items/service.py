"""The verbs of items: find what is available already, and name an item's source department."""

from exchange.catalog.items import queries
from exchange.catalog.items.models import ItemSource
from exchange.catalog.items.queries import Item
from exchange.catalog.items.schemas import Available, ItemSourceOut, Match, Matching, NewItemSource, Wanted
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import RequestInvalid
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from ledger import entries
from policies.roles.roles import EXCHANGE


async def match(work: Work, matching: Matching) -> list[Match]:
    """List what the published catalogue has of each item, those of its source department first."""
    words = {wanted.name.lower() for wanted in matching.items}
    items = await queries.items(work.session, words, without=matching.without)
    sources = {row.item.lower(): row for row in await queries.item_sources(work.session)}
    matches = []
    for wanted in matching.items:
        source = sources.get(wanted.name.lower())
        available = [
            each
            for item in items
            if (each := _available(wanted, item, is_source=source is not None and source.organisation_id == item.owner))
        ]
        available.sort(key=lambda each: (not each.is_source, each.match != "equal"))
        organisation = source.organisation_id if source is not None else None
        matches.append(Match(name=wanted.name, source=organisation, available=available))
    return matches


def _available(wanted: Wanted, item: Item, *, is_source: bool) -> Available | None:
    """A field as what is wanted; None where it does not match."""
    word, field = wanted.name.lower(), item.field
    names = {field["name"].lower(), field["title"]["zh"].lower(), field["title"]["en"].lower()}
    if word not in names and (word.isascii() or word not in field["title"]["zh"].lower()):
        return None
    return Available(
        dataset=item.dataset,
        reference=item.reference,
        field=field["name"],
        title=field["title"],
        type=field["type"],
        attribute=item.attribute,
        match="equal" if word in names else "contains",
        same_type=None if wanted.type is None else wanted.type == field["type"],
        is_source=is_source,
    )


async def name_source(work: Work, new: NewItemSource) -> ItemSource:
    """Name the source department of an item, as the authority; a later one replaces it. Raises Forbidden, RequestInvalid."""
    work.permit("item", "name_source", EXCHANGE)
    organisations = await participants.organisations_by_ids(work.session, [new.organisation])
    if new.organisation not in organisations or organisations[new.organisation].kind != "department":
        error = "name a department of this exchange; GET /api/v1/organisations lists them"
        raise RequestInvalid("Correct what `errors` lists.", errors=[{"at": "body/organisation", "error": error}])
    row = ItemSource(
        id=new_id(),
        item=new.item,
        organisation_id=new.organisation,
        reason=new.reason,
        salt=new_salt(),
        named_by=work.principal.id,
        named_at=work.runtime.clock.now(),
    )
    work.session.add(row)
    work.entry(
        entries.ItemSourceNamed,
        about=("organisation", new.organisation),
        item=new.item,
        reason=commitment(new.reason, salt=row.salt),
    )
    return row


def out(row: ItemSource) -> ItemSourceOut:
    """A source department as everyone sees it."""
    columns = {name: getattr(row, name) for name in ItemSourceOut.model_fields if hasattr(row, name)}
    return ItemSourceOut.model_validate({**columns, "organisation": row.organisation_id})
