"""Loading decisions from a file: whole or not at all, each row once, resumed after a kill, with nobody's identifier kept."""

import hashlib
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.plan.condition import PlanError
from exchange.consents import queries as consents
from exchange.consents.loading import queries, reading, tasks
from exchange.consents.loading.merging import Load, merge
from exchange.consents.loading.reading import Reader, Rules
from exchange.consents.loading.service import look_up_of
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.loops import Loops
from exchange.kernel.problems import RequestMalformed
from exchange.settings import Settings
from exchange.subjects.identity import SubjectKey
from exchange.subjects.numbers import Lookups
from ledger.format import merkle
from tests.support.exchanges.exchange import Answer
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people
from tests.support.people.consenting import ago, decide, decide_ok, publish_notice

PROOF = "cd" * 32
HEAD = "person,decision,at,method,proof\n"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
RULES = Rules(
    since=NOW - timedelta(days=900), now=NOW, term=timedelta(days=730), is_written=False, is_for_children=False
)


def keep(_row: int, text: str) -> bytes:
    return text.encode()


@pytest.fixture
async def people(settings: Settings) -> AsyncIterator[PeopleExchange]:
    async with start_people(settings) as people:
        yield people


def line(person: str, decision: str = "given", at: str = "2026-05-01T00:00:00Z") -> str:
    return f"{person},{decision},{at},paper-signature,{PROOF}\n"


async def load(people: PeopleExchange, notice: dict[str, Any], text: str, file_format: str = "csv") -> Answer:
    target = f"/api/v1/consent-notices/{notice['id']}/decisions?format={file_format}"
    return await people.call(people.owner.steward, "PUT", target, text.encode())


