"""Start an exchange in the test's process: a new one on an empty database, or one that was founded before."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
from fastapi import FastAPI

from adapters.registry import KINDS
from exchange.app import Kinds, create_app, opened
from exchange.kernel import logs
from exchange.kernel.clock import Clock
from exchange.kernel.database import arguments
from exchange.participants.founding import founder, initialise
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Key, code

_KEYS: dict[Path, dict[str, Key]] = {}
"""Administrators' keys of the exchanges founded by this process, by data directory."""
_IDLE: dict[str, list[FastAPI]] = {}
"""Applications of the usual kinds of source that serve no exchange now, by public URL."""

TABLES = (
    "dataset_inputs, "
    "trade_orders, trade_offers, trade_listings, certificates, certificate_keys, "
    "rights_record_objections, rights_certificates, rights_holdings, rights_objections, rights_statements, rights_parties, "
    "rights_records, "
    "rights_applications, rights_serials, "
    "disclosure_deferrals, correction_people, corrections, catalog_changes, catalog_item_sources, catalog_filings, "
    "organisations, principals, keys, role_assignments, sources, datasets, dataset_versions, applications, agreements, "
    "dispute_statements, disputes, agreement_records, agreement_notices, "
    "agreement_statements, agreement_narrowings, delivery_streams, delivery_counts, answer_counts, answer_codes, "
    "answer_code_tries, key_marks, "
    "deletion_tasks, consent_loads, consent_staging, consent_load_pieces, consent_load_rejects, "
    "consent_events, consent_now, consent_withdrawn, consents, consent_notices, consent_scopes, "
    "person_requests, portal_challenges, portal_passkeys, "
    "portal_codes, portal_sessions, portal_identities, portal_accounts, portal_sign_ins, "
    "subjects, subject_numbers, subject_holds, subject_erasures, "
    "ledger_sealed, ledger_people, ledger_person, ledger_account, "
    "ledger_entry, ledger_once, ledger_tile, ledger_checkpoint, ledger_rotation, ledger_timestamp, ledger_index, "
    "policy_bundles, policy_modules, decision_inputs, calendar_years, parameter_values, deadlines, messages, "
    "webhooks, webhook_deliveries, jobs.pgqueuer, jobs.pgqueuer_log"
)


async def delete_rows(url: str) -> None:
    """Delete all rows of a database. Needs its owner, who alone can disable the ledger's guards."""
    connection = await asyncpg.connect(**arguments(url))
    await connection.execute(
        "SET session_replication_role = replica; "
        + "".join(f"DELETE FROM {table}; " for table in TABLES.split(", "))  # of a few rows faster than TRUNCATE
        + "DELETE FROM work_calendar WHERE day > '2026-12-31'; "  # the migration's years stay
        + "UPDATE ledger_head SET size = 0, prev = decode(repeat('00', 32), 'hex'), fence = 0, incarnation = 1, halted = NULL"
    )
    await connection.close()


@asynccontextmanager
async def start_exchange(
    settings: Settings, *, clock: Clock | None = None, kinds: Kinds = KINDS
) -> AsyncIterator[Exchange]:
    """Found an exchange on an empty database, and call it in this process. `kinds` are its kinds of source."""
    async with _open_app(settings, clock=clock, kinds=kinds) as app:
        keys = {name: Key() for name in ("operator", "security", "auditor")}
        await initialise(
            app.state.runtime,
            founder(
                handle="operator",
                code=code(),
                name_zh="运营中心",
                name_en="Operator",
                pairs={name: key.pair for name, key in keys.items()},
                exchange=settings.public_url,
                now=app.state.runtime.clock.seconds(),
            ),
            vkey=app.state.runtime[Publisher].vkey,
        )
        _KEYS[settings.data] = keys
        async with _client(app, settings, keys) as exchange:
            yield exchange


@asynccontextmanager
async def restart_exchange(
    settings: Settings, *, clock: Clock | None = None, keys: dict[str, Key] | None = None, kinds: Kinds = KINDS
) -> AsyncIterator[Exchange]:
    """Start an exchange again that was founded in the same data directory, perhaps on another database.

    `keys` are its administrators', if another process founded it.
    """
    async with (
        _open_app(settings, clock=clock, kinds=kinds) as app,
        _client(app, settings, keys or _KEYS[settings.data]) as exchange,
    ):
        yield exchange


def copy_exchange(settings: Settings, data: Path) -> Settings:
    """Copy the data directory of an exchange founded by this process to a new or empty one: the settings for the copy."""
    shutil.copytree(settings.data, data, dirs_exist_ok=True)
    _KEYS[data] = _KEYS[settings.data]
    return settings.model_copy(update={"data": data})


@asynccontextmanager
async def _open_app(settings: Settings, *, clock: Clock | None, kinds: Kinds) -> AsyncIterator[FastAPI]:
    """Open an exchange in an application that serves no other one meanwhile, and may have served others before.

    FastAPI reads the signatures of all endpoints with an application's first request, which costs more than opening an
    exchange. Nothing of an exchange is in its application but the parts that `opened` puts there.
    """
    if kinds is not KINDS:
        app = create_app(settings, clock=clock, kinds=kinds)
        async with app.router.lifespan_context(app):
            yield app
        return
    idle = _IDLE.setdefault(settings.public_url, [])
    app = idle.pop() if idle else create_app(settings)
    logs.configure(has_requests=settings.access_log)
    try:
        async with opened(app, settings, clock=clock, kinds=kinds):
            yield app
    finally:
        idle.append(app)


@asynccontextmanager
async def _client(app: FastAPI, settings: Settings, keys: dict[str, Key]) -> AsyncIterator[Exchange]:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
        yield Exchange(app, client, keys, url=settings.public_url)
