"""Rows about people leave while their people consent: in points, pages and streams, of files and of tables."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from exchange.delivery.people import answered
from exchange.kernel.clock import SettableClock
from exchange.kernel.commitments import commitment
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from exchange.subjects import numbers
from exchange.subjects.identity import Identity, SubjectKey, scheme_of
from exchange.subjects.numbering.answers import PEOPLE, Shown, ShownPiece, entries_about, show
from exchange.subjects.numbering.sidecars import Sidecars
from ledger.format import people as pieces
from ledger.format.members import Commitment, is_in
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people
from tests.support.people.consenting import decide_ok, publish_notice
from tests.support.services.cluster import OWNER

NDJSON = "application/x-ndjson"
ABOUT = {"field": "person_id", "op": "eq"}
ASKING = {"consent": True}
TABLE = "consented"


async def make_table(embedded: Embedded) -> None:
    """A table with the rows of the tests' file of people, in the owner's database."""
    connection = await asyncpg.connect(**arguments(embedded.url(OWNER)))
    try:
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (person_id text PRIMARY KEY, name text, score integer); "
            f"INSERT INTO {TABLE} SELECT 'P' || lpad(n::text, 5, '0'), '陈' || n, n FROM generate_series(1, 300) n "
            f"ON CONFLICT DO NOTHING; GRANT SELECT ON {TABLE} TO reader"
        )
    finally:
        await connection.close()


@asynccontextmanager
async def start(settings: Settings, dsn: str | None, terms: dict[str, Any]) -> AsyncIterator[PeopleExchange]:
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with start_people(settings, clock=clock, dsn=dsn, table=TABLE, terms=terms) as people:
        yield people


@pytest.fixture(params=["file", "table"])
async def people(
    request: pytest.FixtureRequest, embedded: Embedded, empty_database: str, people_table: str, tmp_path: Any
) -> AsyncIterator[PeopleExchange]:
    """An exchange whose dataset leaves by consent alone, under one notice that covers all of it."""
    if request.param == "table":
        await make_table(embedded)
    settings = Settings(data=tmp_path, database_url=empty_database, checkpoint_interval=0.1, retention_days=0)
    async with start(settings, people_table if request.param == "table" else None, ASKING) as exchange:
        yield exchange


async def ids_of(people: PeopleExchange, **question: Any) -> list[str]:
    """The people of a page."""
    answer = await people.fetch(**question)
    assert answer.status == 200, answer.content.decode()
    return [row["person_id"] for row in answer.json["rows"]]


async def streamed(people: PeopleExchange) -> list[str]:
    """The people of a stream."""
    answer = await people.fetch(accept=NDJSON)
    assert answer.status == 200, answer.content.decode()
    return [json.loads(line)["person_id"] for line in answer.content.splitlines()]


async def closing(people: PeopleExchange) -> dict[str, Any]:
    """The newest entry at the end of a delivery."""
    return [body for body in await people.read_entries() if body["type"] == "delivery.completed"][-1]


async def give(people: PeopleExchange, *values: str, **notice: Any) -> dict[str, Any]:
    """Publish a notice to which these people consent."""
    published: dict[str, Any] = await publish_notice(people, people.owner, DATASET, "consumer", **notice)
    for value in values:
        await decide_ok(people, people.owner, published, value)
    return published


async def withdraw(people: PeopleExchange, notice: dict[str, Any], value: str) -> None:
    """Withdraw a consent that was given a second before."""
    people.runtime.clock.move(timedelta(seconds=1))  # type: ignore[attr-defined]
    await decide_ok(people, people.owner, notice, value, "withdrawn")


async def commitments(people: PeopleExchange) -> list[tuple[int, dict[str, Any]]]:
    """The entries that commit to people, with their indexes."""
    return [(index, body) for index, body in enumerate(await people.read_entries()) if "members" in body]


async def number_of(people: PeopleExchange, value: str) -> int | None:
    """A person's number."""
    lookup = Identity(scheme_of(UUID(people.owner.id), SubjectKey("person_id", "string")), value).lookup(
        people.runtime.seal
    )
    async with people.runtime.database.pool.acquire() as connection:
        return (await numbers.find(connection, [lookup])).get(lookup)


