"""An owner's own module over the whole path: accepted, attached, deciding, on the ledger, and decided again."""

import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from admin.commands.audit import replay
from exchange.delivery import streaming
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from exchange.whatif import effects
from exchange.whatif.parts import Turns
from policies.owner_rules.checker import Checker
from policies.rego.bundle import load_bundle, write_bundle
from tests.support.exchanges.exchange import URL
from tests.support.exchanges.owner import OwnerExchange, start_owner_exchange, submit
from tests.support.exchanges.raw_delivery import RawDelivery
from tests.support.exchanges.starting import delete_rows
from tests.support.owner_modules import OFFICE, TESTS, TEXT, module_with, module_with_cap
from tests.support.services.opa import run_opa
from tests.support.services.tools import tool

MODULES = "/api/v1/policy-modules"
EXPLAIN = "/api/v1/policy/explanations"


@pytest.fixture(scope="module")
async def shared(
    request: pytest.FixtureRequest, database_url: str, people_table: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OwnerExchange]:
    """An exchange on the embedded engine or, for the parameter `opa`, on an OPA server, which checks modules as well."""
    await delete_rows(database_url)
    place = tmp_path_factory.mktemp("modules")
    settings = Settings(data=place, database_url=database_url, public_url=URL, checkpoint_interval=0.1)
    async with AsyncExitStack() as stack:
        if getattr(request, "param", None) == "opa":
            opa = tool("opa")
            write_bundle(load_bundle(), place / "policy")
            url = await stack.enter_async_context(run_opa(opa, place / "policy"))
            settings = settings.model_copy(update={"opa_url": url, "opa_binary": Path(opa)})
        yield await stack.enter_async_context(start_owner_exchange(settings, people_table))


@pytest.fixture
def owner_exchange(shared: OwnerExchange) -> OwnerExchange:
    """The one story of these tests, on a new day."""
    shared.move_to_morning()
    return shared


@pytest.mark.parametrize("shared", [None, "opa"], ids=["embedded", "opa"], indirect=True, scope="module")
async def test_the_whole_path(owner_exchange: OwnerExchange) -> None:
    digest = await owner_exchange.attach_module(OFFICE)
    before = await owner_exchange.fetch()
    assert before.status == 200, before.content
    rows = before.json["rows"]
    assert len(rows) == 7
    assert {tuple(row) for row in rows} == {("person_id", "name", "city")}
    assert {row["city"] for row in rows} == {"330110"}
    assert all(row["name"].endswith("*") for row in rows)

    owner_exchange.clock.move(timedelta(seconds=20))  # within the minute
    repeated = await owner_exchange.fetch()
    owner_exchange.clock.move(timedelta(hours=7))
    evening = await owner_exchange.fetch()
    assert (evening.status, evening.problem) == (403, "owner-denied")
    [reason] = evening.json["reasons"]
    assert reason["rule"] == f"module.{digest}"
    assert (reason["ref"], reason["remedy"]) == ("office-hours", "Ask between 9 and 17 o'clock.")
    assert evening.json["detail"] == reason["remedy"]

    entries = [await owner_exchange.entry_of(answer) for answer in (before, repeated, evening)]
    assert [entry["decision"]["outcome"] for entry in entries] == ["allow", "allow", "deny"]
    assert entries[0]["decision"] == entries[1]["decision"]
    assert entries[2]["decision"]["reasons"] == [{"code": "owner-denied", "ref": "office-hours"}]
    for answer in (before, repeated, evening):
        replayed = await owner_exchange.replay(answer)
        assert replayed["verdict"] == "agrees"
        assert replayed["input"]["resource"]["terms"]["module"] == digest

    refused = await owner_exchange.fetch(fields=["born"])
    assert refused.problem == "owner-denied"
    owner_exchange.move_to_morning()
    for question, problem in (
        ({"fields": ["born"]}, "field-not-granted"),
        ({"filters": [{"field": "name", "op": "eq", "value": "人1"}]}, "filter-not-granted"),
        ({"filters": [{"field": "born", "op": "gt", "value": "1971-01-01"}]}, "filter-not-granted"),
    ):
        answer = await owner_exchange.fetch(**question)
        assert answer.problem == problem
        assert (await owner_exchange.replay(answer))["verdict"] == "agrees"
    # The command checks modules in the same way, in a sandbox of its own.
    tally = await replay(owner_exchange.runtime.database, 0, None, single=False)
    assert tally.is_sound
    assert tally.verdicts["agrees"] >= 7


