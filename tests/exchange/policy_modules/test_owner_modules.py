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

from admin.commands import audit as auditing
from exchange.delivery import streaming
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.settings import Settings
from exchange.whatif import effects
from policies.rego.bundle import load_bundle, write_bundle
from tests.exchange.delivery.test_streams import Wire
from tests.support.founded import empty
from tests.support.modules import OFFICE, TESTS, TEXT, capping, saying
from tests.support.opa import opa_running
from tests.support.owning import Story, submit, told
from tests.support.tools import tool
from tests.support.world import URL

MODULES = "/api/v1/policy-modules"
EXPLAIN = "/api/v1/policy/explanations"


@pytest.fixture(scope="module")
async def shared(
    request: pytest.FixtureRequest, database_url: str, people_table: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Story]:
    """On the embedded engine; or where the parameter is `opa`, on an OPA server, where OPA looks at modules as well."""
    await empty(database_url)
    place = tmp_path_factory.mktemp("modules")
    settings = Settings(data=place, database_url=database_url, public_url=URL, checkpoint_interval=0.1)
    async with AsyncExitStack() as stack:
        if getattr(request, "param", None) == "opa":
            opa = tool("opa")
            write_bundle(load_bundle(), place / "policy")
            url = await stack.enter_async_context(opa_running(opa, place / "policy"))
            settings = settings.model_copy(update={"opa_url": url, "opa_binary": Path(opa)})
        yield await stack.enter_async_context(told(settings, people_table))


@pytest.fixture
def story(shared: Story) -> Story:
    """The one story of these tests, on a new day."""
    shared.morning()
    return shared


@pytest.mark.parametrize("shared", [None, "opa"], ids=["embedded", "opa"], indirect=True, scope="module")
async def test_the_whole_path(story: Story) -> None:
    digest = await story.attach(OFFICE)
    before = await story.ask()
    assert before.status == 200, before.content
    rows = before.json["rows"]
    assert len(rows) == 7
    assert {tuple(row) for row in rows} == {("person_id", "name", "city")}
    assert {row["city"] for row in rows} == {"330110"}
    assert all(row["name"].endswith("*") for row in rows)

    story.clock.move(timedelta(seconds=20))  # within the minute
    again = await story.ask()
    story.clock.move(timedelta(hours=7))
    evening = await story.ask()
    assert (evening.status, evening.problem) == (403, "owner-denied")
    [reason] = evening.json["reasons"]
    assert reason["rule"] == f"module.{digest}"
    assert (reason["ref"], reason["remedy"]) == ("office-hours", "Ask between 9 and 17 o'clock.")
    assert evening.json["detail"] == reason["remedy"]

    entries = [await story.entry(answer) for answer in (before, again, evening)]
    assert [one["decision"]["outcome"] for one in entries] == ["allow", "allow", "deny"]
    assert entries[0]["decision"] == entries[1]["decision"]
    assert entries[2]["decision"]["reasons"] == [{"code": "owner-denied", "ref": "office-hours"}]
    for answer in (before, again, evening):
        said = await story.replayed(answer)
        assert said["verdict"] == "agrees"
        assert said["input"]["resource"]["terms"]["module"] == digest

    refused = await story.ask(fields=["born"])
    assert refused.problem == "owner-denied"
    story.morning()
    for question, problem in (
        ({"fields": ["born"]}, "field-not-granted"),
        ({"filters": [{"field": "name", "op": "eq", "value": "人1"}]}, "filter-not-granted"),
        ({"filters": [{"field": "born", "op": "gt", "value": "1971-01-01"}]}, "filter-not-granted"),
    ):
        answer = await story.ask(**question)
        assert answer.problem == problem
        assert (await story.replayed(answer))["verdict"] == "agrees"
    # As the command does it, in a sandbox of its own.
    tally = await auditing._replay(story.world.app.state.runtime.database, 0, None, one=False)
    assert tally.is_sound
    assert tally.verdicts["agrees"] >= 7