async def known_people(people: PeopleExchange) -> list[str]:
    """The first people of the source, in its order."""
    return [f"P{number:05d}" for number in range(1, 6)]


async def test_only_the_rows_of_who_consents_leave(people: PeopleExchange) -> None:
    first, second, third, *_ = await known_people(people)
    refused = await people.fetch()
    assert (refused.status, refused.problem) == (403, "consent-missing")
    notice = await give(people)
    assert await ids_of(people) == []
    assert await streamed(people) == []
    await decide_ok(people, people.owner, notice, first)
    await decide_ok(people, people.owner, notice, third)
    assert sorted(await ids_of(people)) == [first, third]
    await people.runtime[Sidecars].settled()
    assert sorted(await streamed(people)) == [first, third]
    await withdraw(people, notice, first)
    assert await ids_of(people) == [third]
    assert await streamed(people) == [third]
    assert second not in await streamed(people)


async def test_t12_a_consent_withdrawn_between_approval_and_delivery_denies_the_row_and_orders_its_deletion(
    people: PeopleExchange,
) -> None:
    """The agreement is approved already. Without any other consent, nothing at all is delivered."""
    first, *_ = await known_people(people)
    notice = await give(people, first)
    await withdraw(people, notice, first)
    assert await ids_of(people) == []
    assert await streamed(people) == []
    about = await people.fetch({**ABOUT, "value": first}, limit=1)
    assert about.json["rows"] == []
    [deletion] = await people.call_ok(people.consumer.steward, "GET", "/api/v1/deletions?state=ordered")
    assert (deletion["cause"], deletion["people"]) == ("withdrawn", 1)


async def test_a_person_without_consent_is_answered_as_one_nobody_knows(people: PeopleExchange) -> None:
    first, second, *_ = await known_people(people)
    await give(people, first)
    answers = {}
    for value in (first, second, "nobody"):
        answer = await people.fetch({**ABOUT, "value": value}, limit=1)
        body = answer.json
        del body["delivery"]
        answers[value] = (answer.status, body, {*answer.headers} - {"content-length"})
        entry = await people.entry_of(answer)
        assert entry["result"]["rows"] == len(body["rows"])
        assert entry["consents"] == [{"scope": entry["consents"][0]["scope"], "first": 0, "last": 0}]
        assert "withheld" in entry
        assert "members" not in entry, "its one person is named already"
    assert len(answers[first][1]["rows"]) == 1
    assert answers[second] == answers["nobody"]


async def test_questions_at_once_are_answered_each_for_its_own_person(people: PeopleExchange) -> None:
    """Look-ups of consent that share a statement give no question another one's people."""
    await give(people, *(f"P{n:05d}" for n in range(2, 21, 2)))
    asked = [f"P{n:05d}" for n in range(1, 21)]
    released = await asyncio.gather(*(ids_of(people, filters=[ABOUT | {"value": value}]) for value in asked))
    assert released == [[value] if int(value[1:]) % 2 == 0 else [] for value in asked]


async def test_pages_count_and_continue_over_who_consents(people: PeopleExchange) -> None:
    who = [f"P{number:05d}" for number in range(2, 40, 3)]
    await give(people, *who)
    pages: list[list[str]] = []
    cursor = None
    while True:
        answer = await people.fetch(limit=5, **({"cursor": cursor} if cursor else {}))
        pages.append([row["person_id"] for row in answer.json["rows"]])
        cursor = answer.json["next"]
        if cursor is None:
            break
    assert sorted(value for page in pages for value in page) == who
    assert [len(page) for page in pages] == [5, 5, 3]


