"""A person, and nobody else, is shown by a proof that they were in an answer that names nobody, or were not."""

import copy
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from data_exchange_client import openings
from data_exchange_client.errors import ReceiptInvalid
from data_exchange_client.trust import Trust
from exchange.kernel.clock import rfc3339
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.portal import NUMBER, OTHER, Portal, fill_portal, portal_settings
from tests.support.people.consenting import decide_ok, publish_notice


@pytest.fixture
async def portal(empty_database: str, tmp_path: Path, identity_provider: str) -> AsyncIterator[Portal]:
    """The dataset leaves by consent alone, and one of its two people consents."""
    async with start_filled(portal_settings(empty_database, tmp_path, identity_provider), fill) as portal:
        yield portal


async def fill(exchange: Exchange) -> Portal:
    portal = await fill_portal(exchange)
    people, dataset = portal.people, portal.people.dataset
    document = {**dataset["document"], "terms": {**dataset["document"]["terms"], "consent": True}}
    draft = {"source": dataset["source"], "handle": "people", "document": document}
    await people.call_ok(portal.owner.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft", draft)
    await people.call_ok(portal.owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    notice = await publish_notice(people, portal.owner, "owner/people", "consumer", fields=["person_id", "name"])
    await decide_ok(people, portal.owner, notice, NUMBER)
    return portal


async def deliver(portal: Portal) -> int:
    """Deliver everybody who consents; returns the index of the entry, which a checkpoint covers."""
    answer = await portal.people.fetch()
    assert answer.status == 200, answer.content
    assert [row["person_id"] for row in answer.json["rows"]] == [NUMBER]
    entry = int(answer.headers["exchange-entry"])
    await covered(portal, entry)
    return entry


async def covered(portal: Portal, entry: int) -> None:
    """Wait until a checkpoint covers an entry."""
    assert (await portal.people.send("GET", f"/ledger/receipts/{entry}", {"prefer": "wait=30"})).status == 200


async def trust_of(portal: Portal) -> Trust:
    return Trust.parse((await portal.people.send("GET", "/.well-known/data-exchange", {})).json)


async def test_a_person_is_shown_to_be_in_an_answer_and_another_not(portal: Portal) -> None:
    person, other = await portal.sign_in(f"number:{NUMBER}"), await portal.sign_in(f"number:{OTHER}")
    entry, trust = await deliver(portal), await trust_of(portal)
    [use] = [use for use in (await person.request("GET", "/portal/uses")).json["uses"] if use["entry"] == entry]
    assert (use["certainty"], use["opening"]) == ("in-answer", f"/portal/uses/{entry}/opening")
    with pytest.raises(ReceiptInvalid):
        openings.verify("[" * 30_000, trust)
    shown = {}
    for who, is_in in ((person, True), (other, False)):
        answer = await who.request("GET", use["opening"])
        assert answer.status == 200, answer.content
        proven = openings.verify(answer.content.decode(), trust)
        assert (proven.is_in, proven.is_bound, proven.body["type"]) == (is_in, True, "delivery.completed")
        shown[is_in] = answer.json
        content = answer.content.decode()
        assert NUMBER not in content
        assert OTHER not in content
    assert shown[True]["proofs"][0]["secret"] != shown[False]["proofs"][0]["secret"]
    assert (await other.request("GET", "/portal/uses")).json["uses"] == []


async def test_a_file_that_was_changed_proves_nothing(portal: Portal) -> None:
    person, other = await portal.sign_in(f"number:{NUMBER}"), await portal.sign_in(f"number:{OTHER}")
    entry, trust = await deliver(portal), await trust_of(portal)
    mine, theirs = [(await who.request("GET", f"/portal/uses/{entry}/opening")).json for who in (person, other)]

    def changed(**members: Any) -> dict[str, Any]:
        lie: dict[str, Any] = copy.deepcopy(mine)
        lie["proofs"][0] |= members
        return lie

    lies = [
        {**mine, "in_answer": False},
        {**mine, "proofs": []},
        {**mine, "entry": mine["proofs"][0]["binding"]},
        {**mine, "format": "another"},
        {**mine, "in_answer": False, "proofs": [{**theirs["proofs"][0], "binding": mine["proofs"][0]["binding"]}]},
        changed(secret=theirs["proofs"][0]["secret"]),
        changed(binding=theirs["proofs"][0]["binding"]),
        changed(binding={**mine["proofs"][0]["binding"], "receipt": mine["entry"]["receipt"]}),
        changed(opening={**mine["proofs"][0]["opening"], "tokens": ""}),
        changed(opening=None),
        {},
    ]
    for lie in lies:
        with pytest.raises(ReceiptInvalid):
            openings.verify(json.dumps(lie), trust)
    assert (
        openings.verify(json.dumps({**mine, "proofs": [{**mine["proofs"][0], "binding": None}]}), trust).is_bound
        is False
    )


async def test_what_names_people_or_is_no_answer_is_not_opened(portal: Portal) -> None:
    person = await portal.sign_in(f"number:{NUMBER}")
    await deliver(portal)
    named = await portal.fetch(NUMBER)
    for index in (0, int(named.headers["exchange-entry"]), 1 << 40):
        assert (await person.request("GET", f"/portal/uses/{index}/opening")).problem == "not-found"
    uses = (await person.request("GET", "/portal/uses")).json["uses"]
    assert {use["certainty"]: use["opening"] is None for use in uses} == {"named": True, "in-answer": False}


async def test_a_deferred_answer_is_opened_to_nobody(portal: Portal) -> None:
    """Also not to who was not in it: otherwise the refusal would tell who was."""
    people = portal.people
    person, other = await portal.sign_in(f"number:{NUMBER}"), await portal.sign_in(f"number:{OTHER}")
    steward, organisation = await people.find_principal(people.consumer.steward), people.consumer.id
    second = await people.find_principal(portal.owner.steward)
    await people.run_sql(
        "INSERT INTO disclosure_deferrals VALUES (gen_random_uuid(), $1, $2, 'talent-service', 'x', 'x', '', NULL, "
        "now() + interval '1 day', $3, now(), $4, now(), now() - interval '1 hour')",
        UUID(organisation),
        UUID(people.dataset["id"]),
        UUID(steward),
        UUID(second),
    )
    entry = await deliver(portal)
    new = {"dataset": "owner/people", "purpose": "talent-service", "law": "监察法 第十八条", "reason": "-"}
    new["visible_from"] = rfc3339(people.now + timedelta(days=1))
    refused = await people.call(people.consumer.steward, "POST", "/api/v1/disclosures/deferrals", new)
    assert refused.problem == "conflict", "entries are public here, so that a deferral would hide nothing"
    for who in (person, other):
        assert (await who.request("GET", f"/portal/uses/{entry}/opening")).problem == "not-found"
        assert (await who.request("GET", "/portal/uses")).json["uses"] == []


async def test_an_erasure_ends_a_persons_openings(portal: Portal) -> None:
    """Nobody can be shown anything of them, and the answers of others are opened as before."""
    person, other = await portal.sign_in(f"number:{NUMBER}"), await portal.sign_in(f"number:{OTHER}")
    entry = await deliver(portal)
    assert (await portal.people.erase(dataset="owner/people", value=NUMBER)).json["outcome"] == "executed"
    assert (await person.request("GET", f"/portal/uses/{entry}/opening")).problem == "identity-unbound"
    assert (await other.request("GET", f"/portal/uses/{entry}/opening")).json["in_answer"] is False
    again = await portal.sign_in(f"number:{NUMBER}")
    assert (await again.request("GET", "/portal/uses")).json["uses"] == []
    await covered(portal, len(await portal.people.read_entries()) - 1)
    shown = await again.request("GET", f"/portal/uses/{entry}/opening")
    assert shown.json["in_answer"] is False, "a new number, which was in nothing"
    proven = openings.verify(shown.content.decode(), await trust_of(portal))
    assert (proven.is_in, proven.is_bound) == (False, False), "the new secret says nothing of an earlier answer"
