"""People whom questions name: on the ledger by pseudonym, sealed beside it, read by whoever may, and forgotten for good."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from exchange.delivery.facts import Facts
from exchange.kernel.database import arguments
from exchange.kernel.keys.slots import Slots
from exchange.settings import Settings
from exchange.subjects import cipher
from exchange.subjects.cipher import TAG
from ledger.format import canonical
from tests.support.founded import founded
from tests.support.world import URL, Answer, Key, Party, World

CSV = "person_id,name,score\n" + "".join(f"P{n:05d},陈{n},{n}\n" for n in range(1, 301))
DATASET = "owner/people"


@dataclass
class Stage:
    """An exchange with one dataset whose rows are about people, granted to one consumer."""

    world: World
    owner: Party
    consumer: Party
    dataset: dict[str, Any]
    url: str

    async def ask(self, *filters: dict[str, Any], accept: str = "application/json", **more: Any) -> Answer:
        question = {"dataset": DATASET, "filters": list(filters), **more}
        return await self.world.call(
            self.consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service", accept=accept
        )

    async def about(self, value: str, **more: Any) -> dict[str, Any]:
        """The body of the entry of a delivery of one person's record."""
        answer = await self.ask({"field": "person_id", "op": "eq", "value": value}, **more)
        assert answer.status == 200, answer.content.decode()
        return await self.entry(answer)

    async def entry(self, answer: Answer) -> dict[str, Any]:
        return (await self.world.entries())[int(answer.headers["exchange-entry"])]

    async def call(self, key: Key, target: str, document: Any) -> Answer:
        return await self.world.call(key, "POST", f"/api/v1/subjects/{target}", document)

    async def erase(self, **whom: Any) -> Answer:
        document = {"basis": "consent-withdrawn", **whom}
        return await self.call(self.world.keys["operator"], "erasure", document)

    async def read(self, key: Key | None = None, **which: Any) -> list[dict[str, Any]]:
        answer = await self.call(key or self.world.keys["auditor"], "details", which)
        assert answer.status == 200, answer.content.decode()
        details: list[dict[str, Any]] = answer.json["details"]
        return details

    async def hold(self, value: str) -> Answer:
        document = {"dataset": DATASET, "value": value, "basis": "litigation", "reason": "复议"}
        return await self.call(self.world.keys["security"], "holds", document)

    async def sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """As the tables' owner."""
        connection = await asyncpg.connect(**arguments(self.url))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()


async def staged(world: World, url: str) -> Stage:
    owner, consumer = await world.party("owner"), await world.party("consumer", kind="institution", level="none")
    source = await world.file_source(owner, CSV.encode())
    dataset = await world.dataset(owner, source, "people")
    await world.agreement(consumer, owner, dataset)
    return Stage(world, owner, consumer, dataset, url)


@pytest.fixture
async def stage(empty_database: str, tmp_path: Any) -> AsyncIterator[Stage]:
    settings = Settings(
        data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=0.1, retention_days=0
    )
    async with founded(settings) as world:
        yield await staged(world, empty_database)


async def test_a_question_about_one_person_leaves_a_pseudonym_and_a_commitment(stage: Stage) -> None:
    first = await stage.about("P00001")
    again = await stage.about("P00001", limit=1)
    other = await stage.about("P00002")
    assert first["subjects"] == again["subjects"] != other["subjects"]
    assert len({first["sealed"][0], again["sealed"][0], other["sealed"][0]}) == 3
    assert "named" not in first

    entries = await stage.world.entries()
    [read] = await stage.read(entry=entries.index(first))
    assert read["state"] == "sealed"
    assert read["details"] == {
        "dataset": stage.dataset["id"], "field": "person_id", "op": "eq", "value": "P00001",
    }  # fmt: skip
    plain = bytes.fromhex(read["salt"]) + canonical.dumps(read["details"])
    assert first["sealed"] == [hashlib.sha256(TAG + plain).hexdigest()]
    disclosed = (await stage.world.entries())[-1]
    assert disclosed["type"] == "details.disclosed"
    assert disclosed["object"] == {"id": str(entries.index(first)), "kind": "entry"}
    assert disclosed["found"] == 1


async def test_questions_that_name_nobody_are_as_before(stage: Stage) -> None:
    for filters in (
        [],
        [{"field": "person_id", "op": "gt", "value": "P00299"}],
        [{"field": "name", "op": "eq", "value": "陈1"}],
        [{"field": "person_id", "op": "not_in", "value": ["P00001"]}],
    ):
        entry = await stage.entry(await stage.ask(*filters))
        assert entry["type"] == "delivery.completed"
        assert not {"subjects", "sealed", "named"} & entry.keys()
    assert await stage.sql("SELECT FROM subjects") == []


