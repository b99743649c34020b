"""Sources are refused in the exchange's own database, and on servers that the operator did not list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from pydantic import ValidationError

from adapters.contract import SourceError
from adapters.network import resolve
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.address import read_address
from adapters.postgresql.source import PgSource
from exchange.app import create_app
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from exchange.sources.reach import Reach
from tests.support.exchanges.exchange import Answer, Exchange, Party
from tests.support.exchanges.starting import start_exchange

OWN = "postgresql://exchange:x@192.0.2.7:5433/exchange"
SOCKET_OWN = "postgresql://exchange:x@/exchange?host=/run/own"
PUBLIC = {"environment": "production", "public_url": "https://exchange.example.org"}


@asynccontextmanager
async def start_with_owner(settings: Settings, **changes: object) -> AsyncIterator[tuple[Exchange, Party]]:
    async with start_exchange(settings.model_copy(update=changes)) as exchange:
        yield exchange, await exchange.admit("owner")


async def register(exchange: Exchange, owner: Party, dsn: str, table: str = "people") -> Answer:
    source = {"kind": "postgresql", "title": "t", "dsn": dsn, "table": table}
    document = {"organisation": owner.id, "source": source}
    return await exchange.call(owner.steward, "POST", "/api/v1/sources", document)


def problem_and_code(answer: Answer) -> tuple[str, str]:
    return answer.problem, answer.json["code"]


async def test_the_exchanges_own_database_is_never_a_source(
    settings: Settings, embedded: Embedded, database_url: str, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(embedded.socket)
    addresses = [database_url, database_url.replace("postgres:@", "exchange_app@"), f"{database_url}&port=5432"]
    addresses.append(f"postgresql://postgres@/exchange_test?host={link}")
    async with start_with_owner(settings, source_hosts=(embedded.socket, str(link))) as (exchange, owner):
        for dsn in addresses:
            answer = await register(exchange, owner, dsn, "ledger_entry")
            assert problem_and_code(answer) == ("source-unusable", "host-not-allowed")
            assert embedded.socket not in answer.content.decode()


async def test_the_server_of_the_exchanges_own_database_has_to_be_listed(settings: Settings, people_table: str) -> None:
    async with start_with_owner(settings, source_hosts=()) as (exchange, owner):
        assert problem_and_code(await register(exchange, owner, people_table)) == (
            "source-unusable",
            "host-not-allowed",
        )


async def test_a_database_with_a_ledger_is_refused_at_any_address(embedded: Embedded, database_url: str) -> None:
    """Its address may be unknown: that of a forwarded port looks like another server's."""
    reach = Reach([embedded.socket], own=[OWN], in_production=False)
    adapter = PostgresAdapter(PgSource(database_url, "organisations", gate=reach.gate()))
    with pytest.raises(SourceError, match="no source"):
        await adapter.describe()
    await adapter.close()


async def test_a_shortened_list_applies_to_registered_sources(settings: Settings, people_table: str) -> None:
    async with start_with_owner(settings) as (exchange, owner):
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        people = await exchange.publish_dataset(
            owner, await exchange.register_table(owner, people_table, "people"), "people"
        )
        await exchange.conclude_agreement(consumer, owner, people)
        request = {"dataset": "owner/people", "limit": 1}
        target, key = "/api/v1/deliveries", consumer.system
        assert (await exchange.call(key, "POST", target, request, purpose="talent-service")).status == 200
        app = create_app(settings.model_copy(update={"source_hosts": ("none",)}))
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=exchange.url) as client,
        ):
            stricter = Exchange(app, client, exchange.keys, url=exchange.url)
            answer = await stricter.call(key, "POST", target, request, purpose="talent-service")
    assert answer.status >= 400
    assert answer.json["code"] == "host-not-allowed"