async def test_accepting_a_module_is_on_the_ledger_and_it_is_its_owners_to_see(owner_exchange: OwnerExchange) -> None:
    digest = await submit(owner_exchange, owner_exchange.owner, OFFICE)
    acceptances = [entry for entry in await owner_exchange.read_entries() if entry["type"] == "module.accepted"]
    [entry] = [acceptance for acceptance in acceptances if acceptance["object"] == {"kind": "module", "id": digest}]
    assert (entry["organisation"], entry["tests"]) == (owner_exchange.owner.id, 3)
    assert entry["checked_by"] == owner_exchange.runtime[Checker].name
    assert await submit(owner_exchange, owner_exchange.owner, OFFICE) == digest  # the same content is there once
    assert [entry for entry in await owner_exchange.read_entries() if entry["type"] == "module.accepted"] == acceptances

    await submit(owner_exchange, owner_exchange.owner, module_with_cap(9))
    modules = await owner_exchange.call_ok(owner_exchange.owner.steward, "GET", MODULES)
    paged: list[Any] = []
    while page := await owner_exchange.call_ok(
        owner_exchange.owner.steward, "GET", f"{MODULES}?limit=1" + (f"&after={paged[-1]['digest']}" if paged else "")
    ):
        paged += page
    assert len(modules) > 1
    assert paged == modules
    [listed] = [
        module
        for module in await owner_exchange.call_ok(owner_exchange.owner.steward, "GET", MODULES)
        if module["digest"] == digest
    ]
    assert (listed["digest"], listed["checked_by"]) == (digest, entry["checked_by"])
    whole = await owner_exchange.call_ok(owner_exchange.owner.steward, "GET", f"{MODULES}/{digest}")
    assert whole["files"] == {"owner.rego": TEXT, "owner_test.rego": TESTS}
    auditor = owner_exchange.keys["auditor"]
    assert (
        await owner_exchange.call_ok(auditor, "GET", f"{MODULES}/{digest}?organisation={owner_exchange.owner.id}")
    ) == whole
    for key in (owner_exchange.consumer.steward, owner_exchange.consumer.system):
        answer = await owner_exchange.call(key, "GET", f"{MODULES}/{digest}?organisation={owner_exchange.owner.id}")
        assert answer.problem == "role-missing"
        assert (await owner_exchange.call(key, "GET", f"{MODULES}/{digest}")).problem in {"not-found", "role-missing"}


@pytest.mark.parametrize(
    ("changes", "problem", "at"),
    [
        ({"module": TEXT + 'x := http.send({"url": "http://127.0.0.1"})\n'}, "module-refused", "owner.rego:17"),
        ({"module": TEXT + "deny contains\n"}, "module-refused", "owner.rego:18"),
        ({"tests": TESTS + "test_more if false\n"}, "module-refused", "owner_test.rego:18"),
        ({"module": "package exchange.delivery\n\nallow := true\n"}, "module-refused", "owner.rego:1"),
        ({"module": "." * (1 << 17)}, "module-refused", "owner.rego"),
        ({"module": "." * (1 << 20)}, "content-too-large", None),
        ({"module": ""}, "request-invalid", "body/module"),
        ({"module": TEXT + "\x00"}, "request-invalid", "body/module"),
        ({"module": 1}, "request-invalid", "body/module"),
        ({"allow": True}, "request-invalid", "body/allow"),
    ],
)
async def test_a_bad_module_is_refused_and_not_kept(
    owner_exchange: OwnerExchange, changes: dict[str, Any], problem: str, at: str | None
) -> None:
    document = {"organisation": owner_exchange.owner.id, "module": TEXT, "tests": TESTS} | changes
    modules = await owner_exchange.call_ok(owner_exchange.owner.steward, "GET", MODULES)
    answer = await owner_exchange.call(owner_exchange.owner.steward, "POST", MODULES, document)
    assert answer.problem == problem
    if at is not None:
        assert at in {error["at"] for error in answer.json["errors"]}, answer.json
    assert (await owner_exchange.read_entries())[-1]["problem"] == problem
    assert await owner_exchange.call_ok(owner_exchange.owner.steward, "GET", MODULES) == modules


