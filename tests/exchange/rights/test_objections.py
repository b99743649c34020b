"""Objections to records, after the registration: who is told when, who answers, and that nothing else changes."""

import asyncio

from exchange.messages.service import TITLES
from exchange.rights.objections.lifecycle import RECORD_OBJECTION
from tests.support.sharing.registering import PROOF, RECORDS, RegisteringExchange

OBJECTIONS = "/rights/objections"


async def test_the_registrar_tells_the_holder_who_contests(registering: RegisteringExchange) -> None:
    record = await registering.register()
    new = {"record": record["code"], "statement": "该数据由我单位采集", "evidence": [PROOF]}
    assert (await registering.act("owner", OBJECTIONS, new)).problem == "conflict"
    objection = await registering.act_ok("other", OBJECTIONS, new)
    assert (objection["state"], objection["tell_by"][-5:]) == ("filed", "03-09")  # 5 working days
    assert await registering.act_ok("owner", OBJECTIONS, method="GET") == []
    steps = f"{OBJECTIONS}/{objection['id']}/steps"
    told = {"verb": "tell_holder", "statement": "材料齐全"}
    assert (await registering.act("owner", steps, told)).problem == "not-found"
    assert (await registering.act("other", steps, told)).problem == "role-missing"
    await registering.act_ok("registrar", steps, told)
    [seen] = await registering.act_ok("owner", OBJECTIONS, method="GET")
    assert seen["statements"][0]["statement"] == "该数据由我单位采集"
    assert (await registering.act("other", steps, {"verb": "agree", "statement": "x"})).problem == "role-missing"
    await registering.act_ok("owner", steps, {"verb": "contest", "statement": "权属清晰"})
    upheld = await registering.act_ok("registrar", steps, {"verb": "uphold", "statement": "经核查"})
    assert (upheld["state"], upheld["verbs"]) == ("upheld", [])
    assert (await registering.act_ok("owner", f"{RECORDS}/{record['id']}", method="GET"))["state"] == "valid"
    messages = await registering.act_ok("owner", "/messages", method="GET")
    assert {"record_objection.holder_told", "record_objection.upheld"} <= {message["kind"] for message in messages}


async def test_a_registrar_that_is_late_is_overdue_and_a_side_decides_nothing(registering: RegisteringExchange) -> None:
    record = await registering.register()
    new = {"record": record["code"], "statement": "x", "evidence": [PROOF]}
    objection = await registering.act_ok("bureau", OBJECTIONS, new)  # the registrar's own organisation
    steps = f"{OBJECTIONS}/{objection['id']}/steps"
    own = await registering.act("registrar", steps, {"verb": "tell_holder", "statement": "x"})
    assert own.json["lacking"] == ["a registrar whose organisation has no part in it"]
    await registering.pass_days(10)
    overdue = [body for body in await registering.read_entries() if body["type"] == "deadline.overdue"]
    assert overdue[-1]["object"]["id"] == objection["id"]
    answers = await asyncio.gather(
        *(registering.act("bureau", steps, {"verb": "withdraw", "statement": "x"}) for _ in "ab")
    )
    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_a_holder_hears_of_no_objection_that_was_withdrawn_before_it_was_told(
    registering: RegisteringExchange,
) -> None:
    record = await registering.register()
    new = {"record": record["code"], "statement": "x", "evidence": [PROOF]}
    objection = await registering.act_ok("other", OBJECTIONS, new)
    steps = f"{OBJECTIONS}/{objection['id']}/steps"
    await registering.act_ok("other", steps, {"verb": "withdraw", "statement": "x"})
    assert await registering.act_ok("owner", OBJECTIONS, method="GET") == []
    assert (await registering.act("owner", steps, {"verb": "agree", "statement": "x"})).problem == "not-found"
    messages = await registering.act_ok("owner", "/messages", method="GET")
    assert objection["id"] not in {message["matter"]["id"] for message in messages}


async def test_what_is_over_is_not_objected_to(registering: RegisteringExchange) -> None:
    record = await registering.register(valid_until=(registering.now.date()).replace(day=20).isoformat())
    await registering.pass_days(30)
    new = {"record": record["code"], "statement": "x", "evidence": [PROOF]}
    refused = await registering.act("other", OBJECTIONS, new)
    assert refused.json["lacking"] == ["a record in force"]
    assert (await registering.act("other", OBJECTIONS, new | {"record": "QY2093039999"})).problem == "not-found"


def test_every_step_that_is_told_has_a_title() -> None:
    assert {step.entry for step in RECORD_OBJECTION.steps if step.verb != "file"} <= TITLES.keys()
