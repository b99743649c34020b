"""Passkeys: registered in a session, used for a sign-in, removed; and every answer that does not count."""

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from admin.demo.authenticator import Authenticator
from exchange.kernel.clock import SettableClock
from exchange.kernel.work import Caller, Work
from exchange.participants.door.evidence import Founding
from exchange.portal.binding import principal_of
from exchange.subjects.dependents import SubjectDependents
from tests.support.exchanges.exchange import URL, Answer
from tests.support.exchanges.owner import MORNING
from tests.support.exchanges.portal import NUMBER, OTHER, Portal, run_portal
from tests.support.services.identity_provider import Browser

RECOVERY = frozenset({"binding_code.given", "passkey.removed", "person.bound", "passkey.registered"})
OPTIONS, SIGN_IN = "/portal/sign-in/passkey/options", "/portal/sign-in/passkey"


@pytest.fixture
async def portal(empty_database: str, tmp_path: Path, identity_provider: str) -> AsyncIterator[Portal]:
    async with run_portal(empty_database, tmp_path, identity_provider, portal_enrolment=True) as portal:
        yield portal


async def register(browser: Browser, device: Authenticator, name: str = "电话") -> Answer:
    begun = await browser.request("POST", "/portal/passkeys/options")
    assert begun.status == 200, begun.content
    new = {"name": name, "credential": device.create(begun.json["options"])}
    return await browser.request("POST", "/portal/passkeys", new)


async def begin(browser: Browser) -> dict[str, Any]:
    options: dict[str, Any] = (await browser.request("POST", OPTIONS)).json["options"]
    return options


async def sign_in(browser: Browser, device: Authenticator) -> Answer:
    return await browser.request("POST", SIGN_IN, {"credential": device.get(await begin(browser))})


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
async def test_a_person_comes_back_with_a_passkey(portal: Portal, algorithm: Any) -> None:
    here = await portal.sign_in(f"number:{NUMBER}")
    device = Authenticator(URL, algorithm)
    registered = await register(here, device)
    assert registered.status == 201, registered.content
    entry = (await portal.people.read_entries())[int(registered.headers["exchange-entry"])]
    assert (entry["type"], entry["actor"].keys()) == ("passkey.registered", {"person"})

    fresh = portal.browser()
    answer = await sign_in(fresh, device)
    assert answer.status == 204, answer.content
    me, before = (await fresh.request("GET", "/portal/me")).json, (await here.request("GET", "/portal/me")).json
    assert (me["account"], me["identities"]) == (before["account"], before["identities"])
    assert me["method"] == "passkey"
    [listed] = (await fresh.request("GET", "/portal/passkeys")).json
    assert (listed["name"], listed["used_at"] is not None, listed["regressed_at"]) == ("电话", True, None)
    assert (await fresh.request("GET", "/portal/uses")).status == 200


