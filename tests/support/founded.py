"""Founding an exchange for tests: an empty database, and a world on it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
from fastapi import FastAPI

from exchange.app import create_app
from exchange.kernel.clock import Clock
from exchange.kernel.database import arguments
from exchange.participants.founding import found, founder
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from tests.support.world import Key, World, code

_KEYS: dict[Path, dict[str, Key]] = {}
"""The administrators' keys of the exchanges that were founded here, by data directory."""

TABLES = (
    "organisations, principals, keys, role_assignments, sources, datasets, dataset_versions, applications, agreements, "
    "agreement_statements, delivery_streams, delivery_counts, key_marks, subjects, subject_holds, subject_erasures, "
    "ledger_sealed, ledger_entry, ledger_once, ledger_tile, ledger_checkpoint, ledger_rotation, ledger_timestamp, ledger_index, "
    "policy_bundles, policy_modules, decision_inputs"
)


async def empty(url: str) -> None:
    """Leave no row in a database; only its owner can take the ledger's guards down for this."""
    connection = await asyncpg.connect(**arguments(url))
    await connection.execute(
        "SET session_replication_role = replica; "
        + "".join(f"DELETE FROM {table}; " for table in TABLES.split(", "))  # of a few rows faster than TRUNCATE
        + "UPDATE ledger_head SET size = 0, prev = decode(repeat('00', 32), 'hex'), fence = 0, incarnation = 1, halted = NULL"
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
            vkey=app.state.runtime[Publisher].vkey,
        )
        _KEYS[settings.data] = keys
        async with _called(app, settings, keys) as world:
            yield world


@asynccontextmanager
async def resumed(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[World]:
    """An exchange that was founded in the same data directory, started again, perhaps on another database."""
    app = create_app(settings, clock=clock)
    async with app.router.lifespan_context(app), _called(app, settings, _KEYS[settings.data]) as world:
        yield world


def moved(settings: Settings, data: Path) -> Settings:
    """The settings of an exchange that was founded here, in a copy of its data directory."""
    shutil.copytree(settings.data, data)
    _KEYS[data] = _KEYS[settings.data]
    return settings.model_copy(update={"data": data})


@asynccontextmanager
async def _called(app: FastAPI, settings: Settings, keys: dict[str, Key]) -> AsyncIterator[World]:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
        yield World(app, client, keys, url=settings.public_url)
