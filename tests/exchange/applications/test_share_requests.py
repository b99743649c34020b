"""Share requests between departments: consent inside, a reply in time, one supplement, an extension by the authority."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Key
from tests.support.exchanges.parties import check_one_succeeded
from tests.support.sharing.departments import APPLICATIONS, FRIDAY, YEAR, DepartmentsExchange, start_departments

CONSENT = {"days": 10, "reason": "会商"}


@pytest.fixture
async def sharing(settings: Settings) -> AsyncIterator[DepartmentsExchange]:
    async with start_departments(settings) as sharing:
        yield sharing


def due(application: Any) -> list[tuple[str, bool]]:
    return [(item["due"], item["ended_at"] is None) for item in application["deadlines"]]


async def refused(sharing: DepartmentsExchange, who: str, path: str, document: Any) -> list[str]:
    answer = await sharing.act(who, path, document)
    assert answer.problem == "conflict", answer.content.decode()
    lacking: list[str] = answer.json["lacking"]
    assert answer.json["article"].startswith("809/")
    return lacking


async def test_t1_an_unconditional_request_is_due_on_a_make_up_saturday(sharing: DepartmentsExchange) -> None:
    application = await sharing.ask(sharing.unconditional)
    assert (application["attribute"], due(application)) == ("unconditional", [("2093-02-14", True)])
    # Seven working days before the Spring Festival is over, and the make-up Saturdays count.
    assert due(await sharing.ask()) == [("2093-03-05", True)]


async def test_t2_an_extension_needs_the_consent_of_the_authority_before_the_reply_is_due(
    sharing: DepartmentsExchange,
) -> None:
    path = f"/applications/{(await sharing.ask())['id']}"
    extension: dict[str, Any] = {"days": 10, "reason": "会商"}
    assert await refused(sharing, "owner", f"{path}/extension", extension) == ["authority_consent"]
    invented = extension | {"consent": "01930b2e-6f1a-7000-8000-000000000001"}
    assert await refused(sharing, "owner", f"{path}/extension", invented) == ["authority_consent"]
    assert (await sharing.act("owner", f"{path}/extension-consent", CONSENT)).problem == "role-missing"
    consented = await sharing.act_ok("authority", f"{path}/extension-consent", CONSENT | {"days": 3})
    extension["consent"] = consented["extension_consent"]
    assert await refused(sharing, "owner", f"{path}/extension", extension) == ["authority_consent"]
    extended = await sharing.act_ok("owner", f"{path}/extension", extension | {"days": 3})
    assert (extended["state"], due(extended)) == ("extended", [("2093-03-10", True)])
    assert (await sharing.read("demander", path))["extended_at"] is not None
    assert (await sharing.act("owner", f"{path}/extension", extension | {"days": 3})).problem == "conflict"
    types = [body["type"] for body in await sharing.read_entries() if body["type"].startswith("application.")]
    assert types[-2:] == ["application.extension_consented", "application.extended"]


async def test_t2_no_extension_after_the_last_day(sharing: DepartmentsExchange) -> None:
    first, second = [f"/applications/{(await sharing.ask())['id']}" for _ in range(2)]
    consented = await sharing.act_ok("authority", f"{first}/extension-consent", CONSENT)
    sharing.move_to(datetime(YEAR, 3, 5, 16, tzinfo=UTC))  # the last day is over in China
    late = {"days": 1, "reason": "x", "consent": consented["extension_consent"]}
    assert await refused(sharing, "owner", f"{first}/extension", late) == ["reply_not_overdue"]
    assert await refused(sharing, "authority", f"{second}/extension-consent", CONSENT) == ["reply_not_overdue"]


async def test_t3_a_second_supplement_is_refused_and_both_clocks_are_shown(sharing: DepartmentsExchange) -> None:
    path = f"/applications/{(await sharing.ask())['id']}"
    asked = await sharing.act_ok("owner", f"{path}/supplement-request", {"missing": "使用依据"})
    assert due(asked) == [("2093-03-05", False)]
    sharing.move_to(FRIDAY + timedelta(days=1))
    supplied = await sharing.act_ok("demander", f"{path}/supplement", {"supplement": "第二十条"})
    assert due(supplied) == [("2093-03-05", False), ("2093-03-06", True)]
    again = await refused(sharing, "owner", f"{path}/supplement-request", {"missing": "y"})
    assert again == ["first_supplement"]


async def test_t4_incomplete_materials_are_not_refused_outright(sharing: DepartmentsExchange) -> None:
    path = f"/applications/{(await sharing.ask())['id']}"
    refusal = {"reason": "材料不全", "incomplete_materials": True}
    assert await refused(sharing, "owner", f"{path}/refusal", refusal) == ["not_for_incomplete_materials"]
    await sharing.act_ok("owner", f"{path}/supplement-request", {"missing": "使用依据", "days": 5})
    assert await refused(sharing, "owner", f"{path}/refusal", refusal) == ["supplement_time_over"]
    sharing.move_to(FRIDAY + timedelta(days=5))
    assert (await sharing.act_ok("owner", f"{path}/refusal", refusal))["state"] == "refused"


async def test_only_conditions_of_the_catalogue_are_demanded(sharing: DepartmentsExchange) -> None:
    path = f"/applications/{(await sharing.ask())['id']}"
    more = {"missing": "x", "conditions": ["缴纳费用"]}
    assert await refused(sharing, "owner", f"{path}/supplement-request", more) == ["conditions_of_catalogue"]
    grant = {"conditions": ["缴纳费用"]}
    assert await refused(sharing, "owner", f"{path}/approval", grant) == ["conditions_of_catalogue"]
    await sharing.act_ok("owner", f"{path}/approval", {"conditions": ["省内", "人才服务"]})


async def test_a_draft_is_seen_by_its_department_alone_and_needs_its_approvers_consent(
    sharing: DepartmentsExchange,
) -> None:
    draft = await sharing.draft()
    path = f"/applications/{draft['id']}"
    assert (draft["state"], draft["submitted_at"], draft["deadlines"]) == ("drafted", None, [])
    for who in ("owner", "authority"):
        assert (await sharing.call(sharing.key_of(who), "GET", f"/api/v1{path}")).problem == "not-found"
        assert (await sharing.act(who, f"{path}/consent")).problem == "not-found"
    assert (await sharing.act("owner", f"{path}/approval", {})).problem == "not-found"
    [entry] = [body for body in await sharing.read_entries() if body["type"] == "application.drafted"]
    assert "dataset" not in entry
    discarded = await sharing.act_ok("demander", f"{path}/withdrawal")
    assert discarded["state"] == "withdrawn"
    assert (await sharing.act("demander", f"{path}/consent")).problem == "conflict"


async def test_who_drafted_does_not_consent_where_duties_are_separated(sharing: DepartmentsExchange) -> None:
    both, approver = Key(), Key()
    for handle, key, roles in (("both", both, ["consumer", "approver"]), ("approver", approver, ["approver"])):
        registration = sharing.registration(key, "demander", handle)
        document = {"kind": "member", "handle": handle, "title": handle, **registration, "roles": roles}
        target = f"/api/v1/organisations/{sharing.demander.id}/principals"
        await sharing.call_ok(sharing.demander.steward, "POST", target, document)
    document = sharing.draft_application(sharing.conditional)
    draft = await sharing.call_ok(both, "POST", APPLICATIONS, document)
    async with sharing.runtime.database.pool.acquire() as connection:
        await connection.execute("UPDATE organisations SET separates_duties = true WHERE handle = 'demander'")
    own = await sharing.call(both, "POST", f"{APPLICATIONS}/{draft['id']}/consent")
    assert own.json["lacking"] == ["another_person"]
    submitted = await sharing.call_ok(approver, "POST", f"{APPLICATIONS}/{draft['id']}/consent")
    assert submitted["state"] == "submitted"


async def test_silence_is_marked_and_consents_to_nothing(sharing: DepartmentsExchange) -> None:
    path = f"/applications/{(await sharing.ask(sharing.unconditional))['id']}"
    sharing.move_to(datetime(YEAR, 2, 14, 16, tzinfo=UTC))
    await sharing.sweep()
    overdue = await sharing.read("demander", path)
    assert (overdue["state"], overdue["deadlines"][0]["overdue_at"] is not None) == ("submitted", True)
    [entry] = [body for body in await sharing.read_entries() if body["type"] == "deadline.overdue"]
    assert (entry["clock"], entry["responsible"], entry["due"]) == ("reply", sharing.owner.id, "2093-02-14")
    assert (await sharing.act_ok("owner", f"{path}/approval", {}))["agreement"]["state"] == "active"


async def test_data_returns_to_a_lower_level_without_further_conditions(sharing: DepartmentsExchange) -> None:
    application = await sharing.ask(return_flow=True)
    assert (application["attribute"], due(application)) == ("unconditional", [("2093-02-14", True)])
    path = f"/applications/{application['id']}/approval"
    assert (await sharing.act("owner", path, {"row_cap": 1})).problem == "outside-terms"
    assert (await sharing.act_ok("owner", path, {}))["agreement"]["state"] == "active"
    wrong = sharing.draft_application(sharing.below) | {"return_flow": True}
    answer = await sharing.call(sharing.owner.steward, "POST", APPLICATIONS, wrong)
    assert [error["at"] for error in answer.json["errors"]] == ["return_flow"]


async def test_two_approvals_and_a_sweep_at_once(sharing: DepartmentsExchange) -> None:
    path = f"/applications/{(await sharing.ask(sharing.unconditional))['id']}"
    sharing.move_to(datetime(YEAR, 2, 14, 16, tzinfo=UTC))
    sweeping = asyncio.create_task(sharing.sweep())
    calls = [sharing.act("owner", f"{path}/approval", {}) for _ in range(3)]
    check_one_succeeded(await asyncio.gather(*calls))
    await sweeping
    [reply] = (await sharing.read("owner", path))["deadlines"]
    assert reply["ended_at"] is not None
    marks = [body for body in await sharing.read_entries() if body["type"] == "deadline.overdue"]
    assert len(marks) == (reply["overdue_at"] is not None)