async def test_accepting_a_module_is_on_the_ledger_and_it_is_its_owners_to_see(story: Story) -> None:
    digest = await submit(story.world, story.owner, OFFICE)
    found = [one for one in await story.world.entries() if one["type"] == "module.accepted"]
    [entry] = [one for one in found if one["object"] == {"kind": "module", "id": digest}]
    assert (entry["organisation"], entry["tests"]) == (story.owner.id, 3)
    assert entry["checked_by"] == story.world.app.state.runtime.modules.name
    assert await submit(story.world, story.owner, OFFICE) == digest  # the same content is there once
    assert [one for one in await story.world.entries() if one["type"] == "module.accepted"] == found

    await submit(story.world, story.owner, capping(9))
    everything = await story.world.done(story.owner.steward, "GET", MODULES)
    paged: list[Any] = []
    while page := await story.world.done(
        story.owner.steward, "GET", f"{MODULES}?limit=1" + (f"&after={paged[-1]['digest']}" if paged else "")
    ):
        paged += page
    assert len(everything) > 1
    assert paged == everything
    [listed] = [one for one in await story.world.done(story.owner.steward, "GET", MODULES) if one["digest"] == digest]
    assert (listed["digest"], listed["checked_by"]) == (digest, entry["checked_by"])
    shown = await story.world.done(story.owner.steward, "GET", f"{MODULES}/{digest}")
    assert shown["files"] == {"owner.rego": TEXT, "owner_test.rego": TESTS}
    auditor = story.world.keys["auditor"]
    assert (await story.world.done(auditor, "GET", f"{MODULES}/{digest}?organisation={story.owner.id}")) == shown
    for key in (story.consumer.steward, story.consumer.system):
        answer = await story.world.call(key, "GET", f"{MODULES}/{digest}?organisation={story.owner.id}")
        assert answer.problem == "role-missing"
        assert (await story.world.call(key, "GET", f"{MODULES}/{digest}")).problem in {"not-found", "role-missing"}


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
    story: Story, changes: dict[str, Any], problem: str, at: str | None
) -> None:
    document = {"organisation": story.owner.id, "module": TEXT, "tests": TESTS} | changes
    kept = await story.world.done(story.owner.steward, "GET", MODULES)
    answer = await story.world.call(story.owner.steward, "POST", MODULES, document)
    assert answer.problem == problem
    if at is not None:
        assert at in {one["at"] for one in answer.json["errors"]}, answer.json
    assert (await story.world.entries())[-1]["problem"] == problem
    assert await story.world.done(story.owner.steward, "GET", MODULES) == kept


async def test_only_ones_own_module_can_be_attached(story: Story) -> None:
    digest = await submit(story.world, story.consumer, capping(3))
    document = {**story.dataset["document"], "terms": {**story.dataset["document"]["terms"], "module": digest}}
    new = {"source": story.source["id"], "handle": "people", "document": document}
    for target, method in ((f"/api/v1/datasets/{story.dataset['id']}/draft", "PUT"), ("/api/v1/datasets", "POST")):
        answer = await story.world.call(story.owner.steward, method, target, new | {"handle": "other"})
        assert (answer.status, answer.problem) == (422, "dataset-invalid")
        assert [one["at"] for one in answer.json["errors"]] == ["terms/module"]
    stranger = {"organisation": story.owner.id, "module": TEXT, "tests": TESTS}
    assert (await story.world.call(story.consumer.steward, "POST", MODULES, stranger)).problem == "role-missing"


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


async def test_a_module_that_takes_too_long_denies_and_is_not_remembered(story: Story) -> None:
    digest = await story.attach(saying(SLOW, "test_cap if data.exchange.owner.row_cap == 5"))
    for _ in range(2):
        answer = await story.ask()
        assert (answer.status, answer.problem) == (503, "policy-unavailable")
        assert answer.json["reasons"][0]["rule"] == f"module.{digest}"
        assert (await story.entry(answer))["decision"]["outcome"] == "deny"
    await story.attach(capping(4))
    assert len((await story.ask()).json["rows"]) == 4


async def test_a_process_that_is_killed_costs_one_denial(story: Story) -> None:
    digest = await story.attach(capping(5))
    assert len((await story.ask()).json["rows"]) == 5
    process = story.world.app.state.runtime.modules.sandboxes._modules[story.owner.id, digest].process
    assert process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    assert len((await story.ask()).json["rows"]) == 5  # remembered
    story.clock.move(timedelta(minutes=1))
    denied, allowed = await story.ask(), await story.ask()
    assert (denied.status, denied.problem) == (503, "policy-unavailable")
    assert len(allowed.json["rows"]) == 5
    assert (await story.replayed(denied))["verdict"] == "policy-unavailable"
    assert (await story.replayed(allowed))["verdict"] == "agrees"


async def test_a_stream_ends_when_the_module_says_so(
    story: Story, embedded: Embedded, people_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        "CREATE OR REPLACE VIEW hourly AS SELECT i AS person_id, '人' || i AS name FROM generate_series(1, 100000) i;"
        "GRANT SELECT ON hourly TO reader"
    )
    await connection.close()
    hours = saying(
        'deny contains {"code": "closed"} if input.calendar.hour >= 17',
        'test_closed if count(data.exchange.owner.deny) == 1 with input as {"calendar": {"hour": 17}}',
    )
    digest = await submit(story.world, story.owner, hours)
    source = await story.world.table_source(story.owner, people_table, "hourly")
    dataset = await story.world.dataset(story.owner, source, "hourly", terms={"module": digest})
    await story.world.agreement(story.consumer, story.owner, dataset)
    for hour, is_whole in ((5, True), (6, False)):  # to a minute before four, and before five o'clock
        story.morning()
        story.clock.move(timedelta(hours=hour, minutes=59))
        wire = Wire(story.world, story.consumer, {"dataset": "owner/hourly"})

        async def strike() -> None:
            story.clock.move(timedelta(minutes=1))

        wire.after_first = strike
        await wire.run()
        assert (wire.status, wire.is_whole) == (200, is_whole)
        last = (await story.world.entries())[-1]
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