async def test_only_ones_own_module_can_be_attached(owner_exchange: OwnerExchange) -> None:
    digest = await submit(owner_exchange, owner_exchange.consumer, module_with_cap(3))
    document = {
        **owner_exchange.dataset["document"],
        "terms": {**owner_exchange.dataset["document"]["terms"], "module": digest},
    }
    new = {"source": owner_exchange.source["id"], "handle": "people", "document": document}
    for target, method, handle in (
        (f"/api/v1/datasets/{owner_exchange.dataset['id']}/draft", "PUT", "people"),
        ("/api/v1/datasets", "POST", "other"),
    ):
        answer = await owner_exchange.call(owner_exchange.owner.steward, method, target, new | {"handle": handle})
        assert (answer.status, answer.problem) == (422, "dataset-invalid")
        assert [error["at"] for error in answer.json["errors"]] == ["terms/module"]
    stranger = {"organisation": owner_exchange.owner.id, "module": TEXT, "tests": TESTS}
    assert (
        await owner_exchange.call(owner_exchange.consumer.steward, "POST", MODULES, stranger)
    ).problem == "role-missing"


SLOW = """row_cap := 5 if count(slow) >= 0

slow contains 1 if {
	input.purpose == "talent-service"
	some a in numbers
	some b in numbers
	some c in numbers
	some d in numbers
	a + b + c + d == 0
}

numbers := [n | some row in rows; some n in row]

rows := [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [11, 12, 13, 14, 15, 16, 17, 18, 19, 20], [21, 22, 23, 24, 25, 26, 27, 28, 29]]
"""


async def test_a_module_that_takes_too_long_denies_and_is_not_remembered(owner_exchange: OwnerExchange) -> None:
    digest = await owner_exchange.attach_module(module_with(SLOW, "test_cap if data.exchange.owner.row_cap == 5"))
    for _ in range(2):
        answer = await owner_exchange.fetch()
        assert (answer.status, answer.problem) == (503, "policy-unavailable")
        assert answer.json["reasons"][0]["rule"] == f"module.{digest}"
        assert (await owner_exchange.entry_of(answer))["decision"]["outcome"] == "deny"
    await owner_exchange.attach_module(module_with_cap(4))
    assert len((await owner_exchange.fetch()).json["rows"]) == 4


async def test_a_process_that_is_killed_costs_one_denial(owner_exchange: OwnerExchange) -> None:
    digest = await owner_exchange.attach_module(module_with_cap(5))
    assert len((await owner_exchange.fetch()).json["rows"]) == 5
    sandboxes = owner_exchange.runtime[Checker].sandboxes
    process = sandboxes._modules[owner_exchange.owner.id, digest].process
    assert process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    assert len((await owner_exchange.fetch()).json["rows"]) == 5  # remembered
    owner_exchange.clock.move(timedelta(minutes=1))
    denied, allowed = await owner_exchange.fetch(), await owner_exchange.fetch()
    assert (denied.status, denied.problem) == (503, "policy-unavailable")
    assert len(allowed.json["rows"]) == 5
    assert (await owner_exchange.replay(denied))["verdict"] == "policy-unavailable"
    assert (await owner_exchange.replay(allowed))["verdict"] == "agrees"


