"""The ground a benchmark stands on: a founded exchange in a directory of its own, its server a process of its own.

An owner has a table in PostgreSQL and a file; a platform has an agreement over each. Everything is made through the API.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from admin.server.reaching import free_port
from benchmarks.server import ANSWER
from data_exchange_client import Client, SigningKey
from exchange.app import create_app
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.migrations import commands
from exchange.participants.founding import ADMINISTRATORS, founder, initialise
from exchange.participants.uscc import check_character
from exchange.publication.publisher import Publisher
from exchange.settings import Settings

PURPOSE = "talent-service"
TABLE_ROWS = 100_000
TABLE = "benchmark-owner/table"
FILE = "benchmark-owner/file"
BY_CONSENT = "-by-consent"
_READER = "benchmark_reader"
_START_WAIT = 60.0
_MASKS = {
    TABLE: {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
    FILE: {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}, "person_id": {"kind": "hash"}},
}
_FILTERS = {
    TABLE: {"field": "city", "op": "ne", "value": "330300"},
    FILE: {"field": "city", "op": "eq", "value": "330100"},
}


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation's id, its member's key and its system's."""

    id: str
    steward: SigningKey
    system: SigningKey


@dataclass(frozen=True, slots=True)
class Ground:
    """The addresses and directories of the measured exchange; `consumer` is the key that fetches."""

    directory: Path
    port: int
    database: str
    owner_database: str
    administrators: dict[str, SigningKey]

    @property
    def url(self) -> str:
        """The exchange's public URL."""
        return f"http://localhost:{self.port}"

    @property
    def source_host(self) -> str:
        """The socket that the owner's database is reached through, which is that of the exchange's own."""
        return str(arguments(self.owner_database)["host"])

    def settings(self) -> Settings:
        """The settings of the exchange."""
        return Settings(
            data=self.directory / "exchange",
            database_url=self.database,
            public_url=self.url,
            source_hosts=(self.source_host,),
        )

    def client(self, key: SigningKey) -> Client:
        """A client that signs with a key."""
        return Client(self.url, key, timeout=120)


@contextmanager
def ground(directory: Path) -> Iterator[Ground]:
    """Found an exchange in an empty directory, with the owner's table beside it; its PostgreSQL runs until the end."""
    embedded = Embedded(directory / "exchange")
    try:
        asyncio.run(_databases(embedded))
        commands.upgrade(embedded.url())
        ground = Ground(
            directory=directory,
            port=free_port(),
            database=embedded.url(),
            owner_database=embedded.url("benchmark_owner").replace("postgres:@", f"{_READER}@"),
            administrators={name: SigningKey.generate() for name in ADMINISTRATORS},
        )
        asyncio.run(_initialise(ground))
        yield ground
    finally:
        embedded.close()


