"""Handles of datasets: unique at a time, free again after a withdrawal or a discarded draft, and distinct on the ledger."""

from typing import Any

from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.parties import admit_parties
from tests.support.exchanges.populated import DELIVERIES


async def ask(exchange: Exchange, party: Party, dataset: str) -> Any:
    return await exchange.call(party.system, "POST", DELIVERIES, {"dataset": dataset}, purpose="talent-service")


async def draft(exchange: Exchange, owner: Party, dataset: dict[str, Any], handle: str) -> Any:
    sources = await exchange.call_ok(owner.steward, "GET", "/api/v1/sources")
    document = {"source": sources[0]["id"], "handle": handle, "document": dataset["document"]}
    return await exchange.call(owner.steward, "POST", "/api/v1/datasets", document)


async def test_a_withdrawn_datasets_handle_is_used_again(exchange: Exchange) -> None:
    """The agreements of the former dataset end with its owner's reason, and open nothing of the next one."""
    owner, consumer, former = await admit_parties(exchange)
    agreement = await exchange.conclude_agreement(consumer, owner, former)
    conflict = await draft(exchange, owner, former, "codes")
    assert (conflict.problem, "handle" in conflict.json["detail"]) == ("conflict", True)

    target = f"/api/v1/datasets/{former['id']}"
    await exchange.call_ok(owner.steward, "POST", f"{target}/withdrawal", {"reason": "replaced by another"})
    refused = await ask(exchange, consumer, "owner/codes")
    assert {"dataset-unavailable", "agreement-terminated"} <= {reason["code"] for reason in refused.json["reasons"]}
    read = f"/api/v1/agreements/{agreement['id']}"
    assert (await exchange.call_ok(consumer.system, "GET", read))["state"] == "terminated"
    [statement] = await exchange.call_ok(consumer.system, "GET", f"{read}/statements")
    assert (statement["type"], statement["reason"]) == ("agreement.terminated", "replaced by another")

    redrafted = await draft(exchange, owner, former, "codes")
    assert redrafted.status == 201
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/datasets/{redrafted.json['id']}/publication", {})
    assert (await ask(exchange, consumer, "owner/codes")).problem == "agreement-missing"
    by_name = await exchange.call_ok(consumer.steward, "GET", "/api/v1/datasets/by-handle/owner/codes")
    assert by_name["id"] == redrafted.json["id"]
    await exchange.conclude_agreement(consumer, owner, by_name)
    assert (await ask(exchange, consumer, "owner/codes")).json["dataset"] == "owner/codes"
    both = await exchange.call_ok(
        exchange.keys["auditor"], "GET", "/api/v1/audit/entries?dataset=owner/codes&type=dataset&limit=100"
    )
    assert {entry["body"]["object"]["id"] for entry in both["entries"]} == {former["id"], redrafted.json["id"]}


async def test_a_draft_is_discarded(exchange: Exchange) -> None:
    owner, _, dataset = await admit_parties(exchange)
    drafted = (await draft(exchange, owner, dataset, "towns")).json
    target = f"/api/v1/datasets/{drafted['id']}"
    assert (await exchange.call(owner.steward, "DELETE", f"{target}/draft")).status == 204
    for method, path in (("GET", ""), ("DELETE", "/draft"), ("POST", "/publication")):
        answer = await exchange.call(owner.steward, method, f"{target}{path}", {} if method == "POST" else None)
        assert answer.problem == "not-found"
    assert (await draft(exchange, owner, dataset, "towns")).status == 201
    types = [entry["type"] for entry in await exchange.read_entries()]
    assert types.count("dataset.draft_discarded") == 1

    # A published dataset loses the draft of its next version only.
    target = f"/api/v1/datasets/{dataset['id']}"
    sources = await exchange.call_ok(owner.steward, "GET", "/api/v1/sources")
    document = {"source": sources[0]["id"], "handle": "codes", "document": dataset["document"]}
    await exchange.call_ok(owner.steward, "PUT", f"{target}/draft", document)
    await exchange.call_ok(owner.steward, "DELETE", f"{target}/draft")
    left = await exchange.call_ok(owner.steward, "GET", target)
    assert (left["state"], left["draft"], left["version"]) == ("published", None, 1)
    assert (await exchange.call(owner.steward, "DELETE", f"{target}/draft")).problem == "conflict"
