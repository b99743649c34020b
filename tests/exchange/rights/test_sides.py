"""The sides of an application: what a party confirms, what is replaced, what a holder may ask for, and what is kept."""

from typing import Any

from tests.support.sharing.registering import APPLICATIONS, PROOF, RECORDS, WHY, RegisteringExchange


async def test_a_party_confirms_what_it_read_and_a_request_is_replaced(registering: RegisteringExchange) -> None:
    record = await registering.register()
    transfer = {"transferee": registering.codes["other"], "rights": ["USE"], "contract": PROOF, **WHY}
    application = await registering.act_ok("owner", f"{RECORDS}/{record['id']}/transfers", transfer)
    target = f"{APPLICATIONS}/{application['id']}"
    more = {**transfer, "rights": ["USE", "OPERATE"]}
    replaced = await registering.act_ok("owner", f"{target}/request", {"transfer": more}, method="PUT")
    assert replaced["form"]["rights"] == ["USE", "OPERATE"]
    stale = await registering.act("other", f"{target}/confirmation?form={application['form_digest']}")
    assert stale.problem == "conflict"
    await registering.act_ok("other", f"{target}/confirmation?form={replaced['form_digest']}")
    await registering.act_ok("owner", f"{target}/filing")
    filed = await registering.act("owner", f"{target}/request", {"transfer": transfer}, method="PUT")
    assert filed.problem == "conflict"
    await registering.act_ok("registrar", f"{target}/return", {"missing": ["合同"]})
    other_kind = await registering.act("owner", f"{target}/request", {"renewal": WHY}, method="PUT")
    assert (other_kind.problem, other_kind.json["errors"][0]["at"]) == ("rights-form-invalid", "body/transfer")
    unknown = {**transfer, "transferee": "x"}
    faults = await registering.act("owner", f"{target}/request", {"transfer": unknown}, method="PUT")
    assert faults.json["errors"][0]["at"] == "body/transferee"
    await registering.act_ok("owner", f"{target}/request", {"transfer": transfer}, method="PUT")
    early = await registering.act("owner", f"{target}/supplement")
    assert early.json["lacking"] == ["the confirmation of every party"]
    await registering.act_ok("other", f"{target}/confirmation")
    await registering.act_ok("owner", f"{target}/supplement")
    await registering.review({"id": application["id"]})
    [moved] = await registering.records("other")
    assert [held["right"] for held in moved["rights"]] == ["USE"]


async def test_a_holder_asks_for_what_it_has_and_contacts_end(registering: RegisteringExchange) -> None:
    fusion: Any = {"situation": "fusion", "source_type": "agreement", "evidence": {"consent_of_others": PROOF}}
    application = await registering.draft(holders={"owner": ("HOLD", "USE"), "other": ("USE",)}, **fusion)
    await registering.review(await registering.go_on(application))
    document = {"dataset": registering.dataset["id"], "form": registering.form({"other": ("USE", "OPERATE")})}
    checked = await registering.act_ok("other", "/rights/checks", document)
    assert [fault["at"] for fault in checked["faults"]] == ["form/holders/0/rights/1/right"]
    assert "no OPERATE" in checked["faults"][0]["error"]
    own = await registering.act_ok("owner", "/rights/checks", document | {"form": registering.form()})
    assert own["faults"] == []

    draft = await registering.draft()
    target = f"{APPLICATIONS}/{draft['id']}"
    assert (await registering.act_ok("owner", target, method="GET"))["contact"] is not None
    assert (await registering.act_ok("owner", f"{target}/withdrawal", WHY))["contact"] is None
    returned = await registering.file()
    await registering.act_ok("registrar", f"{APPLICATIONS}/{returned['id']}/return", {"missing": ["x"]})
    await registering.pass_days(30)
    missed = await registering.act_ok("owner", f"{APPLICATIONS}/{returned['id']}", method="GET")
    assert (missed["state"], missed["contact"]) == ("not_filed", None)


async def test_an_organisation_has_five_open_objections_to_a_record(registering: RegisteringExchange) -> None:
    record = await registering.register()
    new = {"record": record["code"], "statement": "x", "evidence": [PROOF]}
    objections = [await registering.act_ok("other", "/rights/objections", new) for _ in range(5)]
    assert (await registering.act("other", "/rights/objections", new)).problem == "conflict"
    await registering.act_ok("department", "/rights/objections", new)
    step = {"verb": "withdraw", "statement": "x"}
    await registering.act_ok("other", f"/rights/objections/{objections[0]['id']}/steps", step)
    await registering.act_ok("other", "/rights/objections", new)
