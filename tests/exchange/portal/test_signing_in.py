"""Sign-in through a real identity provider: it works once, for the browser that began it, and nothing else does."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.exchanges.exchange import URL
from tests.support.exchanges.portal import CALLBACK, NUMBER, Portal, run_portal
from tests.support.services.identity_provider import Browser, visit_provider


@pytest.fixture
async def portal(empty_database: str, tmp_path: Path, identity_provider: str) -> AsyncIterator[Portal]:
    async with run_portal(empty_database, tmp_path, identity_provider) as portal:
        yield portal


async def refused(browser: Browser, target: str) -> str:
    """The problem of a callback, after which nobody is signed in."""
    answer = await browser.request("GET", target)
    assert (await browser.request("GET", "/portal/me")).problem == "session-missing"
    return str(answer.problem)


async def test_a_person_signs_in_and_is_on_the_ledger_by_pseudonym(portal: Portal) -> None:
    browser = portal.browser()
    answer = await browser.sign_in(f"number:{NUMBER}")
    assert (answer.status, answer.headers["location"]) == (303, "/portal/me")
    cookies = {line.partition("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    session = cookies["__Host-session"]
    assert all(part in session for part in ("httponly", "secure", "samesite=strict", "path=/"))
    assert "domain" not in session
    me = (await browser.request("GET", "/portal/me")).json
    assert [(one["scheme"], one["method"]) for one in me["identities"]] == [("cn-resident-id", "oidc")]
    bound = (await portal.people.read_entries())[-1]
    assert (bound["type"], bound["object"]["kind"]) == ("person.bound", "subject")
    assert NUMBER not in str(await portal.people.read_entries())
    rows = await portal.people.run_sql("SELECT * FROM portal_identities, portal_accounts, portal_sessions")
    assert NUMBER not in str(rows)
    assert browser.cookies["__Host-session"] not in str(rows)
    again = await portal.sign_in(f"number:{NUMBER}")
    assert (await again.request("GET", "/portal/me")).json["account"] == me["account"]


async def test_a_callback_counts_once_and_for_its_browser(portal: Portal) -> None:
    browser, stranger = portal.browser(), portal.browser()
    target = await visit_provider(await browser.begin(), "lin")
    await stranger.begin()
    assert await refused(stranger, target) == "sign-in-failed", "another browser began another sign-in"
    assert await refused(portal.browser(), target) == "sign-in-failed", "no browser's cookie"
    kept = dict(browser.cookies)
    assert (await browser.request("GET", target)).status == 303
    assert await refused(Browser(portal.people, kept), target) == "sign-in-failed", "the code is used"


async def test_a_code_of_another_sign_in_does_not_fit_its_verifier(portal: Portal) -> None:
    """The provider refuses the code, since the verifier follows from the state."""
    first, second = portal.browser(), portal.browser()
    code = dict(parse_qsl(urlsplit(await visit_provider(await first.begin(), "lin")).query))["code"]
    back = dict(parse_qsl(urlsplit(await visit_provider(await second.begin(), "wang")).query))
    assert await refused(second, f"{CALLBACK}?{urlencode({**back, 'code': code})}") == "sign-in-failed"


@pytest.mark.parametrize("iss", ["http://127.0.0.1:1", None])
async def test_an_answer_of_another_issuer_is_refused(portal: Portal, iss: str | None) -> None:
    browser = portal.browser()
    back = dict(parse_qsl(urlsplit(await visit_provider(await browser.begin(), "lin")).query))
    del back["iss"]
    answer = {**back, **({"iss": iss} if iss else {})}
    assert await refused(browser, f"{CALLBACK}?{urlencode(answer)}") == "sign-in-failed"


async def test_a_sign_in_goes_nowhere_else(portal: Portal) -> None:
    """There is no parameter that says where a sign-in ends."""
    browser = portal.browser()
    target = await visit_provider(await browser.begin(), "lin")
    answer = await browser.request("GET", f"{target}&redirect=https://evil.example&next=//evil.example")
    assert answer.headers["location"] == "/portal/me"


async def test_a_session_is_fresh_and_ends_everywhere_at_sign_out(portal: Portal) -> None:
    fixed = Browser(portal.people, {"__Host-session": "a" * 43})
    assert (await fixed.sign_in("lin")).status == 303
    token = fixed.cookies["__Host-session"]
    assert token != "a" * 43, "a token from before the sign-in is worth nothing after it"
    stolen = Browser(portal.people, {"__Host-session": token})
    assert (await stolen.request("GET", "/portal/me")).status == 200
    assert (await fixed.request("POST", "/portal/sign-out")).status == 204
    assert "__Host-session" not in fixed.cookies
    assert (await stolen.request("GET", "/portal/me")).problem == "session-missing"


async def test_sessions_are_listed_and_ended_by_their_person_only(portal: Portal) -> None:
    here, there, stranger = [await portal.sign_in(login) for login in ("lin", "lin", "wang")]
    listed = (await here.request("GET", "/portal/sessions")).json
    assert sorted(one["is_this"] for one in listed) == [False, True]
    other = next(one["id"] for one in listed if not one["is_this"])
    assert (await stranger.request("DELETE", f"/portal/sessions/{other}")).status == 404
    assert (await there.request("GET", "/portal/me")).status == 200
    assert (await here.request("DELETE", f"/portal/sessions/{other}")).status == 204
    assert (await there.request("GET", "/portal/me")).problem == "session-missing"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.example"},
        {"sec_fetch_site": ""},
    ],
)
async def test_no_other_site_acts_with_the_session(portal: Portal, headers: dict[str, str]) -> None:
    browser = await portal.sign_in("lin")
    answer = await browser.request("POST", "/portal/sign-out", **headers)
    assert answer.problem == "origin-refused"
    assert (await browser.request("GET", "/portal/me")).status == 200
    assert (await browser.request("POST", "/portal/sign-out", origin=URL)).status == 204
