"""People whom requests name: on the ledger by pseudonym, sealed beside it, read by permitted roles, and erased for good."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from exchange.delivery.facts import Facts
from exchange.kernel.keys.slots import Slots
from exchange.settings import Settings
from exchange.subjects import cipher
from exchange.subjects.cipher import TAG
from ledger.format import canonical
from tests.support.exchanges.exchange import URL, Answer, Key
from tests.support.exchanges.people import DATASET, PeopleExchange, check_erasures_are_whole, start_people


@pytest.fixture
async def people_exchange(empty_database: str, tmp_path: Any) -> AsyncIterator[PeopleExchange]:
    settings = Settings(
        data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=0.1, retention_days=0
    )
    async with start_people(settings) as exchange:
        yield exchange


async def test_a_question_about_one_person_leaves_a_pseudonym_and_a_commitment(people_exchange: PeopleExchange) -> None:
    first = await people_exchange.fetch_about("P00001")
    repeated = await people_exchange.fetch_about("P00001", limit=1)
    other = await people_exchange.fetch_about("P00002")
    assert first["subjects"] == repeated["subjects"] != other["subjects"]
    assert len({first["sealed"][0], repeated["sealed"][0], other["sealed"][0]}) == 3
    assert "named" not in first

    entries = await people_exchange.read_entries()
    [read] = await people_exchange.read_details(entry=entries.index(first))
    assert read["state"] == "sealed"
    assert read["details"] == {
        "dataset": people_exchange.dataset["id"], "field": "person_id", "op": "eq", "value": "P00001",
    }  # fmt: skip
    plain = bytes.fromhex(read["salt"]) + canonical.dumps(read["details"])
    assert first["sealed"] == [hashlib.sha256(TAG + plain).hexdigest()]
    disclosed = (await people_exchange.read_entries())[-1]
    assert disclosed["type"] == "details.disclosed"
    assert disclosed["object"] == {"id": str(entries.index(first)), "kind": "entry"}
    assert disclosed["found"] == 1


async def test_questions_that_name_nobody_are_as_before(people_exchange: PeopleExchange) -> None:
    for filters in (
        [],
        [{"field": "person_id", "op": "gt", "value": "P00299"}],
        [{"field": "name", "op": "eq", "value": "陈1"}],
        [{"field": "person_id", "op": "not_in", "value": ["P00001"]}],
    ):
        entry = await people_exchange.entry_of(await people_exchange.fetch(*filters))
        assert entry["type"] == "delivery.completed"
        assert not {"subjects", "sealed", "named"} & entry.keys()
    assert await people_exchange.run_sql("SELECT FROM subjects") == []


async def test_many_people_are_listed_up_to_a_hundred_and_then_counted(people_exchange: PeopleExchange) -> None:
    condition = {"field": "person_id", "op": "in", "value": ["P00001", "P00002", "P00001"]}
    entry = await people_exchange.entry_of(await people_exchange.fetch(condition))
    assert len(entry["subjects"]) == len(entry["sealed"]) == 2
    many = {"field": "person_id", "op": "in", "value": [f"P{n:05d}" for n in range(1, 251)]}
    entry = await people_exchange.entry_of(await people_exchange.fetch(many))
    assert len(entry["subjects"]) == len(set(entry["subjects"])) == 100
    assert entry["named"] == 250
    details = await people_exchange.read_details(entry=len(await people_exchange.read_entries()) - 1)
    assert [detail["details"]["value"] for detail in details] == [f"P{n:05d}" for n in range(1, 101)]


async def test_streams_and_refusals_name_them_too(people_exchange: PeopleExchange) -> None:
    condition = {"field": "person_id", "op": "eq", "value": "P00003"}
    answer = await people_exchange.fetch(condition, accept="text/csv")
    entry = await people_exchange.entry_of(answer)
    assert entry["type"] == "delivery.started"
    [read] = await people_exchange.read_details(entry=int(answer.headers["exchange-entry"]))
    assert read["details"]["value"] == "P00003"
    for path in (people_exchange.runtime.settings.data / "snapshots").glob("*.parquet"):
        path.unlink()
    answer = await people_exchange.fetch(condition)
    assert answer.status == 502, answer.content
    refused = await people_exchange.entry_of(answer)
    assert refused["subjects"] == entry["subjects"]


async def test_who_may_read(people_exchange: PeopleExchange) -> None:
    await people_exchange.fetch_about("P00001")
    index = len(await people_exchange.read_entries()) - 1
    about = {"dataset": DATASET, "value": "P00001"}
    stranger = await people_exchange.admit("stranger")
    for key in (people_exchange.owner.steward, people_exchange.keys["auditor"]):
        assert [detail["entry"] for detail in await people_exchange.read_details(key, entry=index)] == [index]
        assert [detail["entry"] for detail in await people_exchange.read_details(key, **about)] == [index]
    operator = people_exchange.keys["operator"]
    assert [detail["entry"] for detail in await people_exchange.read_details(operator, **about)] == [index]
    messages: set[str] = set()
    refused: list[tuple[Key, dict[str, Any]]] = [
        (operator, {"entry": index}),
        (stranger.steward, {"entry": index}),
        (stranger.steward, about),
        (people_exchange.consumer.steward, {"entry": index}),
        (people_exchange.consumer.steward, about),
        (people_exchange.owner.steward, {"entry": 0}),
        (people_exchange.owner.steward, {"entry": 10**9}),
        (stranger.steward, {"dataset": "owner/nothing", "value": "P00001"}),
    ]
    for key, which in refused:
        answer = await people_exchange.call_subjects(key, "details", which)
        assert answer.problem == "not-found"
        messages.add(answer.json["detail"])
    assert len(messages) == 1
    malformed: list[dict[str, Any]] = [{}, {"entry": 1, **about}, {"dataset": DATASET}, {"value": 1}]
    malformed += [{"dataset": DATASET, "value": 5}, {"dataset": DATASET, "field": "name", "value": "x"}]
    for which in malformed:
        assert (await people_exchange.call_subjects(operator, "details", which)).problem == "request-invalid"
    for key in (people_exchange.keys["security"], people_exchange.keys["auditor"], people_exchange.owner.steward):
        answer = await people_exchange.call_subjects(key, "erasure", {**about, "basis": "consent-withdrawn"})
        assert answer.problem == "role-missing"


async def test_an_erased_person_is_forgotten_and_the_ledger_stands(people_exchange: PeopleExchange) -> None:
    first = await people_exchange.fetch_about("P00001")
    index = len(await people_exchange.read_entries()) - 1
    other = await people_exchange.fetch_about("P00002")
    before = await people_exchange.run_sql("SELECT seq, leaf FROM ledger_entry ORDER BY seq")
    answer = await people_exchange.erase(dataset=DATASET, value="P00001")
    assert answer.status == 200, answer.content
    assert answer.json == {
        "outcome": "executed", "subject": first["subjects"][0], "details": 1, "entry": int(answer.headers["exchange-entry"]),
    }  # fmt: skip
    erased = await people_exchange.entry_of(answer)
    assert erased["type"] == "erasure.executed"
    assert erased["object"] == {"id": first["subjects"][0], "kind": "subject"}
    assert (erased["basis"], erased["details"]) == ("consent-withdrawn", 1)
    assert (await people_exchange.run_sql("SELECT seq, leaf FROM ledger_entry ORDER BY seq"))[: len(before)] == before
    assert await people_exchange.read_details(entry=index) == [
        {"entry": index, "subject": first["subjects"][0], "state": "erased", "erased_by": answer.json["entry"],
         "details": None, "salt": None},
    ]  # fmt: skip
    assert await people_exchange.read_details(dataset=DATASET, value="P00001") == []
    [unharmed] = await people_exchange.read_details(dataset=DATASET, value="P00002")
    assert unharmed["state"] == "sealed"

    # A second erasure, by either name; after it the person is unknown.
    assert (await people_exchange.erase(dataset=DATASET, value="P00001")).json["outcome"] == "nothing-held"
    repeated = (await people_exchange.erase(subject=first["subjects"][0])).json
    assert (repeated["outcome"], repeated["entry"]) == ("executed-before", answer.json["entry"])
    assert (await people_exchange.erase(subject="0" * 64)).json["outcome"] == "nothing-held"
    anew = await people_exchange.fetch_about("P00001")
    assert anew["subjects"] not in (first["subjects"], other["subjects"])


async def test_old_rows_put_back_open_nothing(people_exchange: PeopleExchange) -> None:
    first = await people_exchange.fetch_about("P00001")
    index = len(await people_exchange.read_entries()) - 1
    tables = ("subjects", "ledger_sealed")
    old = {table: await people_exchange.run_sql(f"SELECT to_jsonb(t)::text AS row FROM {table} t") for table in tables}
    wrapped = cipher.Wrapped(*(await people_exchange.run_sql("SELECT * FROM subjects"))[0])
    runtime = people_exchange.runtime
    secret = runtime[Slots].read(wrapped.slot)
    assert secret is not None
    cipher.unwrap(wrapped, secret=secret, seal=runtime.seal)

    answer = await people_exchange.erase(dataset=DATASET, value="P00001")
    assert runtime[Slots].read(wrapped.slot) is None
    for table, rows in old.items():
        assert rows
        for row in rows:
            await people_exchange.run_sql(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1::jsonb)", row["row"]
            )
    [read] = await people_exchange.read_details(entry=index)
    assert (read["state"], read["erased_by"]) == ("erased", answer.json["entry"])
    [read] = await people_exchange.read_details(dataset=DATASET, value="P00001")
    assert (read["state"], read["details"]) == ("erased", None)

    # The same holds where the erasure's own rows are lost, as after a restore of the whole database.
    erasures = await people_exchange.run_sql("DELETE FROM subject_erasures RETURNING *")
    [read] = await people_exchange.read_details(entry=index)
    assert (read["state"], read["details"], read["salt"]) == ("missing", None, None)
    [read] = await people_exchange.read_details(dataset=DATASET, value="P00001")
    assert (read["state"], read["details"]) == ("missing", None)
    for guess in (bytes(32), bytes(range(32))):
        with pytest.raises(cipher.KeyUnusable):
            cipher.unwrap(wrapped, secret=guess, seal=runtime.seal)

    # A delivery does not stumble over the key that cannot be opened: the person gets another.
    assert (await people_exchange.fetch_about("P00001"))["subjects"] != first["subjects"]
    assert len(erasures) == 1


async def test_erasing_again_clears_what_an_old_copy_brought_back(people_exchange: PeopleExchange) -> None:
    await people_exchange.fetch_about("P00001")
    [old] = await people_exchange.run_sql("SELECT to_jsonb(t)::text AS row FROM subjects t")
    await people_exchange.erase(dataset=DATASET, value="P00001")
    insertion = "INSERT INTO subjects SELECT * FROM jsonb_populate_record(NULL::subjects, $1::jsonb)"
    await people_exchange.run_sql(insertion, old["row"])
    assert (await people_exchange.erase(dataset=DATASET, value="P00001")).json["outcome"] == "executed-before"
    assert await people_exchange.run_sql("SELECT FROM subjects") == []


async def test_a_hold_and_a_running_retention_refuse_and_say_so_on_the_ledger(people_exchange: PeopleExchange) -> None:
    await people_exchange.fetch_about("P00001")
    hold = await people_exchange.place_hold("P00001")
    assert hold.status == 201, hold.content
    placed = await people_exchange.entry_of(hold)
    assert placed["type"] == "hold.placed"
    refused = await people_exchange.erase(dataset=DATASET, value="P00001")
    assert (refused.status, refused.problem) == (409, "legal-hold")
    entry = await people_exchange.entry_of(refused)
    assert (entry["type"], entry["cause"]) == ("erasure.refused", "legal-hold")
    assert entry["object"] == placed["object"]
    security = people_exchange.keys["security"]
    assert len(await people_exchange.call_ok(security, "GET", "/api/v1/subjects/holds")) == 1
    lifted = await people_exchange.call_subjects(security, f"holds/{hold.json['id']}/lifting", {"reason": "结案"})
    assert (await people_exchange.entry_of(lifted))["type"] == "hold.lifted"
    assert (
        await people_exchange.call_subjects(security, f"holds/{hold.json['id']}/lifting", {"reason": "结案"})
    ).problem == "conflict"
    assert await people_exchange.call_ok(security, "GET", "/api/v1/subjects/holds") == []
    assert len(await people_exchange.call_ok(security, "GET", "/api/v1/subjects/holds?which=all")) == 1
    assert (await people_exchange.erase(dataset=DATASET, value="P00001")).json["outcome"] == "executed"
    assert await people_exchange.run_sql("SELECT FROM subject_holds") == []


async def test_the_retention_floor(settings: Settings) -> None:
    async with start_people(settings) as people_exchange:
        await people_exchange.fetch_about("P00001")
        refused = await people_exchange.erase(dataset=DATASET, value="P00001")
        assert (refused.status, refused.problem) == (409, "retention-running")
        entry = await people_exchange.entry_of(refused)
        assert (entry["cause"], entry["until"]) == ("retention", refused.json["until"])
        assert [detail["state"] for detail in await people_exchange.read_details(dataset=DATASET, value="P00001")] == [
            "sealed"
        ]


async def test_new_people_asked_for_at_once_get_a_key_each_and_one_bad_key_is_nobody_elses_affair(
    people_exchange: PeopleExchange,
) -> None:
    people = [f"P{n:05d}" for n in range(1, 21)]
    first = await asyncio.gather(*(people_exchange.fetch_about(person) for person in [*people, *people]))
    pseudonyms = {person: entry["subjects"][0] for person, entry in zip(people, first, strict=False)}
    assert len(set(pseudonyms.values())) == len(people)
    assert [entry["subjects"][0] for entry in first] == [*pseudonyms.values()] * 2
    entries = await people_exchange.read_entries()
    for entry, person in zip(first, [*people, *people], strict=True):
        [read] = await people_exchange.read_details(entry=entries.index(entry))
        assert read["details"]["value"] == person

    await people_exchange.run_sql("UPDATE subjects SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) "
                    "WHERE pseudonym = decode($1, 'hex')", pseudonyms["P00007"])  # fmt: skip
    people_exchange.runtime[Facts].forget(10**9)
    conditions = [{"field": "person_id", "op": "eq", "value": person} for person in people]
    answers = await asyncio.gather(*(people_exchange.fetch(condition) for condition in conditions))
    assert [
        condition["value"] for condition, answer in zip(conditions, answers, strict=True) if answer.status != 200
    ] == ["P00007"]


async def test_new_people_asked_for_at_once_fail_together_where_the_database_does(
    people_exchange: PeopleExchange,
) -> None:
    """All requests of one round fail with it, and none is tried again alone."""
    await people_exchange.fetch_about("P00300")
    [before] = await people_exchange.run_sql("SELECT last_value FROM subject_slots")
    conditions = [{"field": "person_id", "op": "eq", "value": f"P{n:05d}"} for n in range(1, 21)]
    await people_exchange.run_sql(
        "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE disk_full; END'"
    )
    await people_exchange.run_sql(
        "CREATE TRIGGER fails BEFORE INSERT ON subjects FOR EACH STATEMENT EXECUTE FUNCTION fails()"
    )
    try:
        answers = await asyncio.gather(*(people_exchange.fetch(condition) for condition in conditions))
    finally:
        await people_exchange.run_sql("DROP FUNCTION fails CASCADE")
    assert {(answer.status, answer.problem) for answer in answers} == {(503, "ledger-unavailable")}
    [after] = await people_exchange.run_sql("SELECT last_value FROM subject_slots")
    assert after["last_value"] - before["last_value"] == len(conditions)
    assert {
        condition.status
        for condition in await asyncio.gather(*(people_exchange.fetch(condition) for condition in conditions))
    } == {200}


async def test_at_once_with_each_other_and_with_deliveries(people_exchange: PeopleExchange) -> None:
    first = await people_exchange.fetch_about("P00001")
    deliveries = [people_exchange.fetch_about("P00001") for _ in range(12)]
    erased = [people_exchange.erase(dataset=DATASET, value="P00001") for _ in range(4)]
    mixed = [call for pair in zip(deliveries[:4], erased, strict=True) for call in pair] + deliveries[4:]
    answers = [answer.json for answer in await asyncio.gather(*mixed) if isinstance(answer, Answer)]
    executed = [answer for answer in answers if answer["outcome"] == "executed"]
    assert 1 <= len(executed) <= 4
    entries = await check_erasures_are_whole(people_exchange)
    assert first["subjects"][0] in {entry["object"]["id"] for entry in entries if entry["type"] == "erasure.executed"}
    assert [entry["type"] for entry in entries].count("erasure.executed") == len(executed)


async def test_nothing_of_a_person_is_in_the_tables(people_exchange: PeopleExchange) -> None:
    await people_exchange.fetch_about("P00001")
    await people_exchange.place_hold("P00001")
    for table in ("subjects", "ledger_sealed", "subject_holds", "ledger_entry"):
        for row in await people_exchange.run_sql(f"SELECT * FROM {table}"):
            for value in row.values():
                content = value if isinstance(value, bytes) else str(value).encode()
                assert b"P00001" not in content, table
    assert "P00001" not in json.dumps(await people_exchange.read_entries())
