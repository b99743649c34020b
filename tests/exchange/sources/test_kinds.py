"""A kind of source is one object: an exchange takes a new one without an edit, and old rows of each kind stay readable."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
import pytest
from pydantic import TypeAdapter, ValidationError

from adapters.files.kind import FILE
from adapters.kind import Config, Kind
from adapters.postgresql.kind import POSTGRESQL
from adapters.registry import KINDS
from exchange.app import create_app
from exchange.kernel.database import arguments
from exchange.settings import Settings
from exchange.sources.models import Source
from exchange.sources.schemas import new_source_model
from ledger.entries import SourceRegistered
from tests.support.exchanges.exchange import Answer, Exchange, Party
from tests.support.exchanges.starting import restart_exchange, start_exchange
from tests.support.memory_kind import memory_kind

PEOPLE = [{"person_id": f"P{number}", "city": city} for number, city in enumerate(("杭州", "宁波", "温州"))]
PASSWORD = "canary-5512"
MEMORY = memory_kind({"people": PEOPLE}, password=PASSWORD)
WITH_MEMORY = {**KINDS, MEMORY.name: MEMORY}
TABLE = {"kind": "in-memory", "title": "people", "table": "people", "password": PASSWORD}


@asynccontextmanager
async def start_with_memory(settings: Settings) -> AsyncIterator[tuple[Exchange, Party]]:
    async with start_exchange(settings, kinds=WITH_MEMORY) as exchange:
        yield exchange, await exchange.admit("owner")


async def register(exchange: Exchange, owner: Party, source: Mapping[str, Any]) -> Answer:
    return await exchange.call(
        owner.steward, "POST", "/api/v1/sources", {"organisation": owner.id, "source": dict(source)}
    )


async def publish_to_consumer(exchange: Exchange, owner: Party, source: dict[str, Any]) -> Party:
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    dataset = await exchange.publish_dataset(owner, source, "people")
    await exchange.conclude_agreement(consumer, owner, dataset)
    return consumer


async def fetch(exchange: Exchange, consumer: Party) -> Answer:
    request = {"dataset": "owner/people", "limit": 2}
    return await exchange.call(consumer.system, "POST", "/api/v1/deliveries", request, purpose="talent-service")


async def test_a_new_kind_is_registered_published_and_delivered(settings: Settings) -> None:
    async with start_with_memory(settings) as (exchange, owner):
        registered = await register(exchange, owner, TABLE)
        assert registered.status == 201, registered.content
        source = registered.json
        assert (source["kind"], source["state"], source["rows"]) == ("in-memory", "ready", 3)
        consumer = await publish_to_consumer(exchange, owner, source)
        delivered = (await fetch(exchange, consumer)).json
        assert delivered["rows"] == PEOPLE[:2]
        entries = await exchange.read_entries()
        assert [entry["source_kind"] for entry in entries if entry["type"] == "source.registered"] == ["in-memory"]
        async with exchange.runtime.database.pool.acquire() as connection:
            row = await connection.fetchrow("SELECT config, secret::text, t::text AS whole FROM sources t")
        assert json.loads(row["config"]) == {"table": "people"}
        assert PASSWORD not in row["whole"]
    async with restart_exchange(settings, kinds=WITH_MEMORY) as exchange:
        assert (await fetch(exchange, consumer)).json["rows"] == PEOPLE[:2]


async def test_a_new_kinds_refusals_are_the_kinds(settings: Settings) -> None:
    async with start_with_memory(settings) as (exchange, owner):
        wrong = await register(exchange, owner, {**TABLE, "password": "guess"})
        assert (wrong.problem, wrong.json["code"]) == ("source-unusable", "source-denied")
        unknown = await register(exchange, owner, {**TABLE, "schema": "public"})
        assert unknown.problem == "request-invalid"
        assert [error["at"] for error in unknown.json["errors"]] == ["body/source/in-memory/schema"]
        source = (await register(exchange, owner, TABLE)).json
        content = await exchange.call(owner.steward, "PUT", f"/api/v1/sources/{source['id']}/content", b"a\n1\n")
        assert content.problem == "conflict"


async def test_a_kind_that_this_exchange_lacks_fails_its_sources_alone(settings: Settings) -> None:
    """A return to an older version, for instance, loses a kind."""
    async with start_with_memory(settings) as (exchange, owner):
        consumer = await publish_to_consumer(exchange, owner, (await register(exchange, owner, TABLE)).json)
    async with restart_exchange(settings) as exchange:
        listed = await exchange.call_ok(owner.steward, "GET", "/api/v1/sources")
        assert [source["kind"] for source in listed] == ["in-memory"]
        delivery = await fetch(exchange, consumer)
        assert (delivery.problem, delivery.json["code"]) == ("source-failed", "source-failed")
        content = await exchange.call(owner.steward, "PUT", f"/api/v1/sources/{listed[0]['id']}/content", b"a\n1\n")
        assert content.problem == "conflict"
        withdrawal = f"/api/v1/sources/{listed[0]['id']}/withdrawal"
        assert (await exchange.call(owner.steward, "POST", withdrawal)).problem == "conflict"  # the dataset goes first


def test_the_document_of_the_api_follows_from_the_kinds() -> None:
    schemas = create_app(Settings(), kinds=WITH_MEMORY).openapi()["components"]["schemas"]
    assert schemas["SourceOut"]["properties"]["kind"]["enum"] == list(WITH_MEMORY)
    source = schemas["NewSource"]["properties"]["source"]
    assert source["discriminator"]["mapping"].keys() == WITH_MEMORY.keys()
    assert schemas["InMemorySource"]["required"] == ["kind", "title", "table", "password"]
    assert schemas["InMemorySource"]["description"] == "A table in the memory of a test."


def test_a_kind_may_not_hide_what_every_source_has() -> None:
    class Titled(Config):
        title: str

    kind: Kind[Any] = Kind(name="titled", config=Titled, open=MEMORY.open)
    with pytest.raises(ValueError, match="titled has fields of every source: title"):
        new_source_model({**KINDS, "titled": kind})


def test_every_kinds_name_fits_the_ledger_and_the_table() -> None:
    column: Any = Source.__table__.c.kind.type
    assert max(map(len, KINDS)) <= column.length
    name: Any = SourceRegistered.model_fields["source_kind"]
    adapter: TypeAdapter[str] = TypeAdapter(Annotated[str, name])
    assert [adapter.validate_python(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(ValidationError):
        adapter.validate_python("In Memory")


OLD_ROWS = [
    (FILE, {"options": {"sheet": "2025", "missing": ["-"], "types": {"a": "string"}}}),
    (FILE, {"options": {}}),
    (POSTGRESQL, {"schema": "public", "table": "people"}),
]
"""The config that version 0.1 stored."""


@pytest.mark.parametrize(("kind", "config"), OLD_ROWS)
def test_a_config_is_stored_as_before(kind: Kind[Any], config: dict[str, Any]) -> None:
    secret = "postgresql://u@h/d" if kind.secret else None
    assert kind.store(kind.restore(config, secret)) == (config, secret)


async def test_a_tab_stays_a_delimiter(exchange: Exchange) -> None:
    owner = await exchange.admit("owner")
    source = {"kind": "file", "title": "t", "options": {"delimiter": "\t"}}
    registered = await register(exchange, owner, source)
    target = f"/api/v1/sources/{registered.json['id']}/content"
    uploaded = await exchange.call_ok(owner.steward, "PUT", target, b"a;b\tc\n1;2\t3\n")
    assert [field["name"] for field in uploaded["description"]["fields"]] == ["a;b", "c"]


async def test_rows_of_the_version_before_are_still_read(
    exchange: Exchange, database_url: str, people_table: str
) -> None:
    owner = await exchange.admit("owner")
    table = await exchange.register_table(owner, people_table, "people")
    file = await exchange.register_file(owner, b"person_id;city\nP1;-\n")
    connection = await asyncpg.connect(**arguments(database_url))
    update = "UPDATE sources SET config = $2 WHERE id = $1"
    await connection.execute(update, table["id"], '{"schema": "public", "table": "people"}')
    await connection.execute(update, file["id"], '{"options": {"missing": ["-"], "delimiter": ";"}}')
    await connection.close()
    content = b"person_id;city\nP1;-\nP2;x\n"
    uploaded = await exchange.call_ok(owner.steward, "PUT", f"/api/v1/sources/{file['id']}/content", content)
    assert [field["name"] for field in uploaded["description"]["fields"]] == ["person_id", "city"]
    assert [field["nullable"] for field in uploaded["description"]["fields"]] == [False, True]
    consumer = await publish_to_consumer(exchange, owner, table)
    assert len((await fetch(exchange, consumer)).json["rows"]) == 2
