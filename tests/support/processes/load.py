"""Clients that keep a server busy, and a check that all of their answers are on its ledger."""

import asyncio
import hashlib
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from exchange.kernel.database import arguments
from exchange.settings import Settings
from ledger.format import entry
from ledger.verification.mirror import export
from ledger.verification.verify import verify
from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.processes.commands import wait_until
from tests.support.processes.server import ROOT

KILLS = 100
WORKERS = 3
ANSWERS = 3
SEED = 9421


@dataclass
class Answers:
    """The complete answers that clients got."""

    deliveries: list[tuple[int, str]] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    applications: list[tuple[int, str]] = field(default_factory=list)
    broken: int = 0
    unavailable: int = 0

    def __len__(self) -> int:
        return len(self.deliveries) + len(self.refusals) + len(self.applications)


class BusyClient:
    """A consumer that sends requests on and on, while servers are killed."""

    def __init__(self, exchange: Exchange, consumer: Party, dataset: Any, answers: Answers) -> None:
        self.exchange, self.consumer, self.dataset, self.answered = exchange, consumer, dataset, answers

    async def run(self, number: int) -> None:
        choice = random.Random(SEED + number)
        async with httpx2.AsyncClient(timeout=20) as http:
            while True:
                try:
                    await self._ask(http, choice)
                except httpx2.TransportError:
                    self.answered.broken += 1
                    await asyncio.sleep(0.01)

    async def _ask(self, http: httpx2.AsyncClient, choice: random.Random) -> None:
        kind = choice.choices(("one", "stream", "unknown", "apply"), (12, 2, 2, 1))[0]
        headers = {"exchange-purpose": "talent-service"}
        question: dict[str, Any] = {"dataset": "owner/people", "limit": 1}
        key, target = self.consumer.system, "/api/v1/deliveries"
        if kind == "stream":
            headers["accept"], question = "application/x-ndjson", {"dataset": "owner/people"}
        elif kind == "unknown":
            question["dataset"] = "owner/nothing"
        elif kind == "apply":
            key, target = self.consumer.steward, "/api/v1/applications"
            headers, question = {}, self.exchange.draft_application(self.dataset)
        response = await self._send(http, key, target, question, headers)
        content = hashlib.sha256(response.content).hexdigest()
        if response.status_code == 503:
            self.answered.unavailable += 1
        elif kind == "unknown":
            assert response.status_code == 404
            self.answered.refusals.append((response.json()["entry"], response.json()["type"]))
        elif kind == "apply":
            assert response.status_code == 201, response.text
            self.answered.applications.append((int(response.headers["exchange-entry"]), response.json()["id"]))
        else:
            assert response.status_code == 200, response.text
            self.answered.deliveries.append((int(response.headers["exchange-entry"]), content))

    async def _send(
        self, http: httpx2.AsyncClient, key: Key, target: str, document: Any, headers: dict[str, str]
    ) -> httpx2.Response:
        body = json.dumps(document).encode()
        headers = headers | {"content-type": "application/json"}
        signed = self.exchange.sign(key, "POST", target, body=body, headers=headers)
        return await http.post(self.exchange.url + target, content=body, headers=signed)


@asynccontextmanager
async def serve_workers(settings: Settings) -> AsyncIterator[asyncio.StreamReader]:
    """A server with workers. Its output has a line for each worker that is ready."""
    assert settings.database_url is not None
    port = settings.public_url.rpartition(":")[2]
    environment = os.environ | {
        "EXCHANGE_DATA": str(settings.data),
        "EXCHANGE_DATABASE_URL": settings.database_url.get_secret_value(),
        "EXCHANGE_PUBLIC_URL": settings.public_url,
        "EXCHANGE_CHECKPOINT_INTERVAL": "0.1",
    }
    with (settings.data / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.processes.prefork_server", port, str(WORKERS)),
            cwd=ROOT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        try:
            assert process.stdout is not None
            yield process.stdout
        finally:
            process.terminate()
            await process.wait()


async def check_ledger(database_url: str, url: str, answers: Answers, directory: Path) -> None:
    connection = await asyncpg.connect(**arguments(database_url))
    async with connection.transaction(isolation="repeatable_read"):
        rows = await connection.fetch("SELECT seq, leaf FROM ledger_entry ORDER BY seq")
        stored = {str(row["id"]) for row in await connection.fetch("SELECT id FROM applications")}
        head = await connection.fetchval("SELECT size FROM ledger_head")
    await connection.close()
    assert [row["seq"] for row in rows] == list(range(head))
    entries = [entry.parse(row["leaf"]).body for row in rows]
    ends = {body["started"]: body for body in entries if "started" in body}

    for index, content in answers.deliveries:
        body = entries[index]
        if body["type"] == "delivery.started":
            body = ends[index]
        assert body["type"] == "delivery.completed"
        assert body["result"]["content"] == content
    for index, problem in answers.refusals:
        assert f"/problems/{entries[index]['problem']}" == problem
    for index, identifier in answers.applications:
        assert entries[index]["object"]["id"] == identifier

    # Each change has its entry, and each entry its change.
    recorded = [body["object"]["id"] for body in entries if body["type"] == "application.submitted"]
    assert len(set(recorded)) == len(recorded)
    assert set(recorded) == stored
    indexes = [index for index, _ in answers.deliveries + answers.refusals + answers.applications]
    assert len(set(indexes)) == len(indexes)

    await asyncio.to_thread(
        wait_until, lambda: _is_covered(url, max(indexes)), what="a checkpoint covers the newest answer"
    )
    exported = await asyncio.to_thread(export, url, directory)
    assert exported.checkpoint.size > max(indexes)
    assert verify(directory).findings == ()


def _is_covered(url: str, index: int) -> bool:
    answer = httpx2.get(f"{url}/ledger/receipts/{index}", headers={"prefer": "wait=5"}, timeout=20)
    return answer.status_code == 200