async def test_many_people_are_listed_up_to_a_hundred_and_then_counted(stage: Stage) -> None:
    some = {"field": "person_id", "op": "in", "value": ["P00001", "P00002", "P00001"]}
    entry = await stage.entry(await stage.ask(some))
    assert len(entry["subjects"]) == len(entry["sealed"]) == 2
    many = {"field": "person_id", "op": "in", "value": [f"P{n:05d}" for n in range(1, 251)]}
    entry = await stage.entry(await stage.ask(many))
    assert len(entry["subjects"]) == len(set(entry["subjects"])) == 100
    assert entry["named"] == 250
    details = await stage.read(entry=len(await stage.world.entries()) - 1)
    assert [one["details"]["value"] for one in details] == [f"P{n:05d}" for n in range(1, 101)]


async def test_streams_and_refusals_name_them_too(stage: Stage) -> None:
    one = {"field": "person_id", "op": "eq", "value": "P00003"}
    answer = await stage.ask(one, accept="text/csv")
    entry = await stage.entry(answer)
    assert entry["type"] == "delivery.started"
    [read] = await stage.read(entry=int(answer.headers["exchange-entry"]))
    assert read["details"]["value"] == "P00003"
    for path in (stage.world.app.state.runtime.settings.data / "snapshots").glob("*.parquet"):
        path.unlink()
    answer = await stage.ask(one)
    assert answer.status == 502, answer.content
    refused = await stage.entry(answer)
    assert refused["subjects"] == entry["subjects"]


async def test_who_may_read(stage: Stage) -> None:
    await stage.about("P00001")
    index = len(await stage.world.entries()) - 1
    about = {"dataset": DATASET, "value": "P00001"}
    stranger = await stage.world.party("stranger")
    for key in (stage.owner.steward, stage.world.keys["auditor"]):
        assert [one["entry"] for one in await stage.read(key, entry=index)] == [index]
        assert [one["entry"] for one in await stage.read(key, **about)] == [index]
    operator = stage.world.keys["operator"]
    assert [one["entry"] for one in await stage.read(operator, **about)] == [index]
    told: set[str] = set()
    refused: list[tuple[Key, dict[str, Any]]] = [
        (operator, {"entry": index}),
        (stranger.steward, {"entry": index}),
        (stranger.steward, about),
        (stage.consumer.steward, {"entry": index}),
        (stage.consumer.steward, about),
        (stage.owner.steward, {"entry": 0}),
        (stage.owner.steward, {"entry": 10**9}),
        (stranger.steward, {"dataset": "owner/nothing", "value": "P00001"}),
    ]
    for key, which in refused:
        answer = await stage.call(key, "details", which)
        assert answer.problem == "not-found"
        told.add(answer.json["detail"])
    assert len(told) == 1
    malformed: list[dict[str, Any]] = [{}, {"entry": 1, **about}, {"dataset": DATASET}, {"value": 1}]
    malformed += [{"dataset": DATASET, "value": 5}, {"dataset": DATASET, "field": "name", "value": "x"}]
    for which in malformed:
        assert (await stage.call(operator, "details", which)).problem == "request-invalid"
    for key in (stage.world.keys["security"], stage.world.keys["auditor"], stage.owner.steward):
        answer = await stage.call(key, "erasure", {**about, "basis": "consent-withdrawn"})
        assert answer.problem == "role-missing"


async def test_an_erased_person_is_forgotten_and_the_ledger_stands(stage: Stage) -> None:
    first = await stage.about("P00001")
    index = len(await stage.world.entries()) - 1
    other = await stage.about("P00002")
    before = await stage.sql("SELECT seq, leaf FROM ledger_entry ORDER BY seq")
    answer = await stage.erase(dataset=DATASET, value="P00001")
    assert answer.status == 200, answer.content
    assert answer.json == {
        "outcome": "executed", "subject": first["subjects"][0], "details": 1, "entry": int(answer.headers["exchange-entry"]),
    }  # fmt: skip
    erased = await stage.entry(answer)
    assert erased["type"] == "erasure.executed"
    assert erased["object"] == {"id": first["subjects"][0], "kind": "subject"}
    assert (erased["basis"], erased["details"]) == ("consent-withdrawn", 1)
    assert (await stage.sql("SELECT seq, leaf FROM ledger_entry ORDER BY seq"))[: len(before)] == before
    assert await stage.read(entry=index) == [
        {"entry": index, "subject": first["subjects"][0], "state": "erased", "erased_by": answer.json["entry"],
         "details": None, "salt": None},
    ]  # fmt: skip
    assert await stage.read(dataset=DATASET, value="P00001") == []
    [unharmed] = await stage.read(dataset=DATASET, value="P00002")
    assert unharmed["state"] == "sealed"

    # Again, by either name; and from then on this is a person nobody has heard of.
    assert (await stage.erase(dataset=DATASET, value="P00001")).json["outcome"] == "nothing-held"
    again = (await stage.erase(subject=first["subjects"][0])).json
    assert (again["outcome"], again["entry"]) == ("executed-before", answer.json["entry"])
    assert (await stage.erase(subject="0" * 64)).json["outcome"] == "nothing-held"
    anew = await stage.about("P00001")
    assert anew["subjects"] not in (first["subjects"], other["subjects"])