ADMITTED = [
    # (listed, in production, address, addresses of its host)
    ((), False, "u@db.example.org/d", ["93.184.216.34"]),
    ((), False, "u@localhost/d", ["127.0.0.1"]),
    (("db.example.org",), True, "u@DB.example.org./d", ["93.184.216.34"]),
    (("db.internal", "10.2.0.0/16"), True, "u@db.internal/d", ["10.2.3.4"]),
    (("10.2.0.0/16",), True, "u@10.2.3.4/d", ["10.2.3.4"]),
    (("127.0.0.1",), True, "u@127.0.0.1/d", ["127.0.0.1"]),
    (("/run/owner",), True, "u@/d?host=/run/owner", []),
    (("/run/own",), True, "u@/d?host=/run/own", []),
    (("192.0.2.7",), False, "u@192.0.2.7:5433/d", ["192.0.2.7"]),
    ((), False, "u@192.0.2.7:5432/exchange", ["192.0.2.7"]),
]
REFUSED = [
    (("db.example.org",), False, "u@evil.example.org/d", ["93.184.216.34"]),
    (("db.example.org",), False, "u@93.184.216.34/d", ["93.184.216.34"]),
    (("none",), False, "u@none/d", ["93.184.216.34"]),
    (("db.example.org",), True, "u@db.example.org/d", ["10.0.0.1"]),
    (("db.example.org",), True, "u@db.example.org/d", ["93.184.216.34", "127.0.0.1"]),
    (("db.example.org",), True, "u@db.example.org/d", ["169.254.169.254"]),
    (("db.example.org",), True, "u@db.example.org/d", ["::1"]),
    (("db.example.org",), True, "u@db.example.org/d", ["fd00::1"]),
    (("db.example.org",), True, "u@db.example.org/d", ["64:ff9b::a00:1"]),
    (("10.2.0.0/16",), False, "u@db.internal/d", ["10.2.3.4", "10.3.0.1"]),
    ((), False, "u@/d?host=/run/owner", []),
    ((), False, "u@/d?host=/run/own", []),
    (("/run/own",), False, "u@/exchange?host=/run/own", []),
    (("/run",), False, "u@/d?host=/run/own", []),
    ((), False, "u@192.0.2.7:5433/d", ["192.0.2.7"]),
    ((), False, "u@db.example.org:5433/d", ["192.0.2.7"]),
    (("192.0.2.7",), False, "u@192.0.2.7:5433/exchange", ["192.0.2.7"]),
    (("db.example.org",), False, "u@db.example.org:5433/exchange", ["192.0.2.7"]),
]


async def refusal_code(
    listed: tuple[str, ...], address: str, resolved: list[str], *, in_production: bool
) -> str | None:
    """The code of the refusal of a server, None if it is admitted."""
    reach = Reach(listed, own=[OWN, SOCKET_OWN], in_production=in_production)
    try:
        await reach.admit(read_address(f"postgresql://{address}").server, [ip_address(text) for text in resolved])
    except SourceError as error:
        return error.code
    return None


@pytest.mark.parametrize(("listed", "in_production", "address", "resolved"), ADMITTED)
async def test_admitted_servers(
    listed: tuple[str, ...], address: str, resolved: list[str], *, in_production: bool
) -> None:
    assert await refusal_code(listed, address, resolved, in_production=in_production) is None


@pytest.mark.parametrize(("listed", "in_production", "address", "resolved"), REFUSED)
async def test_refused_servers(
    listed: tuple[str, ...], address: str, resolved: list[str], *, in_production: bool
) -> None:
    assert await refusal_code(listed, address, resolved, in_production=in_production) == "host-not-allowed"


async def test_every_name_of_this_machine_is_the_same_server() -> None:
    reach = Reach([], own=["postgresql://exchange@localhost:5433/exchange"], in_production=False)
    names = ("127.0.0.1", "127.1", "2130706433", "0.0.0.0", "localhost", "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]")  # noqa: S104
    for host in names:
        server = read_address(f"postgresql://u@{host}:5433/exchange").server
        with pytest.raises(SourceError, match="own database"):
            await reach.admit(server, await resolve(server.host))


def test_production_requires_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_SOURCE_HOSTS", "")
    with pytest.raises(ValidationError, match="EXCHANGE_SOURCE_HOSTS"):
        Settings(**PUBLIC)  # type: ignore[arg-type]
    monkeypatch.setenv("EXCHANGE_SOURCE_HOSTS", "none")
    assert Settings(**PUBLIC).source_hosts == ("none",)  # type: ignore[arg-type]


def test_entries_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_SOURCE_HOSTS", "db.internal, 10.0.0.0/8 ,/run/postgresql")
    assert Settings().source_hosts == ("db.internal", "10.0.0.0/8", "/run/postgresql")


@pytest.mark.parametrize("entry", ["*", "*.example.org", "db:5432", "10.0.0.1/8", "http://db", "run/x", "/run/", "a b"])
def test_an_entry_that_can_never_match_is_refused(entry: str) -> None:
    with pytest.raises(ValidationError, match="source_hosts"):
        Settings(source_hosts=(entry,))
