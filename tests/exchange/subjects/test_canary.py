"""No value of a person gets onto the ledger or into a log, whichever step fails on the way."""

import io
import json
import logging
from collections.abc import Iterator

import asyncpg
import pytest

from exchange.kernel import logs
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from tests.support.exchanges.exchange import Exchange, Party

PEOPLE = [
    {"person_id": "330106199003078812", "name": "欧阳若兰", "phone": "13858001234", "score": "871.25"},
    {"person_id": "330106198811024436", "name": "诸葛明远", "phone": "13957105678", "score": "912.50"},
    {"person_id": "330106197507312218", "name": "司徒静姝", "phone": "15268809012", "score": "655.75"},
]
CANARIES = [value for person in PEOPLE for value in person.values()]
CSV = ("person_id,name,phone,score\n" + "".join(",".join(person.values()) + "\n" for person in PEOPLE)).encode()
FIRST = PEOPLE[0]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """All log output, through structlog and the standard library."""
    stream = io.StringIO()
    caplog.set_level(logging.DEBUG, logger="policies")
    yield stream
    stream.write(caplog.text)
    text = stream.getvalue()
    assert [value for value in CANARIES if value in text] == []
    logs.configure()


async def ask(
    exchange: Exchange, key: Party, question: object, *, purpose: str = "talent-service", **headers: str
) -> int:
    answer = await exchange.call(key.system, "POST", "/api/v1/deliveries", question, purpose=purpose, **headers)
    if answer.status != 200:
        assert [value for value in CANARIES if value in answer.content.decode()] == []
    return answer.status


async def test_nothing_personal_is_kept_of_anything(
    exchange: Exchange, embedded: Embedded, logged: io.StringIO
) -> None:
    logs.configure(stream=logged)
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    file = await exchange.register_file(owner, CSV)
    clear = await exchange.publish_dataset(owner, file, "clear")
    await exchange.conclude_agreement(consumer, owner, clear)
    masks = {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}, "person_id": {"kind": "hash"}}
    only = {"field": "phone", "op": "ne", "value": FIRST["phone"]}
    masked = await exchange.publish_dataset(owner, file, "masked", terms={"masks": masks, "row_filter": only})
    await exchange.conclude_agreement(consumer, owner, masked, row_filter={"field": "phone", "op": "ne", "value": "0"})

    # Allowed requests: pages and streams with filters on people's values, in both forms.
    by_name = {"field": "name", "op": "eq", "value": FIRST["name"]}
    assert await ask(exchange, consumer, {"dataset": "owner/clear", "filters": [by_name]}) == 200
    by_key = {"field": "person_id", "op": "in", "value": [person["person_id"] for person in PEOPLE]}
    assert await ask(exchange, consumer, {"dataset": "owner/clear", "filters": [by_key]}) == 200
    for accept in ("text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"):
        assert await ask(exchange, consumer, {"dataset": "owner/clear", "filters": [by_name]}, accept=accept) == 200
        assert await ask(exchange, consumer, {"dataset": "owner/clear", "filters": [by_key]}, accept=accept) == 200
        assert await ask(exchange, consumer, {"dataset": "owner/masked"}, accept=accept) == 200

    await details_are_used(exchange, consumer)

    # Refused requests have people's values wherever a client may put them by mistake.
    refused = [
        {"dataset": "owner/masked", "filters": [by_name]},
        {"dataset": "owner/clear", "filters": [{"field": "score", "op": "lt", "value": FIRST["name"]}]},
        {"dataset": "owner/clear", "filters": [{"field": "name", "op": FIRST["name"], "value": 1}]},
        {"dataset": "owner/clear", "cursor": FIRST["person_id"]},
        {"dataset": "owner/clear", "limit": FIRST["phone"]},
        {"dataset": f"owner/{FIRST['person_id']}"},
        {"dataset": FIRST["name"]},
    ]
    for question in refused:
        assert await ask(exchange, consumer, question) in {403, 404, 422}
    assert await ask(exchange, consumer, {"dataset": "owner/clear"}, purpose=FIRST["person_id"]) == 422
    broken = f'{{"dataset": "{FIRST["name"]}'.encode()
    assert await ask(exchange, consumer, broken) == 415  # not said to be JSON
    assert await ask(exchange, consumer, broken, content_type="application/json") == 400

    # Files that cannot be read, and a table that breaks on a person's value.
    new = {"organisation": owner.id, "source": {"kind": "file", "title": "x"}}
    unread = await exchange.call_ok(owner.steward, "POST", "/api/v1/sources", new)
    target = f"/api/v1/sources/{unread['id']}/content?filename=people.csv"
    for content in (CSV + b"one,too,few\n" + CSV, CSV.replace(b",", b'"', 1), b"PK\x03\x04" + CSV, b'{"a": "' + CSV):
        answer = await exchange.call(owner.steward, "PUT", target, content)
        assert [value for value in CANARIES if value in answer.content.decode()] == []
    await broken_table(exchange, embedded, owner, consumer)
    for accept in ("application/json", "text/csv"):
        assert await ask(exchange, consumer, {"dataset": "owner/broken"}, accept=accept) == 502

    logs.log().info("the log is read", exc_info=ValueError(FIRST["name"]))
    assert "the log is read" in logged.getvalue()
    bodies = json.dumps(await exchange.read_entries(), ensure_ascii=False)
    assert [value for value in CANARIES if value in bodies] == []
    await nothing_in_the_tables(exchange)