async def test_old_rows_put_back_open_nothing(stage: Stage) -> None:
    first = await stage.about("P00001")
    index = len(await stage.world.entries()) - 1
    tables = ("subjects", "ledger_sealed")
    old = {table: await stage.sql(f"SELECT to_jsonb(t)::text AS row FROM {table} t") for table in tables}
    wrapped = cipher.Wrapped(*(await stage.sql("SELECT * FROM subjects"))[0])
    runtime = stage.world.app.state.runtime
    secret = runtime[Slots].read(wrapped.slot)
    cipher.unwrap(wrapped, secret=secret, seal=runtime.seal)

    answer = await stage.erase(dataset=DATASET, value="P00001")
    assert runtime[Slots].read(wrapped.slot) is None
    for table, rows in old.items():
        assert rows
        for row in rows:
            await stage.sql(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1::jsonb)", row["row"]
            )
    [read] = await stage.read(entry=index)
    assert (read["state"], read["erased_by"]) == ("erased", answer.json["entry"])
    [read] = await stage.read(dataset=DATASET, value="P00001")
    assert (read["state"], read["details"]) == ("erased", None)

    # Even where nothing is left of the erasure itself, as after a restore of the whole database.
    kept = await stage.sql("DELETE FROM subject_erasures RETURNING *")
    [read] = await stage.read(entry=index)
    assert (read["state"], read["details"], read["salt"]) == ("missing", None, None)
    [read] = await stage.read(dataset=DATASET, value="P00001")
    assert (read["state"], read["details"]) == ("missing", None)
    for guess in (bytes(32), bytes(range(32))):
        with pytest.raises(cipher.KeyUnusable):
            cipher.unwrap(wrapped, secret=guess, seal=runtime.seal)

    # A delivery does not stumble over the key that cannot be opened: the person gets another.
    assert (await stage.about("P00001"))["subjects"] != first["subjects"]
    assert len(kept) == 1


async def test_erasing_again_clears_what_an_old_copy_brought_back(stage: Stage) -> None:
    await stage.about("P00001")
    [old] = await stage.sql("SELECT to_jsonb(t)::text AS row FROM subjects t")
    await stage.erase(dataset=DATASET, value="P00001")
    put = "INSERT INTO subjects SELECT * FROM jsonb_populate_record(NULL::subjects, $1::jsonb)"
    await stage.sql(put, old["row"])
    assert (await stage.erase(dataset=DATASET, value="P00001")).json["outcome"] == "executed-before"
    assert await stage.sql("SELECT FROM subjects") == []


async def test_a_hold_and_a_running_retention_refuse_and_say_so_on_the_ledger(stage: Stage) -> None:
    await stage.about("P00001")
    held = await stage.hold("P00001")
    assert held.status == 201, held.content
    placed = await stage.entry(held)
    assert placed["type"] == "hold.placed"
    refused = await stage.erase(dataset=DATASET, value="P00001")
    assert (refused.status, refused.problem) == (409, "legal-hold")
    entry = await stage.entry(refused)
    assert (entry["type"], entry["cause"]) == ("erasure.refused", "legal-hold")
    assert entry["object"] == placed["object"]
    security = stage.world.keys["security"]
    assert len(await stage.world.done(security, "GET", "/api/v1/subjects/holds")) == 1
    lifted = await stage.call(security, f"holds/{held.json['id']}/lifting", {"reason": "结案"})
    assert (await stage.entry(lifted))["type"] == "hold.lifted"
    assert (await stage.call(security, f"holds/{held.json['id']}/lifting", {"reason": "结案"})).problem == "conflict"
    assert await stage.world.done(security, "GET", "/api/v1/subjects/holds") == []
    assert len(await stage.world.done(security, "GET", "/api/v1/subjects/holds?which=all")) == 1
    assert (await stage.erase(dataset=DATASET, value="P00001")).json["outcome"] == "executed"
    assert await stage.sql("SELECT FROM subject_holds") == []


async def test_the_retention_floor(settings: Settings, empty_database: str) -> None:
    async with founded(settings) as world:
        stage = await staged(world, empty_database)
        await stage.about("P00001")
        refused = await stage.erase(dataset=DATASET, value="P00001")
        assert (refused.status, refused.problem) == (409, "retention-running")
        entry = await stage.entry(refused)
        assert (entry["cause"], entry["until"]) == ("retention", refused.json["until"])
        assert [one["state"] for one in await stage.read(dataset=DATASET, value="P00001")] == ["sealed"]


