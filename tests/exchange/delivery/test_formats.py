"""The formats of one answer: a page, a stream, and the ledger's entries of both."""

import base64
import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator

import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.filled import start_filled

CSV = "person_id,name,city,degree\n" + "".join(
    f"P{number:06d},陈{number},{'杭州' if number % 2 else '宁波'},{'硕士' if number % 3 else '博士'}\n"
    for number in range(1, 5001)
)
STREAM = {"arrow": "application/vnd.apache.arrow.stream", "csv": "text/csv", "ndjson": "application/x-ndjson"}


@pytest.fixture
async def granted(settings: Settings) -> AsyncIterator[tuple[Exchange, Party]]:
    """A consumer with an agreement over education/degrees, ids hashed and rows of one city only."""
    async with start_filled(settings, fill) as granted:
        yield granted


@pytest.fixture
def exchange(granted: tuple[Exchange, Party]) -> Exchange:
    return granted[0]


@pytest.fixture
def consumer(granted: tuple[Exchange, Party]) -> Party:
    return granted[1]


async def fill(exchange: Exchange) -> tuple[Exchange, Party]:
    owner = await exchange.admit("education")
    consumer = await exchange.admit("platform", kind="institution", level="none")
    source = await exchange.register_file(owner, CSV.encode("gb18030"))
    terms = {
        "masks": {"person_id": {"kind": "hash"}, "name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
        "row_filter": {"field": "city", "op": "eq", "value": "杭州"},
    }
    dataset = await exchange.publish_dataset(owner, source, "degrees", terms=terms)
    await exchange.conclude_agreement(consumer, owner, dataset)
    return exchange, consumer


def rows_of(form: str, content: bytes) -> list[dict[str, object]]:
    if form == "arrow":
        return pa.ipc.open_stream(content).read_all().to_pylist()
    if form == "csv":
        text = {name: pa.string() for name in ("person_id", "name", "city", "degree")}
        options = pa_csv.ConvertOptions(column_types=text)
        return pa_csv.read_csv(io.BytesIO(content), convert_options=options).to_pylist()
    return [json.loads(line) for line in content.splitlines()]


async def ask(exchange: Exchange, party: Party, accept: str, **question: object) -> tuple[bytes, dict[str, str]]:
    answer = await exchange.call(
        party.system,
        "POST",
        "/api/v1/deliveries",
        {"dataset": "education/degrees", **question},
        purpose="talent-service",
        accept=accept,
    )
    assert answer.status == 200, answer.content.decode()
    return answer.content, dict(answer.headers)


@pytest.mark.parametrize("form", STREAM)
async def test_a_stream_is_on_the_ledger_before_and_after(exchange: Exchange, consumer: Party, form: str) -> None:
    content, headers = await ask(exchange, consumer, STREAM[form])

    rows = rows_of(form, content)
    assert len(rows) == 2500
    assert {row["city"] for row in rows} == {"杭州"}
    assert all(len(str(row["person_id"])) == 64 for row in rows)
    entries = await exchange.read_entries()
    started = int(headers["exchange-entry"])
    assert entries[started]["type"] == "delivery.started"
    record = await exchange.call_ok(consumer.system, "GET", f"/api/v1/deliveries/{headers['exchange-delivery']}")
    assert record["state"] == "completed"
    ended = entries[record["entry"]]
    assert (ended["type"], ended["started"]) == ("delivery.completed", started)
    digest = hashlib.sha256(content).digest()
    assert ended["result"]["content"] == digest.hex()
    assert record["content"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert (record["rows"], record["bytes"]) == (2500, len(content))


@pytest.mark.parametrize("form", STREAM)
async def test_a_page_has_the_same_records_in_every_format(exchange: Exchange, consumer: Party, form: str) -> None:
    page, _ = await ask(exchange, consumer, "application/json", limit=7)
    content, headers = await ask(exchange, consumer, STREAM[form], limit=7)

    assert rows_of(form, content) == json.loads(page)["rows"]
    entry = (await exchange.read_entries())[int(headers["exchange-entry"])]
    assert entry["type"] == "delivery.completed"
    assert entry["result"]["content"] == hashlib.sha256(content).hexdigest()


async def test_pages_follow_each_other_without_gaps_or_repeats(exchange: Exchange, consumer: Party) -> None:
    complete, _ = await ask(exchange, consumer, STREAM["ndjson"])
    rows: list[dict[str, object]] = []
    cursor: dict[str, str] = {}
    while True:
        page = json.loads((await ask(exchange, consumer, "application/json", limit=999, **cursor))[0])
        rows += page["rows"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert rows == rows_of("ndjson", complete)


AMOUNTS = ("8000.10", "1234567890123456.78", "0.05", "-3.00")


@pytest.fixture
async def granted_amounts(settings: Settings) -> AsyncIterator[tuple[Exchange, Party]]:
    """A consumer with an agreement over a file with amounts."""
    async with start_filled(settings, publish_amounts) as granted:
        yield granted


async def publish_amounts(exchange: Exchange) -> tuple[Exchange, Party]:
    owner = await exchange.admit("education")
    consumer = await exchange.admit("platform", kind="institution", level="none")
    content = "town,金额\n" + "".join(f"C{n},{amount}\n" for n, amount in enumerate(AMOUNTS))
    source = await exchange.register_file(owner, content.encode())
    dataset = await exchange.publish_dataset(owner, source, "degrees")
    assert [field["type"] for field in dataset["document"]["fields"]] == ["string", "decimal"]
    await exchange.conclude_agreement(consumer, owner, dataset)
    return exchange, consumer


@pytest.mark.parametrize("form", [*STREAM, "json"])
@pytest.mark.parametrize("limit", [None, 10])
async def test_money_from_a_file_is_delivered_to_the_last_digit(
    granted_amounts: tuple[Exchange, Party], form: str, limit: int | None
) -> None:
    """No double stands between the file and the answer: 1234567890123456.78 has more digits than one keeps."""
    exchange, consumer = granted_amounts
    question = {"limit": limit} if limit else {}
    answer, _ = await ask(exchange, consumer, STREAM.get(form, "application/json"), **question)

    if form == "csv":
        assert [row["金额"] for row in csv.DictReader(io.StringIO(answer.decode()))] == list(AMOUNTS)
    else:
        rows = json.loads(answer)["rows"] if form == "json" else rows_of(form, answer)
        assert [str(row["金额"]) for row in rows] == list(AMOUNTS)
        assert form == "arrow" or all(isinstance(row["金额"], str) for row in rows)