async def test_options_ask_for_what_a_sign_in_needs(portal: Portal) -> None:
    here = await portal.sign_in("lin")
    await register(here, Authenticator(URL))
    options = (await here.request("POST", "/portal/passkeys/options")).json["options"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert len(options["excludeCredentials"]) == 1
    assert {one["alg"] for one in options["pubKeyCredParams"]} == {-7, -8, -257}
    asked = await begin(portal.browser())
    assert (asked["userVerification"], asked["allowCredentials"]) == ("required", [])


async def test_an_answer_counts_once_and_for_its_browser(portal: Portal) -> None:
    device = Authenticator(URL)
    await register(await portal.sign_in("lin"), device)
    browser, stranger = portal.browser(), portal.browser()
    answer = {"credential": device.get(await begin(browser))}
    await begin(stranger)
    assert (await stranger.request("POST", SIGN_IN, answer)).problem == "passkey-refused", "another browser's"
    kept = dict(browser.cookies)
    tries = await asyncio.gather(
        *(Browser(portal.people, dict(kept)).request("POST", SIGN_IN, answer) for _ in range(4))
    )
    assert Counter(one.status for one in tries) == {204: 1, 401: 3}


def changed(answer: dict[str, Any], member: str) -> dict[str, Any]:
    """An answer with another first character of a member of its response."""
    other = copy.deepcopy(answer)
    text = other["response"][member]
    other["response"][member] = ("A" if text[0] != "A" else "B") + text[1:]
    return other


@pytest.mark.parametrize(
    "lie", ["origin", "unverified", "framed", "signature", "authenticatorData", "userHandle", "key", "empty"]
)
async def test_an_answer_that_proves_nothing_is_refused(portal: Portal, lie: str) -> None:
    device = Authenticator(URL)
    await register(await portal.sign_in("lin"), device)
    browser = portal.browser()
    options = await begin(browser)
    match lie:
        case "origin":
            device.origin = "https://evil.example"
        case "unverified":
            device.verifies = False
        case "framed":
            device.is_framed = True
        case "key":
            device.create({"rp": {"id": options["rpId"]}, "user": {"id": "AAAA"}, "challenge": options["challenge"]})
    answer = device.get(options)
    if lie in answer["response"]:
        answer = changed(answer, lie)
    refused = await browser.request("POST", SIGN_IN, {"credential": {} if lie == "empty" else answer})
    assert (refused.status, refused.problem) == (401, "passkey-refused")
    assert (await browser.request("GET", "/portal/me")).problem == "session-missing"


async def test_a_registration_that_proves_nothing_is_refused(portal: Portal) -> None:
    here, other = await portal.sign_in("lin"), await portal.sign_in("wang")
    for device in (Authenticator("https://evil.example"), Authenticator(URL, verifies=False)):
        assert (await register(here, device)).problem == "passkey-refused"
    options = (await here.request("POST", "/portal/passkeys/options")).json["options"]
    device = Authenticator(URL)
    new = {"name": "x", "credential": device.create(options)}
    assert (await other.request("POST", "/portal/passkeys", new)).problem == "passkey-refused", "another account's"
    assert (await here.request("POST", "/portal/passkeys", new)).status == 201
    assert (await here.request("POST", "/portal/passkeys", new)).problem == "passkey-refused", "used up"
    cross = await here.request("POST", "/portal/passkeys/options", origin="https://evil.example")
    assert cross.problem == "origin-refused"
    assert (await portal.browser().request("POST", OPTIONS, origin="https://evil.example")).problem == "origin-refused"


async def test_a_copy_is_refused_and_noted(portal: Portal) -> None:
    """The copy signs with a count that was used already; the person sees it, and the original goes on."""
    here = await portal.sign_in(f"number:{NUMBER}")
    device = Authenticator(URL)
    await register(here, device)
    stolen = copy.deepcopy(device)
    for _ in range(2):
        assert (await sign_in(portal.browser(), device)).status == 204
    assert (await sign_in(portal.browser(), stolen)).problem == "passkey-refused"
    [listed] = (await here.request("GET", "/portal/passkeys")).json
    assert listed["regressed_at"] is not None
    regressed = [entry for entry in await portal.people.read_entries() if entry["type"] == "passkey.regressed"]
    assert [entry["object"]["id"] for entry in regressed] == [listed["id"]]
    assert (await sign_in(portal.browser(), device)).status == 204


async def test_passkeys_that_do_not_count_are_taken(portal: Portal) -> None:
    device = Authenticator(URL)
    await register(await portal.sign_in("lin"), device)
    for _ in range(2):
        [passkey] = device.passkeys.values()
        passkey.count = -1
        assert (await sign_in(portal.browser(), device)).status == 204


async def test_a_removed_passkey_is_no_way_in(portal: Portal) -> None:
    here, stranger = await portal.sign_in("lin"), await portal.sign_in("wang")
    device = Authenticator(URL)
    registered = (await register(here, device)).json
    assert (await stranger.request("DELETE", f"/portal/passkeys/{registered['id']}")).status == 404
    assert (await here.request("DELETE", f"/portal/passkeys/{registered['id']}")).status == 204, "the provider is left"
    assert (await sign_in(portal.browser(), device)).problem == "passkey-refused"


async def enrol(portal: Portal, browser: Browser, device: Authenticator, code: str, value: str = NUMBER) -> Answer:
    options = (await browser.request("POST", "/portal/enrolment/options")).json["options"]
    new = {"code": code, "value": value, "name": "电话", "credential": device.create(options)}
    return await browser.request("POST", "/portal/enrolment", new)


async def test_a_person_whom_a_desk_knows_enrols_without_a_provider(portal: Portal) -> None:
    browser, device = portal.browser(), Authenticator(URL)
    code = await portal.give_code(NUMBER)
    wrong = await enrol(portal, portal.browser(), Authenticator(URL), code, OTHER)
    assert wrong.problem == "binding-code-refused"
    assert [
        row["accounts"] for row in await portal.people.run_sql("SELECT count(*) AS accounts FROM portal_accounts")
    ] == [0]
    enrolled = await enrol(portal, browser, device, code)
    assert enrolled.status == 204, enrolled.content
    me = (await browser.request("GET", "/portal/me")).json
    assert [one["method"] for one in me["identities"]] == ["code"]
    again = portal.browser()
    assert (await sign_in(again, device)).status == 204
    assert (await again.request("GET", "/portal/me")).json["account"] == me["account"]
    assert (await enrol(portal, portal.browser(), Authenticator(URL), code)).problem == "binding-code-refused"
    second = await portal.give_code(NUMBER)
    assert (await enrol(portal, portal.browser(), Authenticator(URL), second)).problem == "identity-taken"

    [passkey] = (await browser.request("GET", "/portal/passkeys")).json
    last = await browser.request("DELETE", f"/portal/passkeys/{passkey['id']}")
    assert (last.status, last.problem) == (409, "last-way-in")
    others = [(await register(browser, Authenticator(URL), name)).json["id"] for name in ("a", "b")]
    removed = await asyncio.gather(
        *(browser.request("DELETE", f"/portal/passkeys/{one}") for one in (passkey["id"], *others))
    )
    assert sorted(one.status for one in removed) == [204, 204, 409], "one way in stays, whoever comes at the same time"


async def test_who_lost_every_passkey_recovers_at_the_desk_that_knows_them(portal: Portal) -> None:
    """By a code that says so, of the organisation that vouched before; what was lost is worth nothing from then on."""
    lost, stolen = portal.browser(), Authenticator(URL)
    assert (await enrol(portal, lost, stolen, await portal.give_code(NUMBER))).status == 204
    bound = "UPDATE portal_identities SET vouched_by = $1"
    await portal.people.run_sql(bound, UUID(portal.people.consumer.id))
    code = await portal.give_code(NUMBER, recovers=True)
    refused = await enrol(portal, portal.browser(), Authenticator(URL), code)
    assert refused.problem == "identity-taken", "another organisation vouched for the account"
    assert (await lost.request("GET", "/portal/me")).status == 200
    await portal.people.run_sql(bound, UUID(portal.owner.id))

    signed_in = await portal.sign_in("lin")
    bind = await signed_in.request("POST", "/portal/identities", {"code": code, "value": NUMBER})
    assert bind.problem == "binding-code-refused", "an account of somebody else gets nothing by it"
    browser, device = portal.browser(), Authenticator(URL)
    assert (await enrol(portal, browser, device, code)).status == 204
    assert (await lost.request("GET", "/portal/me")).problem == "session-missing"
    assert (await sign_in(portal.browser(), stolen)).problem == "passkey-refused"
    assert (await sign_in(portal.browser(), device)).status == 204
    assert len((await browser.request("GET", "/portal/me")).json["identities"]) == 1
    entries = [entry for entry in await portal.people.read_entries() if entry["type"] in RECOVERY]
    assert [entry["type"] for entry in entries][-4:] == [
        "binding_code.given", "passkey.removed", "person.bound", "passkey.registered",
    ]  # fmt: skip
    assert entries[-4]["recovers"] is True


async def test_an_erasure_ends_an_account_that_a_desk_made(portal: Portal) -> None:
    browser, device = portal.browser(), Authenticator(URL)
    assert (await enrol(portal, browser, device, await portal.give_code(NUMBER))).status == 204
    assert (await portal.people.erase(dataset="owner/people", value=NUMBER)).json["outcome"] == "executed"
    assert (await browser.request("GET", "/portal/me")).problem == "session-missing"
    assert (await sign_in(portal.browser(), device)).problem == "passkey-refused"
    assert await portal.people.run_sql("SELECT FROM portal_passkeys") == []


async def test_an_erasure_locks_passkeys_before_the_ledger(portal: Portal) -> None:
    """As whoever signs in or removes one does; in another order the two would wait for each other."""
    assert (await enrol(portal, portal.browser(), Authenticator(URL), await portal.give_code(NUMBER))).status == 204
    [row] = await portal.people.run_sql("SELECT number FROM portal_identities")
    runtime = portal.people.runtime
    async with runtime.database.sessions() as session, runtime.database.pool.acquire() as connection:
        work = Work(session, Caller(principal_of(UUID(int=1)), Founding()), runtime)
        await runtime[SubjectDependents].lock(work, row["number"])
        for table in ("portal_accounts", "portal_passkeys"):
            with pytest.raises(asyncpg.LockNotAvailableError):
                await connection.execute(f"SELECT FROM {table} FOR UPDATE NOWAIT")


async def test_a_challenge_lasts_for_minutes(empty_database: str, tmp_path: Path, identity_provider: str) -> None:
    clock = SettableClock(MORNING)
    async with run_portal(empty_database, tmp_path, identity_provider, clock=clock, portal_enrolment=True) as portal:
        browser, device = portal.browser(), Authenticator(URL)
        assert (await enrol(portal, browser, device, await portal.give_code(NUMBER))).status == 204
        late = portal.browser()
        answer = device.get(await begin(late))
        clock.move(timedelta(minutes=5))
        assert (await late.request("POST", SIGN_IN, {"credential": answer})).problem == "passkey-refused"
        assert (await sign_in(portal.browser(), device)).status == 204


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, "not-found"),
        ({"portal_enrolment": True, "portal_passkey_domain": "example.org"}, "passkeys-unavailable"),
    ],
)
async def test_enrolment_is_the_operators_choice_and_needs_a_domain(
    empty_database: str, tmp_path: Path, identity_provider: str, changes: dict[str, Any], problem: str
) -> None:
    async with run_portal(empty_database, tmp_path, identity_provider, **changes) as portal:
        assert (await portal.browser().request("POST", "/portal/enrolment/options")).problem == problem