async def test_new_people_asked_for_at_once_get_a_key_each_and_one_bad_key_is_nobody_elses_affair(stage: Stage) -> None:
    people = [f"P{n:05d}" for n in range(1, 21)]
    first = await asyncio.gather(*(stage.about(one) for one in [*people, *people]))
    pseudonyms = {one: entry["subjects"][0] for one, entry in zip(people, first, strict=False)}
    assert len(set(pseudonyms.values())) == len(people)
    assert [entry["subjects"][0] for entry in first] == [*pseudonyms.values()] * 2
    entries = await stage.world.entries()
    for entry, one in zip(first, [*people, *people], strict=True):
        [read] = await stage.read(entry=entries.index(entry))
        assert read["details"]["value"] == one

    await stage.sql("UPDATE subjects SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) "
                    "WHERE pseudonym = decode($1, 'hex')", pseudonyms["P00007"])  # fmt: skip
    stage.world.app.state.runtime[Facts].forget(10**9)
    asked = [{"field": "person_id", "op": "eq", "value": one} for one in people]
    answers = await asyncio.gather(*(stage.ask(one) for one in asked))
    assert [one["value"] for one, answer in zip(asked, answers, strict=True) if answer.status != 200] == ["P00007"]


async def test_new_people_asked_for_at_once_fail_together_where_the_database_does(stage: Stage) -> None:
    """Whoever shares a round hears of its failure, and it is not tried again for each of them."""
    await stage.about("P00300")
    [before] = await stage.sql("SELECT last_value FROM subject_slots")
    asked = [{"field": "person_id", "op": "eq", "value": f"P{n:05d}"} for n in range(1, 21)]
    await stage.sql("CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE disk_full; END'")
    await stage.sql("CREATE TRIGGER fails BEFORE INSERT ON subjects FOR EACH STATEMENT EXECUTE FUNCTION fails()")
    try:
        answers = await asyncio.gather(*(stage.ask(one) for one in asked))
    finally:
        await stage.sql("DROP FUNCTION fails CASCADE")
    assert {(one.status, one.problem) for one in answers} == {(503, "ledger-unavailable")}
    [after] = await stage.sql("SELECT last_value FROM subject_slots")
    assert after["last_value"] - before["last_value"] == len(asked)
    assert {one.status for one in await asyncio.gather(*(stage.ask(one) for one in asked))} == {200}


async def test_at_once_with_each_other_and_with_deliveries(stage: Stage) -> None:
    first = await stage.about("P00001")
    asked = [stage.about("P00001") for _ in range(12)]
    erased = [stage.erase(dataset=DATASET, value="P00001") for _ in range(4)]
    mixed = [each for pair in zip(asked[:4], erased, strict=True) for each in pair] + asked[4:]
    answers = [one.json for one in await asyncio.gather(*mixed) if isinstance(one, Answer)]
    executed = [one for one in answers if one["outcome"] == "executed"]
    assert 1 <= len(executed) <= 4
    entries = await demand_nothing_half(stage)
    assert first["subjects"][0] in {entry["object"]["id"] for entry in entries if entry["type"] == "erasure.executed"}
    assert [entry["type"] for entry in entries].count("erasure.executed") == len(executed)


async def demand_nothing_half(stage: Stage) -> list[dict[str, Any]]:
    """Nobody is named after their erasure, each erasure tells the details there were, and just what it left is left."""
    entries = await stage.world.entries()
    ends = {entry["object"]["id"]: seq for seq, entry in enumerate(entries) if entry["type"] == "erasure.executed"}
    told: dict[str, int] = {}
    for seq, entry in enumerate(entries):
        for pseudonym in entry.get("subjects", ()):
            assert seq < ends.get(pseudonym, len(entries)), "nobody is named under a key after it was destroyed"
            told[pseudonym] = told.get(pseudonym, 0) + 1
    assert {pseudonym: entries[seq]["details"] for pseudonym, seq in ends.items()} == {
        pseudonym: told.get(pseudonym, 0) for pseudonym in ends
    }
    left = await stage.sql("SELECT DISTINCT subject FROM ledger_sealed")
    assert {row["subject"].hex() for row in left} == told.keys() - ends.keys()
    assert await stage.sql("SELECT FROM subject_erasures WHERE destroyed_at IS NULL") == []
    return entries


async def test_nothing_of_a_person_is_in_the_tables(stage: Stage) -> None:
    await stage.about("P00001")
    await stage.hold("P00001")
    for table in ("subjects", "ledger_sealed", "subject_holds", "ledger_entry"):
        for row in await stage.sql(f"SELECT * FROM {table}"):
            for value in row.values():
                found = value if isinstance(value, bytes) else str(value).encode()
                assert b"P00001" not in found, table
    assert "P00001" not in json.dumps(await stage.world.entries())
