"""Founding an exchange for tests: an empty database, and a world on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx2

from exchange.app import create_app
from exchange.kernel.clock import Clock
from exchange.kernel.database import arguments
from exchange.kernel.settings import Settings
from exchange.participants.founding import found, founder
from tests.support.world import Key, World, code

TABLES = (
    "organisations, principals, keys, role_assignments, sources, datasets, dataset_versions, applications, agreements, "
    "agreement_statements, delivery_streams, delivery_counts, key_marks, subjects, subject_holds, subject_erasures, "
    "ledger_sealed, ledger_entry, ledger_once, ledger_tile, ledger_checkpoint, ledger_index, policy_bundles, decision_inputs"
)


async def empty(url: str) -> None:
    """Leave no row in a database; only its owner can take the ledger's guards down for this."""
    connection = await asyncpg.connect(**arguments(url))
    await connection.execute(
        f"SET session_replication_role = replica; TRUNCATE {TABLES}; "
        "UPDATE ledger_head SET size = 0, prev = decode(repeat('00', 32), 'hex'), fence = 0"
    )
    await connection.close()


@asynccontextmanager
async def founded(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[World]:
    """A founded exchange on an empty database, called in the process."""
    app = create_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        keys = {name: Key() for name in ("operator", "security", "auditor")}
        await found(
            app.state.runtime,
            founder(
                handle="operator",
                code=code(),
                name_zh="运营中心",
                name_en="Operator",
                keys={name: key.public for name, key in keys.items()},
            ),
            vkey=app.state.publisher.vkey,
        )
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            yield World(app, client, keys, url=settings.public_url)