async def test_the_row_cap_counts_what_is_released(people: PeopleExchange) -> None:
    who = [f"P{number:05d}" for number in range(100, 140)]
    await give(people, *who)
    document = {**people.dataset["document"], "terms": {**people.dataset["document"]["terms"], "row_cap": 7}}
    draft = {"source": people.dataset["source"], "handle": "people", "document": document}
    await people.call_ok(people.owner.steward, "PUT", f"/api/v1/datasets/{people.dataset['id']}/draft", draft)
    await people.call_ok(people.owner.steward, "POST", f"/api/v1/datasets/{people.dataset['id']}/publication")
    assert len(await streamed(people)) == 7
    await people.runtime[Sidecars].settled()
    assert len(await streamed(people)) == 7
    answer = await people.fetch()
    assert (len(answer.json["rows"]), answer.json["cut_by_row_cap"]) == (7, True)


def numbers_in(value: Any) -> set[int]:
    """Every number in a document, at any depth."""
    if isinstance(value, dict):
        return set[int]().union(*map(numbers_in, value.values()))
    if isinstance(value, list):
        return set[int]().union(*map(numbers_in, value))
    return {value} if isinstance(value, int) else set()


async def test_the_entry_states_epochs_and_commits_to_what_was_withheld(people: PeopleExchange) -> None:
    first, second, third, *_ = await known_people(people)
    notice = await give(people, first, second, third)
    await withdraw(people, notice, third)
    total = 300
    for _ in range(2):
        assert sorted(await streamed(people)) == [first, second]
        entry = await closing(people)
        [scope] = entry["consents"]
        assert (scope["first"], scope["last"]) == (1, 1)
        [row] = await people.run_sql("SELECT * FROM ledger_people ORDER BY seq DESC LIMIT 1")
        assert row["withheld"] == total - 2
        assert entry["result"]["rows"] == 2
        assert total - 2 not in numbers_in({**entry, "result": {}})
        await people.runtime[Sidecars].settled()
        key = people.runtime.seal.open(row["key"], name=PEOPLE)
        assert entry["withheld"] == commitment(total - 2, salt=answered.salt_of(key))


async def test_another_recipient_purpose_or_field_is_not_covered(people: PeopleExchange) -> None:
    first, *_ = await known_people(people)
    await give(people, first, fields=["person_id", "name"])
    assert (await people.fetch()).problem == "consent-missing"
    assert await ids_of(people, fields=["person_id"]) == [first]
    assert await ids_of(people, fields=["person_id", "name"]) == [first]
    hidden = await people.fetch({"field": "score", "op": "eq", "value": 1}, fields=["person_id"])
    assert hidden.problem == "consent-missing"
    explained = await people.call_ok(
        people.consumer.steward,
        "POST",
        "/api/v1/policy/explanations",
        {"system": people.consumer.system_id, "dataset": DATASET, "purpose": "talent-service", "fields": ["name"]},
    )
    assert explained["outcome"] == "allow"
    assert [each["kind"] for each in explained["obligations"] if each["sources"] == ["notices"]] == ["people"]


async def test_each_person_is_shown_to_be_in_an_answer_or_not(people: PeopleExchange) -> None:
    who = ["P00002", "P00007", "P00250"]
    await give(people, *who)
    assert sorted(await ids_of(people)) == who
    assert sorted(await streamed(people)) == who
    await people.runtime[Sidecars].settled()
    assert sorted(await streamed(people)) == who
    assert await ids_of(people, limit=1) in [[value] for value in who]
    async with people.runtime.database.pool.acquire() as connection:
        for index, entry in await commitments(people):
            made, present = Commitment.from_json(entry["members"]), set()
            for value in [*who, "P00001", "P00300"]:
                number = await number_of(people, value)
                if number is None:
                    continue
                shown = await show(connection, people.runtime.seal, entry=index, number=number)
                assert isinstance(shown, Shown)
                if is_in(shown.secret, made, shown.opening):
                    present.add(value)
            assert len(present) == entry["result"]["rows"]
            assert present <= {*who}


