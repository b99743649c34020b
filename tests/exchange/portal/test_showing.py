"""What a person shows at the portal: the answers about them, codes for windows, and nothing of anybody else's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchanges.exchange import Answer, Exchange
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.portal import NUMBER, OTHER, Portal, fill_portal, portal_settings
from tests.support.people.asking import OFFERED
from tests.support.people.codes import REDEMPTIONS
from tests.support.services.identity_provider import Browser

CSV = "person,name,degree,score\n" + "".join(
    f"{number},陈,{degree},{score}\n"
    for number, degree, score in ((101, "博士", 12), (102, "本科", 3), (103, "博士", 30))
)


@dataclass
class Showing:
    """The portal, with the dataset `owner/degrees` whose people have whole numbers as identifiers."""

    portal: Portal
    agreement: dict[str, Any]

    async def bind(self, browser: Browser, value: int) -> None:
        """Bind a whole number, as the owner's desk does."""
        new = {"dataset": "owner/degrees", "value": value, "level": "counter"}
        code = await self.portal.people.call_ok(self.portal.owner.steward, "POST", "/api/v1/subjects/codes", new)
        bind = {"code": code["code"], "value": str(value)}
        assert (await browser.request("POST", "/portal/identities", bind)).status == 204

    async def issue(self, browser: Browser, **changes: Any) -> Answer:
        """Make a code for the consumer."""
        new = {
            "dataset": "owner/degrees",
            "recipient": self.portal.people.consumer.id,
            "purpose": "talent-service",
            "answers": ["holds-doctorate"],
        }
        return await browser.request("POST", "/portal/codes", new | changes)

    async def redeem(self, code: str) -> Answer:
        """Redeem a code as the consumer's system."""
        people = self.portal.people
        return await people.call(people.consumer.system, "POST", REDEMPTIONS, {"code": code}, purpose="talent-service")


@pytest.fixture
async def showing(empty_database: str, tmp_path: Path, identity_provider: str) -> AsyncIterator[Showing]:
    async with start_filled(portal_settings(empty_database, tmp_path, identity_provider), fill) as showing:
        yield showing


async def fill(exchange: Exchange) -> Showing:
    portal = await fill_portal(exchange)
    people = portal.people
    source = await people.register_file(portal.owner, CSV.encode())
    terms = {"fields": ["person"], "answers": OFFERED}
    dataset = await people.publish_dataset(portal.owner, source, "degrees", terms=terms)
    assert {field["name"]: field["type"] for field in dataset["document"]["fields"]}["person"] == "integer"
    return Showing(portal, await people.conclude_agreement(people.consumer, portal.owner, dataset))


async def test_a_person_shows_an_answer_once_and_sees_that_it_was_used(showing: Showing) -> None:
    """The dataset's identifiers are whole numbers, and a second identifier of the person is of another dataset."""
    browser = await showing.portal.sign_in(f"number:{NUMBER}")
    assert (await browser.request("GET", "/portal/answers")).json == [], "nobody offers answers by this number"
    await showing.bind(browser, 101)
    [showable] = (await browser.request("GET", "/portal/answers")).json
    assert (showable["reference"], showable["field"]) == ("owner/degrees", "person")
    assert [answer["name"] for answer in showable["answers"]] == ["holds-doctorate", "scores-ten"]
    [window] = showable["windows"]
    assert (window["recipient"], window["purpose"]) == (showing.portal.people.consumer.id, "talent-service")
    assert window["answers"] == ["holds-doctorate", "scores-ten"]

    for form in ("qr", "digits"):
        issued = (await showing.issue(browser, form=form)).json
        [newest, *_] = (await browser.request("GET", "/portal/codes")).json
        assert (newest["id"], newest["state"], newest["form"]) == (issued["id"], "issued", form)
        assert "code" not in newest
        answer = await showing.redeem(issued["code"])
        assert answer.status == 200, answer.content
        assert answer.json["people"] == [{"holds-doctorate": "yes"}]
        assert (await showing.redeem(issued["code"])).problem == "code-unknown"
        assert (await browser.request("GET", "/portal/codes")).json[0]["state"] == "redeemed"
    uses = (await browser.request("GET", "/portal/uses")).json["uses"]
    assert [use["outcome"] for use in uses] == ["code-redeemed", "code-redeemed"]
    assert {entry["actor"].get("person") for entry in await showing.portal.people.read_entries()
            if entry["type"] == "code.issued"} == {None}  # fmt: skip

    new = {"kind": "restrict", "text": "x", "dataset": "owner/degrees"}
    [sent] = (await browser.request("POST", "/portal/requests", new)).json
    people, owner = showing.portal.people, showing.portal.owner
    granted = {"statement": "已限制处理"}
    await people.call_ok(owner.steward, "POST", f"/api/v1/person-requests/{sent['id']}/grant", granted)
    answer = await showing.redeem((await showing.issue(browser)).json["code"])
    assert answer.json["people"] == [{"holds-doctorate": "unknown"}], "whose data is restricted is as if unknown"


async def test_codes_are_listed_and_revoked_by_their_person_only(showing: Showing) -> None:
    here, stranger = await showing.portal.sign_in("lin"), await showing.portal.sign_in(f"number:{OTHER}")
    assert (await here.request("GET", "/portal/answers")).problem == "identity-unbound"
    await showing.bind(here, 102)
    issued = (await showing.issue(here)).json
    assert (await stranger.request("GET", "/portal/codes")).json == []
    assert (await stranger.request("DELETE", f"/portal/codes/{issued['id']}")).status == 404
    assert (await here.request("DELETE", f"/portal/codes/{issued['id']}")).status == 204
    assert (await here.request("GET", "/portal/codes")).json[0]["state"] == "revoked"
    assert (await showing.redeem(issued["code"])).problem == "code-unknown"
    assert (await showing.issue(stranger)).problem == "request-invalid", "the dataset knows nobody by this number"
    assert (await showing.issue(here, answers=["is-rich"])).problem == "request-invalid"


async def test_a_window_whose_agreement_is_suspended_is_not_offered(showing: Showing) -> None:
    browser = await showing.portal.sign_in("lin")
    await showing.bind(browser, 103)
    people = showing.portal.people
    address = f"/api/v1/agreements/{showing.agreement['id']}/suspension"
    await people.call_ok(showing.portal.owner.steward, "POST", address, {"reason": "核查"})
    [showable] = (await browser.request("GET", "/portal/answers")).json
    assert showable["windows"] == []