@contextmanager
def server(on: Ground, *, answer: dict[str, Any] | None = None, port: int | None = None) -> Iterator[int]:
    """The exchange's server, one worker, for as long as the context lasts; yields its process id."""
    port = port or on.port
    environment = os.environ | {
        "EXCHANGE_DATA": str(on.directory / "exchange"),
        "EXCHANGE_DATABASE_URL": on.database,
        "EXCHANGE_PUBLIC_URL": on.url,
        "EXCHANGE_SOURCE_HOSTS": on.source_host,
        ANSWER: json.dumps(answer or {}, ensure_ascii=False),
    }
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.server", str(port)], env=environment)
    try:
        _wait_until_ready(f"http://localhost:{port}", process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def furnish(on: Ground, file: Path) -> SigningKey:
    """Publish the table and the file and conclude an agreement over each; returns the key of the consuming system."""
    return furnish_for(on, file)[1].system


def furnish_for(on: Ground, file: Path, *, by_consent: bool = False) -> tuple[Party, Party]:
    """As `furnish`; returns the owner and the platform. With `by_consent`, each has a twin that leaves by consent alone."""
    owner, platform = _join(on, "benchmark-owner", "department"), _join(on, "benchmark-platform", "institution")
    with on.client(owner.steward) as steward, on.client(platform.steward) as consumer:
        table = {"kind": "postgresql", "title": "table", "dsn": on.owner_database, "table": "people"}
        sources = {TABLE: _ask(steward, "/api/v1/sources", {"organisation": owner.id, "source": table})}
        registered = _ask(
            steward, "/api/v1/sources", {"organisation": owner.id, "source": {"kind": "file", "title": "file"}}
        )
        path = f"/api/v1/sources/{registered['id']}/content?filename={file.name}"
        sources[FILE] = steward.request("PUT", path, content=file).json()
        twins = {f"{reference}{BY_CONSENT}": source for reference, source in sources.items() if by_consent}
        for reference, source in (sources | twins).items():
            drafted = _ask(
                steward,
                "/api/v1/datasets",
                {
                    "source": source["id"],
                    "handle": reference.partition("/")[2],
                    "document": _document(source["description"]["fields"], reference),
                },
            )
            dataset = _ask(steward, f"/api/v1/datasets/{drafted['id']}/publication", None)
            application = _ask(consumer, "/api/v1/applications", _application(dataset))
            _ask(steward, f"/api/v1/applications/{application['id']}/approval", {})
    return owner, platform


async def _databases(embedded: Embedded) -> None:
    await embedded.create()
    await embedded.create("benchmark_owner")
    connection = await asyncpg.connect(**arguments(embedded.url("benchmark_owner")))
    try:
        await connection.execute(  # the names are our own
            f"CREATE ROLE {_READER} LOGIN;"  # noqa: S608
            "CREATE TABLE people (person_id integer PRIMARY KEY, name text NOT NULL, city text NOT NULL, born date);"
            "INSERT INTO people SELECT i, '测试人员' || i, '330' || (1 + i % 2) || '00', date '1970-01-01' + i % 12000 "
            f"FROM generate_series(1, {TABLE_ROWS}) i;"
            f"GRANT SELECT ON people TO {_READER}; ANALYZE people"
        )
    finally:
        await connection.close()


async def _initialise(on: Ground) -> None:
    app = create_app(on.settings())
    async with app.router.lifespan_context(app):
        await initialise(
            app.state.runtime,
            founder(
                handle="operator",
                code=_code(),
                name_zh="运营中心",
                name_en="Operator",
                pairs={name: key.pair for name, key in on.administrators.items()},
                exchange=on.url,
                now=int(time.time()),
            ),
            vkey=app.state.runtime[Publisher].vkey,
        )


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_WAIT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            if httpx2.get(f"{url}/readyz").is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise RuntimeError("the server did not begin to answer")


def _join(on: Ground, handle: str, kind: str) -> Party:
    steward, system = SigningKey.generate(), SigningKey.generate()
    with on.client(on.administrators["operator"]) as operator:
        organisation = _ask(
            operator,
            "/api/v1/organisations",
            {
                "handle": handle,
                "kind": kind,
                "code": _code(),
                "level": "province" if kind == "department" else "none",
                "name_zh": handle,
                "name_en": handle,
                "first_member": {
                    "kind": "member",
                    "handle": "steward",
                    "title": "Steward",
                    **steward.registration(exchange=on.url, organisation=handle, principal="steward"),
                    "roles": ["steward", "approver", "consumer", "security_administrator"],
                },
            },
        )
        _ask(operator, f"/api/v1/organisations/{organisation['id']}/admission", None)
    with on.client(steward) as member:
        _ask(
            member,
            f"/api/v1/organisations/{organisation['id']}/principals",
            {
                "kind": "system",
                "handle": "service",
                "title": "Service",
                **system.registration(exchange=on.url, organisation=handle, principal="service"),
                "roles": ["consumer"],
            },
        )
    return Party(organisation["id"], steward, system)


def _ask(client: Client, path: str, document: Any) -> Any:
    return client.request("POST", path, json=document).json()


def _document(fields: list[dict[str, Any]], reference: str) -> dict[str, Any]:
    return {
        "title": {"zh": "测试数据", "en": "Made up for a benchmark"},
        "description": {"zh": "测试数据", "en": "Made up for a benchmark"},
        "fields": [
            {
                "name": field["name"],
                "type": field["type"],
                "title": {"zh": field["name"], "en": field["name"]},
                "level": "G3" if field["name"] in {"name", "person_id"} else "G1",
                "personal": field["name"] in {"name", "person_id"},
                "subject_key": field["name"] == "person_id",
            }
            for field in fields
        ],
        "sharing": {"attribute": "conditional", "scope": "省内", "use": "人才服务"},
        "assessments": {"impact": {"reference": "made up", "digest": "00" * 32, "concluded_on": "2026-01-31"}},
        "terms": {
            "purposes": [PURPOSE],
            "fields": [field["name"] for field in fields],
            "masks": _MASKS[reference.removesuffix(BY_CONSENT)],
            **({"consent": True} if reference.endswith(BY_CONSENT) else {"basis": "statutory-duty"}),
            "row_filter": _FILTERS[reference.removesuffix(BY_CONSENT)],
        },
    }


def _application(dataset: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataset": dataset["id"],
        "fields": dataset["document"]["terms"]["fields"],
        "purpose": PURPOSE,
        "basis": "浙江省公共数据条例",
        "scenario": "talent service",
        "scope": "applicants of the service",
        "not_after": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }


def _code() -> str:
    first17 = f"12330000MB{secrets.randbelow(10**7):07d}"
    return first17 + check_character(first17)