async def merged(people: PeopleExchange, answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.content.decode()
    await people.runtime[Loops][tasks.MERGING].tick()
    row: dict[str, Any] = await people.call_ok(
        people.owner.steward, "GET", f"/api/v1/consent-loads/{answer.json['id']}"
    )
    assert row["state"] == "merged"
    return row


async def deliverable(people: PeopleExchange) -> int:
    async with people.runtime.database.pool.acquire() as connection:
        scope = await connection.fetchval("SELECT max(scope) FROM consent_scopes")
        return sum(octet.bit_count() for octet in await consents.bitmap_of(connection, scope=scope, now=people.now))


async def test_a_file_of_decisions_becomes_records(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    rows = [line(f"P{n:05d}", "refused" if n % 10 == 0 else "given") for n in range(1, 2501)]
    text = HEAD + "".join(rows)
    answer = await load(people, notice, text)
    received = answer.json
    assert (received["rows"], received["staged"], received["bad"]) == (2500, 2500, 0)
    row = await merged(people, answer)
    assert (row["given"], row["refused"], row["repeated"]) == (2250, 250, 0)
    assert await deliverable(people) == 2250
    counts = (await people.call_ok(people.owner.steward, "GET", f"/api/v1/consent-notices/{notice['id']}"))["counts"]
    assert counts == {"given": 2250, "refused": 250}
    entry = await people.entry_of(answer)
    assert (entry["type"], entry["count"], entry["bad"]) == ("consents.loaded", 2500, 0)
    assert (entry["content"], entry["root"]) == (hashlib.sha256(text.encode()).hexdigest(), row["root"])
    assert "request" in entry, "the owner's signature is the evidence of the load"
    async with people.runtime.database.pool.acquire() as connection:
        pieces = await queries.pieces(connection, UUID(row["id"]))
    leaves = [piece[start : start + 32] for piece in pieces for start in range(0, len(piece), 32)]
    assert merkle.root(leaves).hex() == row["root"]
    assert await people.run_sql("SELECT FROM consent_staging") == []


async def test_the_same_file_again_changes_nothing(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    text = HEAD + line("P00001") + line("P00002")
    first = await merged(people, await load(people, notice, text))
    size = len(await people.read_entries())
    assert (await merged(people, await load(people, notice, text))) == first
    assert len(await people.read_entries()) == size
    other = await merged(people, await load(people, notice, text + line("P00003")))
    assert (other["given"], other["repeated"]) == (1, 2)


async def test_bad_rows_are_reported_by_number_and_never_with_their_values(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    secret = "330106199003078812"
    bad = [
        f"{secret},maybe,2026-05-01T00:00:00Z,window,{PROOF}\n",
        f"{secret},given,yesterday,window,{PROOF}\n",
        f"{secret},given,2026-05-01T00:00:00,window,{PROOF}\n",
        f"{secret},given,2999-05-01T00:00:00Z,window,{PROOF}\n",
        f"{secret},given,2026-05-01T00:00:00Z,window,\n",
        f"{secret},given,2026-05-01T00:00:00Z,telepathy,{PROOF}\n",
        f"{secret},given,2026-05-01T00:00:00Z,window,abc\n",
        f",given,2026-05-01T00:00:00Z,window,{PROOF}\n",
        f"{secret},given\n",
        f"{secret},given,2019-05-01T00:00:00Z,window,{PROOF}\n",
        f"{secret},withdrawn,2026-05-01T00:00:00Z,window,\n",
    ]
    answer = await load(people, notice, HEAD + line("P00001") + "".join(bad) + line("P00002"))
    row = await merged(people, answer)
    assert (row["rows"], row["staged"], row["bad"], row["given"]) == (len(bad) + 2, 2, len(bad), 2)
    assert [bad_row["row"] for bad_row in row["bad_rows"]] == list(range(2, len(bad) + 2))
    assert len({bad_row["reason"] for bad_row in row["bad_rows"]}) == 11
    assert secret not in answer.content.decode() + json.dumps(row)


async def test_decisions_in_a_file_obey_the_lifecycle(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    await decide_ok(people, people.owner, notice, "P00001", at=ago(people, days=300))  # renewed by the file
    await decide_ok(people, people.owner, notice, "P00002", at=ago(people, days=400))
    await decide_ok(
        people, people.owner, notice, "P00002", "withdrawn", at=ago(people, seconds=9)
    )  # newer than the file
    await decide_ok(people, people.owner, notice, "P00003", at=ago(people, days=300))  # the file has a refusal
    request = {"notice": notice["id"], "value": "P00004"}
    asked = await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/requests", request)
    at = ago(people, days=100).isoformat()
    rows = [("P00001", "given"), ("P00002", "given"), ("P00003", "refused"), ("P00004", "given"), ("P00005", "given")]
    file = HEAD + "".join(line(person, decision, at) for person, decision in rows)
    file += line("P00005", "refused", ago(people, days=99).isoformat())
    row = await merged(people, await load(people, notice, file))
    counts = {name: row[name] for name in queries.OUTCOMES}
    expected = dict.fromkeys(queries.OUTCOMES, 1)
    assert counts == expected | {"withdrawn": 0}
    assert await deliverable(people) == 3  # 1, 3 and 4
    answer = await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/search", request)
    assert [(record["id"], record["state"]) for record in answer] == [(asked["id"], "given")]


async def test_a_loaded_consent_is_renewed_and_withdrawn_like_any_other(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    await merged(people, await load(people, notice, HEAD + line("P00001", at=ago(people, days=9).isoformat())))
    await merged(people, await load(people, notice, HEAD + line("P00001", at=ago(people, days=8).isoformat())))
    [record] = await people.call_ok(people.owner.steward, "GET", "/api/v1/consents")
    assert record["state"] == "renewed"
    [first] = await people.run_sql("SELECT statement::text AS statement FROM consent_events")
    assert json.loads(first["statement"])["state"] == "given", "what a load changes is kept"
    withdrawn = await decide_ok(people, people.owner, notice, "P00001", "withdrawn")
    assert (withdrawn["id"], withdrawn["state"]) == (record["id"], "withdrawn")
    assert await deliverable(people) == 0


async def test_a_killed_merge_goes_on_where_it_was(people: PeopleExchange) -> None:
    """A process is killed between two batches, or inside one, which then leaves nothing."""
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    text = HEAD + "".join(line(f"P{n:05d}") for n in range(1, 301))
    loops = people.runtime[Loops]
    await loops[tasks.MERGING].stop()
    answer = await load(people, notice, text)
    identifier = UUID(answer.json["id"])
    async with people.runtime.database.pool.acquire() as connection:
        [(_, rows, reached, scope, term)] = await queries.waiting(connection)
    assert (rows, reached) == (300, 0)
    one = Load(identifier, scope, timedelta(days=term))
    await merge(people.runtime, one, begin=0, end=100)
    await merge(people.runtime, one, begin=0, end=100)  # another leader, late
    async with people.runtime.database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        epoch, reached = await queries.lock(connection, identifier, scope)
        assert reached == 100
        common: dict[str, Any] = {"scope": scope, "epoch": epoch, "term": one.term, "now": people.now}
        await queries.merge_batch(connection, identifier, begin=100, end=200, **common)
        await transaction.rollback()
    assert await deliverable(people) == 100
    loops[tasks.MERGING].start(lambda: None)
    row = await merged(people, answer)
    assert (row["given"], row["repeated"], row["outdated"]) == (300, 0, 0)
    assert await deliverable(people) == 300


async def test_a_file_that_does_not_come_whole_leaves_nothing(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    target = f"/api/v1/consent-notices/{notice['id']}/decisions?format=csv"
    body = (HEAD + line("P00001")).encode()
    headers = people.sign(people.owner.steward, "PUT", target, body=body)
    answer = await people.send("PUT", target, headers, body + line("P00002").encode())
    assert answer.problem == "digest-mismatch"
    for text in ("", HEAD, "name\nx\n", HEAD + "x" * 70_000):
        assert (await load(people, notice, text)).problem == "request-malformed"
    for table in ("consent_loads", "consent_staging", "consent_load_pieces", "consent_load_rejects", "consents"):
        assert await people.run_sql(f"SELECT FROM {table}") == []


async def test_json_lines_are_read_too(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    row = {
        "person": "P00001",
        "decision": "given",
        "at": "2026-05-01T08:00:00+08:00",
        "method": "window",
        "proof": PROOF,
    }
    text = "\n".join([json.dumps(row), "", "[1]", "{", json.dumps(row | {"person": 7})])
    load_row = await merged(people, await load(people, notice, text, "ndjson"))
    assert (load_row["rows"], load_row["bad"], load_row["given"]) == (4, 3, 1)


async def test_written_notices_and_children_are_checked_row_by_row(people: PeopleExchange) -> None:
    written = await publish_notice(people, people.owner, DATASET, "consumer", written=True)
    text = HEAD + line("P00001") + line("P00002").replace("paper-signature", "window")
    assert (await merged(people, await load(people, written, text)))["bad"] == 1
    rules = {"children_rules": "专门规则", "necessity_and_impact": "必要性与影响"}
    children = await publish_notice(people, people.owner, DATASET, "consumer", **rules)
    row = await merged(people, await load(people, children, HEAD + line("P00001") + line("P00002", "refused")))
    assert (row["bad"], row["refused"]) == (1, 1)
    assert "PIPL 31" in row["bad_rows"][0]["reason"]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_a_file_is_read_alike_however_it_arrives(size: int) -> None:
    text = HEAD + "".join(line(f"张{n}", at=f"2026-05-{n % 28 + 1:02d}T00:00:00+08:00") for n in range(1, 300))
    reader, whole = (
        Reader("csv", RULES, lambda value: hashlib.sha256(value.encode()).digest(), keep) for _ in range(2)
    )
    stream, rows = io.BytesIO(text.encode()), []
    while chunk := stream.read(size):
        rows += reader.feed(chunk)
    rows += reader.end()
    assert rows == [*whole.feed(text.encode()), *whole.end()]
    assert (
        reader.tree.root() == whole.tree.root() == merkle.root(merkle.leaf_hash(reading.leaf_of(row)) for row in rows)
    )


@pytest.mark.parametrize("value", ["--5", "9" * 5_000, "-", "5.0"])
def test_what_is_no_whole_number_is_a_bad_row_of_a_field_of_whole_numbers(value: str) -> None:
    of = look_up_of(Lookups(Seal(bytes(32)), "owner/number"), SubjectKey("number", "integer"))
    with pytest.raises(PlanError):
        of(value)
    assert len(of("5")) == 32


def test_a_quote_that_nothing_closes_is_no_file_of_decisions() -> None:
    reader = Reader("csv", RULES, lambda value: hashlib.sha256(value.encode()).digest(), lambda _row, _text: b"")
    with pytest.raises(RequestMalformed):
        reader.feed(b'person,decision,at\n"' + b"x" * 200_000 + b"\n")


async def test_a_withdrawal_is_not_undone_by_an_old_file(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    text = HEAD + line("P00001", at=ago(people, days=9).isoformat())
    await merged(people, await load(people, notice, text))
    await decide(people, people.owner, notice, "P00001", "withdrawn", at=ago(people, days=1))
    late = text + line("P00001", at=ago(people, days=5).isoformat())
    row = await merged(people, await load(people, notice, late))
    assert (row["given"], row["outdated"]) == (0, 1)
    assert await deliverable(people) == 0