async def details_are_used(exchange: Exchange, consumer: Party) -> None:
    """Read, hold and erase sealed details of people; only the reading itself repeats their values."""
    person = {"dataset": "owner/clear", "value": FIRST["person_id"]}
    read = await exchange.call(exchange.keys["auditor"], "POST", "/api/v1/subjects/details", person)
    assert FIRST["person_id"] in read.content.decode()
    hold = {**person, "basis": "litigation", "reason": "复议"}
    placed = await exchange.call_ok(exchange.keys["security"], "POST", "/api/v1/subjects/holds", hold)
    erasure = {**person, "basis": "other-law"}
    for problem in ("legal-hold", "retention-running"):
        refused = await exchange.call(exchange.keys["operator"], "POST", "/api/v1/subjects/erasure", erasure)
        assert refused.problem == problem
        target = f"/api/v1/subjects/holds/{placed['id']}/lifting"
        if problem == "legal-hold":
            await exchange.call_ok(exchange.keys["security"], "POST", target, {"reason": "结案"})
    for wrong in (
        {**person, "value": FIRST["name"]},
        {**person, "field": FIRST["phone"]},
        {**person, "dataset": FIRST["phone"]},
    ):
        answer = await exchange.call(consumer.steward, "POST", "/api/v1/subjects/details", wrong)
        assert answer.status in {404, 422}
        assert [value for value in CANARIES if value in answer.content.decode()] == []


async def nothing_in_the_tables(exchange: Exchange) -> None:
    """Neither beside the entries, nor in the tree, nor where subjects are looked up."""
    async with exchange.runtime.database.pool.acquire() as connection:
        for table in ("ledger_entry", "ledger_tile", "ledger_sealed", "ledger_once", "subjects", "subject_holds"):
            rows = await connection.fetch(f"SELECT * FROM {table}")
            stored = b"".join(
                value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()
            )
            assert [value for value in CANARIES if value.encode() in stored] == [], table
            assert rows or table == "ledger_tile", table


async def broken_table(exchange: Exchange, embedded: Embedded, owner: Party, consumer: Party) -> None:
    """A view that could be read when it was registered, and whose error now repeats a person's value."""
    await embedded.create("canary")
    connection = await asyncpg.connect(**arguments(embedded.url("canary")))
    await connection.execute(
        "DO $$ BEGIN CREATE ROLE canary_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "CREATE OR REPLACE VIEW broken AS SELECT 1 AS person_id; GRANT SELECT ON broken TO canary_reader"
    )
    dsn = embedded.url("canary").replace("postgres:@", "canary_reader@")
    dataset = await exchange.publish_dataset(owner, await exchange.register_table(owner, dsn, "broken"), "broken")
    await exchange.conclude_agreement(consumer, owner, dataset)
    await connection.execute(
        f"CREATE OR REPLACE VIEW broken AS SELECT ('{FIRST['name']}' || generate_series(1, 3))::integer AS person_id"
    )
    await connection.close()