async def test_what_a_former_version_committed_to_is_shown_still(people: PeopleExchange) -> None:
    """A bitmap in pieces, as the column `size` says."""
    await give(people, "P00002")
    await ids_of(people)
    number = await number_of(people, "P00002")
    assert number is not None
    bits = answered.bitmap_of_few([number], newest=number + 600)
    size = 256
    made = pieces.commit(bits, key=bytes(32), size=size)
    sealed = people.runtime.seal.close(bytes(32), name=PEOPLE)
    await people.run_sql("INSERT INTO ledger_people VALUES (100000, $1, $2, 0, $3, $4)", sealed, size, len(bits), bits)
    async with people.runtime.database.pool.acquire() as connection:
        for other in (number, number + 1, number + size):
            shown = await show(connection, people.runtime.seal, entry=100_000, number=other)
            assert isinstance(shown, ShownPiece)
            assert pieces.is_in(other, made, shown.opening) is (other == number)
        beyond = await show(connection, people.runtime.seal, entry=100_000, number=1 << 30)
        assert isinstance(beyond, ShownPiece)
        assert beyond.opening is None


async def test_the_answers_about_a_person_are_found_and_shown(people: PeopleExchange) -> None:
    notice = await give(people, "P00002", "P00007")
    await ids_of(people)
    await withdraw(people, notice, "P00007")
    await streamed(people)
    expected = {"P00002": [0, 1], "P00007": [0]}
    entries = await people.read_entries()
    committed = [index for index, body in enumerate(entries) if body["type"] == "delivery.completed"]
    async with people.runtime.database.pool.acquire() as connection:
        for value, places in expected.items():
            number = await number_of(people, value)
            assert number is not None
            held = [index async for index in entries_about(connection, number)]
            assert held == [committed[place] for place in places]
            for index in committed:
                shown = await show(connection, people.runtime.seal, entry=index, number=number)
                assert isinstance(shown, Shown)
                made = Commitment.from_json(entries[index]["members"])
                assert is_in(shown.secret, made, shown.opening) is (index in held)
        assert await show(connection, people.runtime.seal, entry=0, number=0) is None


async def test_a_term_that_ends_ends_the_release(people: PeopleExchange) -> None:
    first, second, *_ = await known_people(people)
    await give(people, first, term_days=1)
    lasting = await give(people, second, term_days=30)
    assert sorted(await ids_of(people)) == sorted(await streamed(people)) == [first, second]
    people.runtime.clock.move(timedelta(days=2))  # type: ignore[attr-defined]
    assert await ids_of(people) == await streamed(people) == [second]
    await withdraw(people, lasting, second)
    assert await ids_of(people) == await streamed(people) == []


async def test_a_decision_by_consent_replays(people: PeopleExchange) -> None:
    await give(people, "P00001")
    answer = await people.fetch()
    target = f"/api/v1/audit/entries/{answer.headers['exchange-entry']}/replay"
    replayed = await people.call_ok(people.keys["auditor"], "GET", target)
    assert replayed["verdict"] == "agrees"


async def test_an_erased_person_is_released_no_more_and_leaves_the_sidecar(empty_database: str, tmp_path: Any) -> None:
    settings = Settings(data=tmp_path, database_url=empty_database, checkpoint_interval=0.1, retention_days=0)
    async with start(settings, None, ASKING) as people:
        await give(people, "P00001", "P00002")
        assert await streamed(people) == ["P00001", "P00002"]
        await people.runtime[Sidecars].settled()
        [path] = (tmp_path / "people").iterdir()
        before = path.read_bytes()
        erased = await people.erase(dataset=DATASET, value="P00001")
        assert erased.status == 200, erased.content.decode()
        assert await ids_of(people) == await streamed(people) == ["P00002"]
        assert path.read_bytes() == b"\xff" * 4 + before[4:]
