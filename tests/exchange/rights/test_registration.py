"""Rights over data: what the guidelines allow and refuse, by the numbers of their acceptance tests, and the whole way."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.messages.service import TITLES
from exchange.rights.lifecycle import RIGHTS_APPLICATION
from exchange.rights.recording import MOST_CERTIFICATES
from exchange.rights.reviewing import MOST_OBJECTIONS
from exchange.rights.schemas import CERTIFICATE
from tests.support.sharing.registering import (
    ALL,
    APPLICATIONS,
    PROOF,
    RECORDS,
    WHY,
    RegisteringExchange,
)

OBJECTION = {"statement": "该数据由我单位采集", "evidence": [PROOF]}


async def test_t7_a_departments_duty_data_is_refused_with_its_article(registering: RegisteringExchange) -> None:
    for form in ({}, {"data_class": "duty"}, registering.form(data_class="enterprise")):
        document = {"dataset": registering.duty_data["id"], "form": form}
        refused = await registering.act("department", APPLICATIONS, document)
        assert (refused.status, refused.problem) == (422, "data-not-registrable")
        assert "15(1)" in refused.json["article"]
    checked = await registering.act_ok("department", "/rights/checks", document)
    assert checked["faults"][0]["article"] == "15(1)"
    entrusted = {"dataset": registering.dataset["id"], "form": registering.form(data_class="duty")}
    assert (await registering.act("owner", APPLICATIONS, entrusted)).problem == "data-not-registrable"
    refusals = [body for body in await registering.read_entries() if body["type"] == "request.refused"]
    assert {body["problem"] for body in refusals} == {"data-not-registrable"}


async def test_a_product_of_authorised_operation_needs_its_registration(registering: RegisteringExchange) -> None:
    document = {"dataset": registering.dataset["id"], "form": registering.form(data_class="authorised_product")}
    faults = (await registering.act_ok("owner", "/rights/checks", document))["faults"]
    assert [fault["at"] for fault in faults] == ["form/public_registration"]
    document["form"]["public_registration"] = "3301002026000001"
    assert (await registering.act_ok("owner", "/rights/checks", document))["faults"] == []


async def test_t8_a_silent_registrar_accepts_on_the_next_working_day(registering: RegisteringExchange) -> None:
    application = await registering.file()  # on Monday 2 March: Tuesday, Wednesday, Thursday to accept
    [accept] = application["clocks"]
    assert accept["due"][-5:] == "03-05"
    await registering.pass_days(3)
    target = f"{APPLICATIONS}/{application['id']}"
    assert (await registering.act_ok("owner", target, method="GET"))["state"] == "filed"
    registering.clock.move(timedelta(days=1))
    late = await registering.act("registrar", f"{target}/return", {"missing": ["x"]})
    assert (late.problem, late.json["lacking"]) == ("conflict", ["the time for acceptance, not over"])
    await registering.sweep()
    deemed = await registering.act_ok("owner", target, method="GET")
    assert (deemed["state"], deemed["is_deemed_accepted"], deemed["accepted_on"][-5:]) == (
        "under_review",
        True,
        "03-06",
    )
    review = deemed["clocks"][-1]
    assert (review["clock"], review["due"][-5:]) == ("rights_review", "03-20")  # 10 working days after Friday 6 March
    entries = [
        body for body in await registering.read_entries() if body["type"] == "rights_application.deemed_accepted"
    ]
    assert [body["actor"] for body in entries] == [{}]


async def test_t8_the_day_is_a_working_day_also_after_a_weekend(registering: RegisteringExchange) -> None:
    registering.clock.move(timedelta(days=1))
    application = await registering.file()  # on Tuesday: until Friday
    await registering.pass_days(4)  # a Saturday
    deemed = await registering.act_ok("owner", f"{APPLICATIONS}/{application['id']}", method="GET")
    assert (deemed["state"], deemed["accepted_on"][-5:]) == ("under_review", "03-09")
    assert deemed["clocks"][-1]["due"][-5:] == "03-23"


async def test_t9_two_holders_have_the_same_right_over_the_same_data(registering: RegisteringExchange) -> None:
    both = {"owner": ALL, "other": ("USE",)}
    evidence: dict[str, Any] = {
        "situation": "fusion",
        "source_type": "agreement",
        "evidence": {"consent_of_others": PROOF},
    }
    application = await registering.draft(holders=both, **evidence)
    target = f"{APPLICATIONS}/{application['id']}"
    early = await registering.act("owner", f"{target}/filing")
    assert (early.problem, early.json["lacking"]) == ("conflict", ["the confirmation of every party"])
    deposited = await registering.review(await registering.go_on(application))
    assert len(deposited["records"]) == 2
    [second] = await registering.records("other")
    again = await registering.register(who="other", holders={"other": ("USE",)})  # as a holder of rights over the data
    assert again["code"] not in deposited["records"]
    for code in (*deposited["records"], again["code"]):
        shown = json.loads((await registering.send("GET", f"/rights/{code}", {})).content)
        assert "USE" in [held["right"] for held in shown["rights"]]
    assert [held["right"] for held in second["rights"]] == ["USE"]


async def test_t10_a_record_is_renewed_until_the_day_before_it_ends(registering: RegisteringExchange) -> None:
    until = (registering.now + timedelta(days=200)).date()
    record = await registering.register(valid_until=until.isoformat())
    assert record["valid_until"] == until.isoformat()
    target = f"{RECORDS}/{record['id']}/renewals"
    early = await registering.act("owner", target, WHY)
    assert (early.problem, early.json["last"]) == ("renewal-not-now", (until - timedelta(days=1)).isoformat())
    await registering.pass_days(199)
    draft = await registering.act_ok("owner", target, WHY)  # the last day of the window
    await registering.pass_days(1)
    refused = await registering.act("owner", f"{APPLICATIONS}/{draft['id']}/filing")
    assert refused.problem == "renewal-not-now"
    await registering.act_ok("owner", f"{APPLICATIONS}/{draft['id']}/withdrawal", WHY)
    assert (await registering.act("owner", target, WHY)).problem == "renewal-not-now"
    assert (await registering.records("owner"))[0]["state"] == "valid"
    await registering.pass_days(1)
    assert (await registering.records("owner"))[0]["state"] == "lapsed"
    assert (await registering.act("owner", target, WHY)).problem == "conflict"


@pytest.mark.parametrize(
    ("number", "is_valid"),
    [
        ("SJ3312026080001", True),
        ("SJ3312026129999", True),
        ("SJ3312026130001", False),
        ("SJ3312026000001", False),
        ("SJ3312026080000", False),
        ("SJ331202608001", False),
        ("SJ33120260800011", False),
        ("SJ331202608０001", False),
        ("XJ3312026080001", False),
    ],
)
def test_t11_the_number_of_a_certificate(number: str, *, is_valid: bool) -> None:
    assert (CERTIFICATE.fullmatch(number) is not None) == is_valid


async def test_t11_an_outside_certificate_is_linked_and_checked(registering: RegisteringExchange) -> None:
    record = await registering.register()
    target = f"{RECORDS}/{record['id']}/certificates"
    certificate = {"number": "SJ3312026130001", "registrar": "登记机构", "stated": "valid"}
    assert (await registering.act("owner", target, certificate)).problem == "request-invalid"
    linked = await registering.act_ok("owner", target, certificate | {"number": "SJ3312026120001"})
    assert (await registering.act("owner", target, certificate | {"number": "SJ3312026120001"})).problem == "conflict"
    [certificate] = linked["certificates"]
    assert (certificate["stated"], certificate["checked"]) == ("valid", "unchecked")
    check = f"/rights/certificates/{certificate['id']}/check"
    assert (await registering.act("owner", check, {"checked": "confirmed"})).problem == "role-missing"
    checked = await registering.act_ok("registrar", check, {"checked": "contradicted"})
    assert checked["certificates"][0]["checked"] == "contradicted"


async def test_certificates_and_objections_have_a_most(registering: RegisteringExchange) -> None:
    record = await registering.register()
    target = f"{RECORDS}/{record['id']}/certificates"
    certificate = {"registrar": "登记机构", "stated": "valid"}
    answers = [
        await registering.act("owner", target, certificate | {"number": f"SJ331202612{serial:04d}"})
        for serial in range(1, MOST_CERTIFICATES + 2)
    ]
    assert [answer.status for answer in answers] == [201] * MOST_CERTIFICATES + [409]
    target = f"{APPLICATIONS}/{(await registering.file())['id']}"
    await registering.act_ok("registrar", f"{target}/acceptance")
    await registering.act_ok("registrar", f"{target}/publicity")
    answers = [await registering.act("other", f"{target}/objections", OBJECTION) for _ in range(MOST_OBJECTIONS + 1)]
    assert [answer.status for answer in answers] == [200] * MOST_OBJECTIONS + [409]
    assert (await registering.act("department", f"{target}/objections", OBJECTION)).status == 200


async def test_the_whole_way_from_the_form_to_the_renewal(registering: RegisteringExchange) -> None:
    application = await registering.file()
    target = f"{APPLICATIONS}/{application['id']}"
    await registering.act_ok("registrar", f"{target}/return", {"missing": ["数据样例", "权属证明"]})
    form = registering.form(summary="按月汇总的岗位需求")
    await registering.act_ok("owner", f"{target}/form", {"form": form}, method="PUT")
    await registering.act_ok("owner", f"{target}/supplement")
    again = await registering.act("registrar", f"{target}/return", {"missing": ["x"]})
    assert again.json["lacking"] == ["a first list, which is the only one"]
    await registering.act_ok("registrar", f"{target}/acceptance")
    await registering.act_ok("registrar", f"{target}/evidence-request", WHY)
    await registering.pass_days(7)
    reviewed = await registering.act_ok("owner", f"{target}/evidence", OBJECTION)
    assert (
        reviewed["clocks"][-1]["due"][-5:] == "03-23"
    )  # 10 working days, but those of the pause, which its first day begins
    await registering.act_ok("registrar", f"{target}/extension", {"days": 3, **WHY})
    await registering.act_ok("registrar", f"{target}/publicity")
    [shown] = json.loads((await registering.send("GET", "/rights/publicity", {})).content)
    assert (shown["id"], shown["summary"]) == (application["id"], "按月汇总的岗位需求")
    assert "联系人甲" not in json.dumps(shown, ensure_ascii=False)
    early = await registering.act("registrar", f"{target}/deposit")
    assert early.json["lacking"] == ["the end of the publicity"]
    await registering.act_ok("other", f"{target}/objections", OBJECTION)
    assert (await registering.act("owner", f"{target}/objections", OBJECTION)).problem == "conflict"
    objected = await registering.act_ok("registrar", target, method="GET")
    assert (objected["state"], objected["contact"]["name"]) == ("objected", "联系人甲")
    [objection] = objected["objections"]
    dismissal = f"{target}/objections/{objection['id']}/dismissal"
    assert (await registering.act_ok("registrar", dismissal, WHY))["state"] == "in_publicity"
    await registering.pass_days(8)
    review = (await registering.act_ok("registrar", target, method="GET"))["clocks"][-1]
    assert (review["paused_at"], review["due"][-5:]) == (None, "04-02")  # 26 March and the days of the publicity
    deposited = await registering.act_ok("registrar", f"{target}/deposit")
    assert (deposited["state"], len(deposited["records"])) == ("deposited", 1)
    [record] = await registering.records("owner")
    public = await registering.send("GET", f"/rights/{record['code']}", {})
    assert public.json["document"]["summary"] == "按月汇总的岗位需求"
    assert [held["right"] for held in public.json["rights"]] == sorted(ALL)
    assert "不是数据产权登记凭证" in public.json["notice"]
    types = [body["type"] for body in await registering.read_entries()]
    assert types[-2:] == ["rights_record.entered", "rights_application.deposited"]
    assert record["valid_until"][:4] == str(registering.now.year + 5)


async def test_every_fault_of_a_form_at_once(registering: RegisteringExchange) -> None:
    document = {"dataset": registering.dataset["id"], "form": {}}
    checked = await registering.act_ok("owner", "/rights/checks", document)
    places = [fault["at"] for fault in checked["faults"]]
    assert len(places) == len(set(places))
    assert {"form/name/time", "form/summary", "form/industry", "form/source_type", "form/holders"} < set(places)
    assert all(fault["error"] and fault["error_zh"] and fault["article"] for fault in checked["faults"])
    wrong = registering.form(
        name={"time": "2025年" * 9, "region": "浙", "industry": "人", "content": "岗", "kind": "集"},
        summary="述" * 401,
        industry="A72",
        scope="galaxy",
        holders={"owner": ("HOLD", "OWN")},
    )
    wrong["holders"][0]["code"] = wrong["holders"][0]["code"][:-1] + "?"
    checked = await registering.act_ok("owner", "/rights/checks", document | {"form": wrong})
    assert [fault["at"] for fault in checked["faults"]] == [
        "form/name",
        "form/summary",
        "form/industry",
        "form/scope",
        "form/holders/0/code",
        "form/holders/0/rights/1/right",
    ]
    draft = await registering.act_ok("owner", APPLICATIONS, document)
    refused = await registering.act("owner", f"{APPLICATIONS}/{draft['id']}/filing")
    assert refused.problem == "rights-form-invalid"
    assert len(refused.json["errors"]) == len(places) + 1  # and the contact


async def test_the_form_on_the_page_has_no_fault(registering: RegisteringExchange) -> None:
    page = (Path(__file__).parents[3] / "docs/rights.md").read_text(encoding="utf-8")
    document = json.loads(page.partition("```json rights\n")[2].partition("```")[0])
    document["dataset"] = registering.dataset["id"]
    document["form"]["holders"][0]["code"] = registering.codes["owner"]
    checked = await registering.act_ok(
        "owner", "/rights/checks", {name: document[name] for name in ("dataset", "form")}
    )
    assert (checked["faults"], checked["registrable"]) == ([], list(ALL))
    assert (await registering.act_ok("owner", APPLICATIONS, document))["contact"]["name"] == "张三"


async def test_who_may_read_and_act(registering: RegisteringExchange) -> None:
    draft = await registering.draft()
    target = f"{APPLICATIONS}/{draft['id']}"
    assert (
        await registering.act("registrar", target, method="GET")
    ).problem == "not-found"  # drafts are the applicant's
    await registering.act_ok("owner", f"{target}/filing")
    for who, status in (("owner", 200), ("registrar", 200), ("auditor", 200), ("other", 404), ("operator", 403)):
        assert (await registering.act(who, target, method="GET")).status == status, who
    assert (await registering.act_ok("auditor", target, method="GET"))["contact"] is None
    foreign = {"dataset": registering.dataset["id"], "form": registering.form()}
    assert (await registering.act("other", APPLICATIONS, foreign)).problem == "role-missing"
    assert (await registering.act("other", f"{target}/acceptance")).problem == "role-missing"
    text = json.dumps(await registering.read_entries(), ensure_ascii=False)
    rows = await registering.runtime.database.pool.fetch("SELECT t::text AS t FROM rights_applications t")
    assert "联系人甲" not in text + str([row["t"] for row in rows])


async def test_a_registrar_decides_nothing_of_its_own_organisation(registering: RegisteringExchange) -> None:
    principal = await registering.find_principal(registering.owner.steward)
    role = {"role": "registrar", "domain": "exchange"}
    await registering.act_ok("security", f"/principals/{principal}/roles", role)
    application = await registering.file()
    own = await registering.act("owner", f"{APPLICATIONS}/{application['id']}/acceptance")
    assert own.json["lacking"] == ["a registrar whose organisation has no part in it"]
    assert (await registering.act_ok("registrar", f"{APPLICATIONS}/{application['id']}/acceptance"))[
        "state"
    ] == "under_review"


async def test_an_upheld_objection_and_a_missed_supplement_end_it(registering: RegisteringExchange) -> None:
    first, second = await registering.file(), await registering.file()
    target = f"{APPLICATIONS}/{first['id']}"
    await registering.act_ok("registrar", f"{APPLICATIONS}/{second['id']}/return", {"missing": ["x"]})
    await registering.act_ok("registrar", f"{target}/acceptance")
    await registering.act_ok("registrar", f"{target}/publicity")
    for who in ("other", "department"):
        await registering.act_ok(who, f"{target}/objections", OBJECTION)
    [objection, _] = (await registering.act_ok("registrar", target, method="GET"))["objections"]
    assert len(await registering.act_ok("registrar", f"{target}/objections", method="GET")) == 2
    assert (await registering.act("other", target, method="GET")).problem == "not-found"
    [own] = await registering.act_ok("other", f"{target}/objections", method="GET")
    assert (own["id"], own["state"], own["decision"]) == (objection["id"], "open", None)
    upheld = await registering.act_ok("registrar", f"{target}/objections/{objection['id']}/upholding", WHY)
    [own] = await registering.act_ok("other", f"{target}/objections", method="GET")
    assert (own["state"], own["decision"]) == ("upheld", WHY["statement"])
    assert len(await registering.act_ok("owner", f"{target}/objections", method="GET")) == 2
    for who, kind in (("other", "rights_objection.decided"), ("department", "rights_objection.over")):
        messages = await registering.act_ok(who, "/messages", method="GET")
        assert {message["kind"] for message in messages if message["kind"].startswith("rights_objection")} == {kind}
    assert (upheld["state"], [each["state"] for each in upheld["objections"]]) == ("refused", ["upheld", "over"])
    assert [clock["ended_at"] for clock in upheld["clocks"]].count(None) == 0
    await registering.pass_days(30)
    missed = await registering.act_ok("owner", f"{APPLICATIONS}/{second['id']}", method="GET")
    assert missed["state"] == "not_filed"


async def test_registrars_at_once_take_one_step(registering: RegisteringExchange) -> None:
    principal = await registering.find_principal(registering.department.steward)
    await registering.act_ok("security", f"/principals/{principal}/roles", {"role": "registrar", "domain": "exchange"})
    application = await registering.file()
    target = f"{APPLICATIONS}/{application['id']}"
    answers = await asyncio.gather(
        registering.act("registrar", f"{target}/acceptance"),
        registering.act("department", f"{target}/acceptance"),
        registering.act("department", f"{target}/return", {"missing": ["x"]}),
        registering.act("owner", f"{target}/withdrawal", WHY),
    )
    assert 1 <= [answer.status for answer in answers].count(200) <= 2  # a withdrawal may follow an acceptance
    assert {answer.problem for answer in answers} <= {"", "conflict"}
    waiver = f"{APPLICATIONS}/{(other := await registering.file())['id']}"
    await registering.act_ok("registrar", f"{waiver}/acceptance")
    await registering.act_ok("registrar", f"{waiver}/publicity-waiver", WHY)
    deposits = await asyncio.gather(
        registering.act("registrar", f"{waiver}/deposit"), registering.act("department", f"{waiver}/deposit")
    )
    assert sorted(answer.status for answer in deposits) == [200, 409]
    entered = [body for body in await registering.read_entries() if body["type"] == "rights_record.entered"]
    assert len(entered) == 1, other["id"]


def test_every_step_that_is_told_has_a_title() -> None:
    assert {step.entry for step in RIGHTS_APPLICATION.steps} <= TITLES.keys()