async def test_a_stream_ends_when_the_module_says_so(
    owner_exchange: OwnerExchange, embedded: Embedded, people_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        "CREATE OR REPLACE VIEW hourly AS SELECT i AS person_id, '人' || i AS name FROM generate_series(1, 100000) i;"
        "GRANT SELECT ON hourly TO reader"
    )
    await connection.close()
    hours = module_with(
        'deny contains {"code": "closed"} if input.calendar.hour >= 17',
        'test_closed if count(data.exchange.owner.deny) == 1 with input as {"calendar": {"hour": 17}}',
    )
    digest = await submit(owner_exchange, owner_exchange.owner, hours)
    source = await owner_exchange.register_table(owner_exchange.owner, people_table, "hourly")
    dataset = await owner_exchange.publish_dataset(owner_exchange.owner, source, "hourly", terms={"module": digest})
    await owner_exchange.conclude_agreement(owner_exchange.consumer, owner_exchange.owner, dataset)
    for hour, is_whole in ((5, True), (6, False)):  # to a minute before four, and before five o'clock
        owner_exchange.move_to_morning()
        owner_exchange.clock.move(timedelta(hours=hour, minutes=59))
        wire = RawDelivery(owner_exchange, owner_exchange.consumer, {"dataset": "owner/hourly"})

        async def strike() -> None:
            owner_exchange.clock.move(timedelta(minutes=1))

        wire.after_first = strike
        await wire.run()
        assert (wire.status, wire.is_whole) == (200, is_whole)
        last = (await owner_exchange.read_entries())[-1]
        assert last["type"] == ("delivery.completed" if is_whole else "delivery.aborted")
        assert last.get("cause") == (None if is_whole else "permission-ended")


ODD = {
    "a mask that nobody knows": ('masks["name"] := {"kind": "blur"}', "obligation-unknown"),
    "a mask that does not fit the field": ('masks["name"] := {"kind": "bucket", "size": 10}', "obligation-unknown"),
    "a condition of another type": (
        'row_filters contains {"field": "person_id", "op": "eq", "value": "x"}',
        "obligation-unknown",
    ),
    "a field that is not there": ('drop contains "salary"', "obligation-unknown"),
    "every field": ("drop contains one.name if some one in input.resource.fields", "nothing-granted"),
    "a cap that is none": ('row_cap := "many"', "policy-unavailable"),
    "two caps": ("row_cap := 3\n\nrow_cap := 4 if input.purpose", "policy-unavailable"),
    "a word from the question": (
        'deny contains {"code": input.purpose}\n\nrow_cap := 3',
        "policy-unavailable",
    ),
}


async def test_what_cannot_be_carried_out_denies(owner_exchange: OwnerExchange) -> None:
    for body, problem in ODD.values():
        rule_name = re.match(r"[a-z_]+", body)
        assert rule_name is not None
        rule = f"data.exchange.owner.{rule_name[0]}"
        question = '{"purpose": "x", "resource": {"fields": [{"name": "a"}]}}'
        says = (
            f"{rule} with input as {{}}"
            if rule_name[0] == "row_cap"
            else f"count({rule}) == 1 with input as {question}"
        )
        tests = f"test_says if {says}"
        digest = await owner_exchange.attach_module(module_with(body, tests))
        answer = await owner_exchange.fetch()
        assert answer.problem == problem, body
        assert answer.json["reasons"][0]["rule"] == f"module.{digest}"
        expected = "policy-unavailable" if problem == "policy-unavailable" else "agrees"
        assert (await owner_exchange.replay(answer))["verdict"] == expected