async def test_what_cannot_be_carried_out_denies(story: Story) -> None:
    for body, problem in ODD.values():
        heard = re.match(r"[a-z_]+", body)
        assert heard is not None
        said = f"data.exchange.owner.{heard[0]}"
        question = '{"purpose": "x", "resource": {"fields": [{"name": "a"}]}}'
        says = f"{said} with input as {{}}" if heard[0] == "row_cap" else f"count({said}) == 1 with input as {question}"
        tests = f"test_says if {says}"
        digest = await story.attach(saying(body, tests))
        answer = await story.ask()
        assert answer.problem == problem, body
        assert answer.json["reasons"][0]["rule"] == f"module.{digest}"
        expected = "policy-unavailable" if problem == "policy-unavailable" else "agrees"
        assert (await story.replayed(answer))["verdict"] == expected


async def test_it_is_told_whose_word_an_obligation_is(story: Story) -> None:
    digest = await story.attach(OFFICE)
    question = {"system": story.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}
    for key, is_withheld in ((story.owner.steward, False), (story.consumer.steward, True)):
        said = await story.world.done(key, "POST", EXPLAIN, question)
        assert {"rule": f"module.{digest}", "says": "allow"}.items() <= said["rules"][-1].items()
        by_module = {(one["kind"], one["name"]) for one in said["obligations"] if one["sources"] == ["module"]}
        assert by_module == {("column", "name"), ("row_filter", None), ("row_cap", None)}
        [condition] = [one for one in said["obligations"] if one["kind"] == "row_filter"]
        assert (condition["withheld"], condition["rule"]) == (is_withheld, f"module.{digest}")
        assert (condition["value"] is None) == is_withheld
    evening = question | {"at": (story.clock.now() + timedelta(hours=10)).isoformat()}
    said = await story.world.done(story.owner.steward, "POST", EXPLAIN, evening)
    assert said["outcome"] == "deny"
    assert said["rules"][-1]["ref"] == "office-hours"


async def test_before_publishing_its_effects_are_seen(story: Story) -> None:
    await story.attach(capping(2))
    delivered = [await story.ask()]
    story.clock.move(timedelta(hours=8))
    delivered.append(await story.ask())
    await story.draft(module=await submit(story.world, story.owner, OFFICE))
    target = f"/api/v1/datasets/{story.dataset['id']}/draft/effects"
    effects = await story.world.done(story.owner.steward, "POST", target)
    [running] = effects["agreements"]
    assert (running["before"], running["after"], running["reasons"]) == ("allow", "deny", ["owner-denied"])
    refused = {one["entry"]: one["reasons"] for one in effects["refused"]}
    assert int(delivered[0].headers["exchange-entry"]) not in refused
    assert refused[int(delivered[1].headers["exchange-entry"])] == ["owner-denied"]


async def test_effects_end_when_they_take_too_long(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    await story.attach(capping(2))
    for _ in range(2):
        newest = await story.ask()
    await story.draft(module=await submit(story.world, story.owner, OFFICE))
    target = f"/api/v1/datasets/{story.dataset['id']}/draft/effects"
    whole = await story.world.done(story.owner.steward, "POST", target)
    monkeypatch.setattr(effects, "_PAST_WITHIN", -1)
    cut = await story.world.done(story.owner.steward, "POST", target)
    assert whole["looked_at"] > cut["looked_at"] == 1
    assert whole["since"] < cut["since"] <= int(newest.headers["exchange-entry"])
    monkeypatch.setattr(effects, "_AGREEMENTS_WITHIN", -1)
    assert (await story.world.call(story.owner.steward, "POST", target)).problem == "effects-busy"
    monkeypatch.undo()
    monkeypatch.setattr(effects, "_TURN_WITHIN", 0)
    async with story.world.app.state.runtime.effects:
        assert (await story.world.call(story.owner.steward, "POST", target)).problem == "effects-busy"
    assert (await story.world.done(story.owner.steward, "POST", target))["looked_at"] == whole["looked_at"]


async def test_odrl_cannot_say_it(story: Story) -> None:
    target = f"/api/v1/datasets/{story.dataset['id']}"
    await story.publish()
    offer = await story.world.done(story.owner.steward, "GET", f"{target}/odrl")
    await story.attach(capping(3))
    for key in (story.owner.steward, story.consumer.steward):
        answer = await story.world.call(key, "GET", f"{target}/odrl")
        assert (answer.status, answer.problem) == (409, "terms-unsaid")
    answer = await story.world.call(story.owner.steward, "PUT", f"{target}/draft/odrl", offer)
    assert answer.problem == "terms-unsaid"
