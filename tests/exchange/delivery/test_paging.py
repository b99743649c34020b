"""Pages have no more rows than agreed, in an order that reveals no masked value, of one state of the data."""

import csv
import io
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Party
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.parties import Pair, admit_pair


def rows_of(numbers: range) -> bytes:
    """A file whose order is not that of its key."""
    lines = [f"K{n * 37 % 1000:04d},陈{n},C{n % 4}" for n in numbers]
    return "\n".join(["key,name,city", *lines]).encode()


@pytest.fixture
async def pair(settings: Settings) -> AsyncIterator[Pair]:
    async with start_filled(settings, admit_pair) as pair:
        yield pair


@pytest.fixture
def exchange(pair: Pair) -> Exchange:
    return pair.exchange


@pytest.fixture
def owner(pair: Pair) -> Party:
    return pair.owner


@pytest.fixture
def consumer(pair: Pair) -> Party:
    return pair.consumer


async def ask(exchange: Exchange, party: Party, *, purpose: str = "talent-service", **question: Any) -> Answer:
    document = {"dataset": "owner/people", **question}
    return await exchange.call(party.system, "POST", "/api/v1/deliveries", document, purpose=purpose)


async def test_a_page_says_whether_the_row_cap_cut_it(exchange: Exchange, owner: Party, consumer: Party) -> None:
    """Rows that the cap withholds are distinct from the end of the rows; a missing list of fields is not an empty one."""
    source = await exchange.register_file(owner, rows_of(range(6)))
    dataset = await exchange.publish_dataset(owner, source, "people", terms={"row_cap": 6})
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    assert (await ask(exchange, consumer)).json["cut_by_row_cap"] is False
    narrowing = {"row_cap": 4, "reason": "fewer rows"}
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/agreements/{agreement['id']}/narrowing", narrowing)
    begin = await ask(exchange, consumer, limit=3)
    end = await ask(exchange, consumer, limit=3, cursor=begin.json["next"])
    first, last = begin.json, end.json
    assert [(len(page["rows"]), page["cut_by_row_cap"]) for page in (first, last)] == [(3, False), (1, True)]
    assert [page.headers["exchange-cut-by-row-cap"] for page in (begin, end)] == ["?0", "?1"]
    assert '"exchange-cut-by-row-cap"' in end.headers["signature-input"], "the mark is signed"
    assert last["next"] is None

    refused = await ask(exchange, consumer, fields=[])
    assert (refused.problem, refused.json["errors"][0]["at"]) == ("request-invalid", "body/fields")


