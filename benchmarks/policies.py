"""Measure a decision with one and with a hundred thousand agreements and role assignments: its time must not grow.

Three figures at each size: the decision with all its facts read from the database, as after a change that moved the
fence; the policy alone on the embedded engine, and on an OPA server where build/tools/opa is; and a decision that is
remembered. Then a million remembered and some thousands of fresh decisions, and what memory they take.
"""

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.figures import spread
from benchmarks.ground import TABLE, Ground
from benchmarks.policy_engines import running_opa
from data_exchange_client.keys import SigningKey
from exchange.app import create_app
from exchange.delivery.deciding import decide
from exchange.delivery.facts import Facts
from exchange.delivery.schemas import DeliveryRequest
from exchange.delivery.stages import Admitted, Asked, Known
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import arguments
from exchange.participants.door.evidence import Sender, Signature
from exchange.participants.door.signed import nonce_of
from policies.decision.documents import Decision, DeliveryInput
from policies.engines.cache import DecisionCache
from policies.engines.embedded import EmbeddedEngine
from policies.engines.opa_server import open_opa_server
from policies.rego.bundle import load_bundle, write_bundle
from signatures import SignedRequest, new_nonce, read_request, sign_request

SIZES = (1, 1_000, 100_000)
ROUNDS = 5
_TIMED = 200
_REMEMBERED = 1_000_000
_FRESH = 20_000
_PURPOSE = "talent-service"
_OPA = Path(__file__).parents[1] / "build" / "tools" / "opa"


class _Listening:
    """An engine that stores the document of its last request."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self.engine = engine
        self.name, self.revision = engine.name, engine.revision
        self.asked: DeliveryInput | None = None

    async def decide(self, document: DeliveryInput) -> Decision:
        self.asked = document
        return await self.engine.decide(document)


async def _grow(on: Ground, size: int) -> None:
    """Insert copies of the agreement for consumers that do not exist, and as many role assignments: only the sizes matter."""
    connection = await asyncpg.connect(**arguments(on.database))
    try:
        await connection.execute("SET session_replication_role = replica")
        have = await connection.fetchval("SELECT count(*) FROM agreements")
        names = await connection.fetch(
            "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'agreements' ORDER BY ordinal_position"
        )
        fresh = dict.fromkeys(("id", "application_id", "consumer_id"), "gen_random_uuid()")
        values = ", ".join(fresh.get(row["name"], f"a.{row['name']}") for row in names)
        await connection.execute(
            f"INSERT INTO agreements SELECT {values} FROM (SELECT * FROM agreements ORDER BY id LIMIT 1) a, "  # noqa: S608
            "generate_series(1, $1::int)",
            max(size - have, 0),
        )
        assigned = await connection.fetchval("SELECT count(*) FROM role_assignments")
        await connection.execute(
            "INSERT INTO role_assignments SELECT gen_random_uuid(), 'consumer', gen_random_uuid()::text, now() "
            "FROM generate_series(1, $1::int)",
            max(size - assigned, 0),
        )
        await connection.execute("ANALYZE agreements")
        await connection.execute("ANALYZE role_assignments")
    finally:
        await connection.close()


async def _p50_ms(ask: Callable[[], Awaitable[Any]], count: int = _TIMED) -> float:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    return sorted(took)[count // 2] * 1e3


async def _rounds(ask: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    await _p50_ms(ask, 20)
    return spread([await _p50_ms(ask) for _ in range(ROUNDS)], 4)


def _signed(key: SigningKey, now: int) -> SignedRequest:
    """A request of a key, of which a decision takes the key only."""
    target, lifetime = "http://localhost/api/v1/deliveries", 60
    headers = sign_request(
        key=key.pair,
        keyid=key.keyid,
        method="GET",
        target_uri=target,
        headers={},
        created=now,
        expires=now + lifetime,
        nonce=new_nonce(),
    )
    return read_request(method="GET", target_uri=target, headers=headers)


async def _measure(on: Ground, key: SigningKey, opa_url: str | None) -> dict[str, Any]:
    app = create_app(on.settings())
    figures: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        runtime = app.state.runtime
        listening = _Listening(EmbeddedEngine(load_bundle()))
        runtime._parts[DecisionCache] = listening  # noqa: SLF001 - decisions without the cache
        request = DeliveryRequest(dataset=TABLE)
        at = runtime.clock.now()
        signed = _signed(key, int(at.timestamp()))

        async def from_database() -> Decision:
            facts = Facts(runtime)  # one that knows nothing yet
            lookup = await facts.look_up(signed)
            assert lookup.holder is not None
            sender = Sender(lookup.holder, Signature(signed), lookup.fence, nonce_of(signed))
            dataset = await facts.dataset(lookup.holder.principal, TABLE)
            admitted = Admitted(Asked(rfc3339(at), int(at.timestamp()), sender), sender, _PURPOSE)
            decided = await decide(runtime, Known(admitted, request, dataset))
            return decided.ruling.decision

        remote = None
        if opa_url is not None:
            server = open_opa_server(opa_url, revision=listening.revision, within=10)
            remote = await stack.enter_async_context(server)
        for size in SIZES:
            await _grow(on, size)
            if not (await from_database()).allow or listening.asked is None:
                raise RuntimeError("the decision to measure is a denial")
            document = listening.asked
            figures[str(size)] = {
                "with_facts_ms": await _rounds(from_database),
                "embedded_ms": await _rounds(partial(listening.engine.decide, document)),
                "remembered_ms": await _rounds(partial(DecisionCache(listening.engine).decide, document)),
            }
            if remote is not None:
                figures[str(size)]["opa_ms"] = await _rounds(partial(remote.decide, document))
        figures["memory"] = await _memory(document, listening.engine)
    return figures


async def _memory(document: DeliveryInput, engine: EmbeddedEngine) -> dict[str, Any]:
    """Resident memory before and after a million remembered decisions, and after some thousands of fresh ones."""
    cache = DecisionCache(engine, size=1_000)
    questions = [document.model_copy(update={"requested": (name,)}) for name in document.resource.terms.fields]
    for question in questions:
        await cache.decide(question)
    before = _resident()
    for turn in range(_REMEMBERED):
        await cache.decide(questions[turn % len(questions)])
    remembered = _resident()
    for _ in range(_FRESH):
        await engine.decide(document)
    return {
        "before_mb": before,
        "after_a_million_remembered_mb": remembered,
        f"after_{_FRESH}_fresh_mb": _resident(),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


@asynccontextmanager
async def _server(directory: Path) -> AsyncIterator[str | None]:
    if not _OPA.exists():
        yield None
        return
    write_bundle(load_bundle(), directory / "bundle")
    with running_opa(directory) as url:
        yield url


def measure(on: Ground, key: SigningKey) -> dict[str, Any]:
    """p50 in milliseconds at each number of agreements and assignments, and the memory."""

    async def run() -> dict[str, Any]:
        async with _server(on.directory / "opa") as url:
            return await _measure(on, key, url)

    return asyncio.run(run())