async def test_it_is_told_whose_word_an_obligation_is(owner_exchange: OwnerExchange) -> None:
    digest = await owner_exchange.attach_module(OFFICE)
    question = {"system": owner_exchange.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}
    for key, is_withheld in ((owner_exchange.owner.steward, False), (owner_exchange.consumer.steward, True)):
        explanation = await owner_exchange.call_ok(key, "POST", EXPLAIN, question)
        assert {"rule": f"module.{digest}", "says": "allow"}.items() <= explanation["rules"][-1].items()
        by_module = {
            (obligation["kind"], obligation["name"])
            for obligation in explanation["obligations"]
            if obligation["sources"] == ["module"]
        }
        assert by_module == {("column", "name"), ("row_filter", None), ("row_cap", None)}
        [condition] = [obligation for obligation in explanation["obligations"] if obligation["kind"] == "row_filter"]
        assert (condition["withheld"], condition["rule"]) == (is_withheld, f"module.{digest}")
        assert (condition["value"] is None) == is_withheld
    evening = question | {"at": (owner_exchange.clock.now() + timedelta(hours=10)).isoformat()}
    explanation = await owner_exchange.call_ok(owner_exchange.owner.steward, "POST", EXPLAIN, evening)
    assert explanation["outcome"] == "deny"
    assert explanation["rules"][-1]["ref"] == "office-hours"


async def test_before_publishing_its_effects_are_seen(owner_exchange: OwnerExchange) -> None:
    await owner_exchange.attach_module(module_with_cap(2))
    delivered = [await owner_exchange.fetch()]
    owner_exchange.clock.move(timedelta(hours=8))
    delivered.append(await owner_exchange.fetch())
    await owner_exchange.draft_terms(module=await submit(owner_exchange, owner_exchange.owner, OFFICE))
    target = f"/api/v1/datasets/{owner_exchange.dataset['id']}/draft/effects"
    effects = await owner_exchange.call_ok(owner_exchange.owner.steward, "POST", target)
    [running] = effects["agreements"]
    assert (running["before"], running["after"], running["reasons"]) == ("allow", "deny", ["owner-denied"])
    refused = {refusal["entry"]: refusal["reasons"] for refusal in effects["refused"]}
    assert int(delivered[0].headers["exchange-entry"]) not in refused
    assert refused[int(delivered[1].headers["exchange-entry"])] == ["owner-denied"]


async def test_effects_end_when_they_take_too_long(
    owner_exchange: OwnerExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner_exchange.attach_module(module_with_cap(2))
    for _ in range(2):
        newest = await owner_exchange.fetch()
    await owner_exchange.draft_terms(module=await submit(owner_exchange, owner_exchange.owner, OFFICE))
    target = f"/api/v1/datasets/{owner_exchange.dataset['id']}/draft/effects"
    whole = await owner_exchange.call_ok(owner_exchange.owner.steward, "POST", target)
    monkeypatch.setattr(effects, "_PAST_WITHIN", -1)
    limited = await owner_exchange.call_ok(owner_exchange.owner.steward, "POST", target)
    assert whole["looked_at"] > limited["looked_at"] == 1
    assert whole["since"] < limited["since"] <= int(newest.headers["exchange-entry"])
    monkeypatch.setattr(effects, "_AGREEMENTS_WITHIN", -1)
    assert (await owner_exchange.call(owner_exchange.owner.steward, "POST", target)).problem == "effects-busy"
    monkeypatch.undo()
    monkeypatch.setattr(effects, "_TURN_WITHIN", 0)
    async with owner_exchange.runtime[Turns].lock:
        assert (await owner_exchange.call(owner_exchange.owner.steward, "POST", target)).problem == "effects-busy"
    assert (await owner_exchange.call_ok(owner_exchange.owner.steward, "POST", target))["looked_at"] == whole[
        "looked_at"
    ]


async def test_odrl_cannot_say_it(owner_exchange: OwnerExchange) -> None:
    target = f"/api/v1/datasets/{owner_exchange.dataset['id']}"
    await owner_exchange.publish_terms()
    offer = await owner_exchange.call_ok(owner_exchange.owner.steward, "GET", f"{target}/odrl")
    await owner_exchange.attach_module(module_with_cap(3))
    for key in (owner_exchange.owner.steward, owner_exchange.consumer.steward):
        answer = await owner_exchange.call(key, "GET", f"{target}/odrl")
        assert (answer.status, answer.problem) == (409, "not-expressible-in-odrl")
    answer = await owner_exchange.call(owner_exchange.owner.steward, "PUT", f"{target}/draft/odrl", offer)
    assert answer.problem == "not-expressible-in-odrl"