async def all_rows(exchange: Exchange, party: Party, **question: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await ask(exchange, party, **question, **cursor)
        assert answer.status == 200, answer.content.decode()
        rows += answer.json["rows"]
        if answer.json["next"] is None:
            assert "exchange-next" not in answer.headers
            return rows
        cursor = {"cursor": answer.json["next"]}


@pytest.mark.parametrize("kind", ["file", "table"])
async def test_pages_together_keep_to_the_row_cap(
    exchange: Exchange, people_table: str, owner: Party, consumer: Party, kind: str, subtests: pytest.Subtests
) -> None:
    if kind == "file":
        source = await exchange.register_file(owner, rows_of(range(400)))
    else:
        source = await exchange.register_table(owner, people_table, "people")
    await exchange.conclude_agreement(
        consumer, owner, await exchange.publish_dataset(owner, source, "people"), row_cap=250
    )

    key = source["description"]["key"][0]
    for limit in ({}, {"limit": 40}, {"limit": 125}, {"limit": 1000}):
        rows = await all_rows(exchange, consumer, **limit)
        with subtests.test(str(limit)):
            assert len(rows) == len({row[key] for row in rows}) == 250


@pytest.mark.parametrize("fields", [{}, {"fields": ["name"]}])
async def test_a_file_with_a_masked_key_comes_in_an_order_that_tells_nothing(
    exchange: Exchange, owner: Party, consumer: Party, fields: dict[str, Any]
) -> None:
    source = await exchange.register_file(owner, rows_of(range(400)))
    assert source["description"]["key"] == ["key"]
    dataset = await exchange.publish_dataset(owner, source, "people", terms={"masks": {"key": {"kind": "hash"}}})
    await exchange.conclude_agreement(consumer, owner, dataset)

    names = [row["name"] for row in await all_rows(exchange, consumer, limit=150, **fields)]
    in_file = [f"陈{n}" for n in range(400)]
    assert sorted(names) == sorted(in_file)
    by_key = sorted(in_file, key=lambda name: int(name[1:]) * 37 % 1000)
    for order in (in_file, by_key):
        assert sum(a == b for a, b in zip(names, order, strict=True)) < 40
    assert names == [row["name"] for row in await all_rows(exchange, consumer, limit=400, **fields)]


@pytest.mark.parametrize("kind", ["file", "table"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
async def test_rows_of_two_agreements_are_not_joined_by_their_position(
    exchange: Exchange, people_table: str, owner: Party, consumer: Party, kind: str, accept: str
) -> None:
    """One agreement has the key in the clear, others its hash: no position joins a pseudonym with a key."""
    if kind == "file":
        content = "person_id,name,city\n" + "".join(f"P{n:04d},陈{n},C{n % 4}\n" for n in range(200))
        source = await exchange.register_file(owner, content.encode())
    else:
        source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people")
    other = await exchange.admit("other", kind="institution", level="none")
    third = await exchange.admit("third", kind="institution", level="none")
    hashed = {"masks": {"person_id": {"kind": "hash"}}}
    for party, grant in ((consumer, {}), (other, hashed), (third, {"fields": ["name", "city"]})):
        await exchange.conclude_agreement(party, owner, dataset, **grant)
    names = []
    for party in (consumer, other, third):
        document = (
            {"dataset": "owner/people", "limit": 200} if accept == "application/json" else {"dataset": "owner/people"}
        )
        answer = await exchange.call(
            party.system, "POST", "/api/v1/deliveries", document, purpose="talent-service", accept=accept
        )
        assert answer.status == 200, answer.content.decode()
        if accept == "text/csv":
            names.append([row["name"] for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))])
        else:
            names.append([row["name"] for row in answer.json["rows"]])
    for first, second in itertools.combinations(names, 2):
        same = sum(a == b for a, b in zip(first, second, strict=True))
        assert same < len(first) / 8, f"{same} of {len(first)} rows fall together"


async def test_pages_of_a_file_have_its_order_as_its_streams_have(
    exchange: Exchange, owner: Party, consumer: Party
) -> None:
    await exchange.conclude_agreement(
        consumer,
        owner,
        await exchange.publish_dataset(owner, await exchange.register_file(owner, rows_of(range(400))), "people"),
    )
    expected = [line.split(",")[0] for line in rows_of(range(400)).decode().splitlines()[1:]]
    for fields in ({}, {"fields": ["key"]}):
        assert [row["key"] for row in await all_rows(exchange, consumer, limit=150, **fields)] == expected
    question = {"dataset": "owner/people", "fields": ["key"]}
    streamed = await exchange.call(
        consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service", accept="text/csv"
    )
    assert [line.strip('"') for line in streamed.content.decode().splitlines()[1:]] == expected


@pytest.mark.parametrize("withheld", [{"masks": {"person_id": {"kind": "hash"}}}, {"fields": ["name", "city"]}])
async def test_a_table_with_a_key_that_stays_hidden_is_not_paged_and_says_so(
    exchange: Exchange, people_table: str, owner: Party, consumer: Party, withheld: dict[str, Any]
) -> None:
    source = await exchange.register_table(owner, people_table, "people")
    await exchange.conclude_agreement(
        consumer, owner, await exchange.publish_dataset(owner, source, "people", terms=withheld)
    )

    page = await ask(exchange, consumer, limit=7)
    assert (len(page.json["rows"]), page.json["next"]) == (7, None)
    whole = await ask(exchange, consumer, filters=[{"field": "name", "op": "eq", "value": "人7"}])
    assert (len(whole.json["rows"]), whole.json["next"]) == (1, None)
    refused = await ask(exchange, consumer)
    assert (refused.problem, refused.json["errors"][0]["at"]) == ("request-invalid", "limit")
    assert (await exchange.read_entries())[refused.json["entry"]]["type"] == "delivery.refused"


async def test_a_cursor_ends_with_the_file_it_was_given_for(exchange: Exchange, owner: Party, consumer: Party) -> None:
    source = await exchange.register_file(owner, rows_of(range(400)))
    await exchange.conclude_agreement(consumer, owner, await exchange.publish_dataset(owner, source, "people"))
    cursor = (await ask(exchange, consumer, limit=100)).json["next"]
    assert (await ask(exchange, consumer, limit=100, cursor=cursor)).status == 200

    target = f"/api/v1/sources/{source['id']}/content?filename=data.csv"
    await exchange.call_ok(owner.steward, "PUT", target, rows_of(range(100, 500)))

    assert (await ask(exchange, consumer, limit=100, cursor=cursor)).problem == "cursor-invalid"
    assert (await ask(exchange, consumer, limit=100)).status == 200


async def test_an_old_agreement_for_the_purpose_is_found_behind_many_for_another(
    exchange: Exchange, owner: Party, consumer: Party
) -> None:
    source = await exchange.register_file(owner, rows_of(range(40)))
    dataset = await exchange.publish_dataset(owner, source, "people")
    wanted = await exchange.conclude_agreement(consumer, owner, dataset)
    for _ in range(11):
        application = await exchange.apply(consumer, dataset, purpose="statistics")
        await exchange.call_ok(owner.steward, "POST", f"/api/v1/applications/{application['id']}/approval", {})

    answer = await ask(exchange, consumer)
    assert (answer.status, answer.json["agreement"]) == (200, wanted["id"])
    assert (await ask(exchange, consumer, purpose="statistics")).status == 200


async def test_an_agreement_that_ends_while_the_source_is_read_permits_nothing(
    exchange: Exchange, embedded: Embedded, people_table: str, owner: Party, consumer: Party
) -> None:
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        "CREATE OR REPLACE VIEW slow AS SELECT 1 AS id, pg_sleep(2)::text AS waited; GRANT SELECT ON slow TO reader"
    )
    await connection.close()
    source = await exchange.register_table(owner, people_table, "slow")
    dataset = await exchange.publish_dataset(owner, source, "people")
    application = await exchange.apply(consumer, dataset)
    until = (exchange.now + timedelta(seconds=1.5)).isoformat()
    target = f"/api/v1/applications/{application['id']}/approval"
    await exchange.call_ok(owner.steward, "POST", target, {"not_after": until})

    refused = await ask(exchange, consumer, limit=1)
    assert refused.problem == "agreement-expired"
    assert "delivery.completed" not in {entry["type"] for entry in await exchange.read_entries()}
