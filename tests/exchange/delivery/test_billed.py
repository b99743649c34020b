"""Deliveries under an agreement with a price document have their place in its account; all others have none."""

from typing import Any

from exchange.kernel.commitments import commitment
from ledger.billing import accounts
from ledger.billing.prices import read_price
from ledger.format import merkle
from tests.support.exchanges.exchange import Exchange, Party

CSV = b"code,city\n1,C1\n2,C2\n3,C1\n"
PRICE = {"amount": "0.25", "currency": "CNY", "per": "record"}


async def ask(exchange: Exchange, consumer: Party, handle: str, accept: str | None = None) -> int:
    question = {"dataset": f"owner/{handle}"}
    answer = await exchange.call(
        consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service", accept=accept
    )
    return answer.status


async def leaves_of(exchange: Exchange) -> list[bytes]:
    async with exchange.runtime.database.pool.acquire() as connection:
        return [row["leaf"] for row in await connection.fetch("SELECT leaf FROM ledger_entry ORDER BY seq")]


async def test_pages_and_streams_of_a_priced_agreement_are_chained_and_refusals_are_not(exchange: Exchange) -> None:
    owner, consumer = await exchange.admit("owner"), await exchange.admit("firm", kind="institution", level="none")
    agreements: dict[str, Any] = {}
    for handle, terms in (("priced", {"price": PRICE}), ("free", {})):
        source = await exchange.register_file(owner, CSV)
        dataset = await exchange.publish_dataset(owner, source, handle, terms=terms)
        agreements[handle] = await exchange.conclude_agreement(consumer, owner, dataset)
    priced = agreements["priced"]
    assert agreements["free"]["billing"] is None
    price = read_price(priced["billing"])
    assert price.model.document() == {"kind": "per_record", "unit_price": 250_000}
    for handle, accept in (("priced", None), ("free", None), ("priced", "text/csv"), ("free", "text/csv")):
        assert await ask(exchange, consumer, handle, accept) == 200
    target = f"/api/v1/agreements/{priced['id']}/suspension"
    await exchange.call_ok(owner.steward, "POST", target, {"reason": "a test"})
    assert await ask(exchange, consumer, "priced") == 403
    entries, leaves = await exchange.read_entries(), await leaves_of(exchange)
    [concluded] = [entry for entry in entries if entry.get("price")]
    assert concluded["object"]["id"] == priced["id"]
    assert concluded["price"] == commitment(price.document(), salt=priced["salt"])
    links, prev = [], accounts.FIRST
    for entry, leaf in zip(entries, leaves, strict=True):
        link = accounts.link_of(entry)
        assert (link is not None) == (entry["type"] in accounts.BILLED and entry.get("agreement") == priced["id"]), (
            entry["type"]
        )
        if link is not None:
            assert (link.account, link.prev) == (priced["id"], prev)
            links.append((link.n, entry["type"]))
            prev = merkle.leaf_hash(leaf)
    assert links == [(1, "delivery.completed"), (2, "delivery.started"), (3, "delivery.completed")]


async def test_departments_have_no_account(exchange: Exchange) -> None:
    owner, other = await exchange.admit("owner"), await exchange.admit("other")
    dataset = await exchange.publish_dataset(
        owner, await exchange.register_file(owner, CSV), "codes", terms={"price": PRICE}
    )
    assert (await exchange.conclude_agreement(other, owner, dataset))["billing"] is None
    assert await ask(exchange, other, "codes") == 200
    assert not any("account" in entry or "price" in entry for entry in await exchange.read_entries())
