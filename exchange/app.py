"""Where everything meets: settings become a running exchange. Only this module knows which adapters and engines there are."""

import asyncio
import atexit
import gc
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from adapters.contract import Adapter
from adapters.duckdb.engine import Engine as DuckEngine
from adapters.files.importing import ImportedFile, import_file
from adapters.files.options import ImportOptions
from adapters.registry import open_adapter
from exchange import __version__
from exchange.agreements import routes as agreements
from exchange.applications import routes as applications
from exchange.audit import routes as audit
from exchange.catalog import routes as catalog
from exchange.catalog import storage
from exchange.catalog.queries import digests_of_files
from exchange.catalog.terms.fitting import obliged_fits
from exchange.decisions.service import keep_bundle
from exchange.delivery import routes as delivery
from exchange.delivery.facts import Facts
from exchange.delivery.schemas import DeliveryPage, DeliveryRequest
from exchange.kernel import logs
from exchange.kernel.background import background
from exchange.kernel.clock import Clock
from exchange.kernel.database import Database, open_database
from exchange.kernel.embedded import running
from exchange.kernel.keys.custody import Custody, custody, custody_of_answers
from exchange.kernel.keys.keyring import Keyring, open_keyring
from exchange.kernel.keys.queries import key_marks, remember_keys
from exchange.kernel.keys.slots import Slots
from exchange.kernel.limits import Allowance
from exchange.kernel.reach import Reach
from exchange.kernel.readers import Readers
from exchange.kernel.runtime import AnsweringKey, Runtime
from exchange.kernel.settings import Settings
from exchange.kernel.web import docs, health, http, openapi
from exchange.migrations import commands
from exchange.participants import routes as participants
from exchange.policy_modules import routes as modules
from exchange.policy_modules.queries import ModuleCache
from exchange.publication.publisher import Publisher
from exchange.publication.renewal import LedgerKeys, Renewal
from exchange.publication.stamping import Stamper
from exchange.publication.witnesses import chosen
from exchange.subjects import keys as subject_keys
from exchange.subjects import routes as subjects
from ledger.format import note, timestamps
from ledger.log import continuity, store
from ledger.log.anchor import Anchor
from ledger.log.sequencer import Sequencer
from policies.engines.breaker import Breaker
from policies.engines.cache import DecisionCache
from policies.engines.contract import Engine
from policies.engines.embedded import EmbeddedEngine
from policies.engines.opa_server import open_opa_server
from policies.owner_rules.checker import make_checker
from policies.owner_rules.narrowing_engine import NarrowingEngine
from policies.owner_rules.sandboxes import open_sandboxes
from policies.rego.bundle import Bundle, load_bundle
from policies.roles.roles import Roles

_DESCRIPTION = """
Departments and enterprises publish datasets; consuming systems fetch records with signed requests; every request is on
a hash-chained ledger before its answer leaves. Requests are signed with HTTP Message Signatures (RFC 9421); problems
have the form of RFC 9457.
"""


IMPORTS_AT_ONCE: Final = 2
"""How many uploaded files a process reads at the same time, while others wait: each may take gigabytes of memory."""


class Exchange(FastAPI):
    """The application. A request for data goes straight to its handler, since every other part of it is on its way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if delivery.is_question(scope):
            scope["app"] = self
            await delivery.serve(scope, receive, send)
        elif http.is_glance(scope):
            await http.glance(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class NotMigrated(RuntimeError):
    """The database is not at the revision this version needs."""


def create_app(settings: Settings, *, clock: Clock | None = None) -> FastAPI:
    """The exchange as an ASGI application. It opens its database when it starts, and closes it when it ends."""
    logs.configure()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, settings, clock or Clock(), stack)
            yield

    app = Exchange(
        title="Data exchange",
        version=__version__,
        description=_DESCRIPTION.strip(),
        lifespan=lifespan,
        docs_url=None,  # exchange.kernel.web.docs serves it
        redoc_url=None,
        redirect_slashes=False,  # a signature covers the address, so a redirected request would not verify
        separate_input_output_schemas=False,
        generate_unique_id_function=_operation_id,
        servers=[{"url": settings.public_url}],
    )
    http.install(app)
    docs.install(app)
    for router in (
        health.public,
        catalog.public,
        audit.public,
        participants.router,
        catalog.router,
        catalog.uploads,
        modules.router,
        applications.router,
        agreements.router,
        subjects.router,
        delivery.router,
        delivery.streams,
        audit.router,
    ):
        app.include_router(router)
    openapi.complete(app, models=(DeliveryRequest, DeliveryPage))
    return app


def from_environment() -> FastAPI:
    """The application of the process's environment, for servers that are given a factory, in a process of its own."""
    app = create_app(Settings())
    # What exists now stays until the process ends; not looking at it again evens out the slowest answers.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)
    return app


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0] if route.tags else 'exchange'}-{route.name}".replace("_", "-")


async def _open(app: FastAPI, settings: Settings, clock: Clock, stack: AsyncExitStack) -> None:
    """Open everything the exchange needs, in order, on a stack that closes it in reverse."""
    url = await stack.enter_async_context(running(settings))
    revision = await commands.current(url)
    if revision != commands.newest():
        raise NotMigrated("The database is not ready for this version: run `exchange database upgrade`.")
    database = await open_database(url)
    stack.push_async_callback(database.close)
    held = custody(settings)
    ring = await _keys(settings, database, clock, held)
    origin = settings.origin(ring.incarnation)
    signers = LedgerKeys(held, origin, ring, settings.further_signatures)
    anchor = Anchor(settings.anchor, origin)
    await _hold_to_anchor(database, anchor, signers.first)
    slots = Slots(settings.slots)
    await subject_keys.settle(database, slots, now=clock.now())
    sequencer = Sequencer(database.appending)
    sequencer.start()
    stack.push_async_callback(sequencer.stop)
    own = {one.get_secret_value() for one in (settings.database_url, settings.owner_database_url) if one} | {url}
    reach = Reach(settings.source_hosts, own=own, in_production=settings.environment == "production")
    rules = load_bundle()
    await keep_bundle(database, clock, rules)
    sandboxes = await stack.enter_async_context(
        open_sandboxes(seconds=settings.module_milliseconds / 1000, most=settings.module_processes)
    )
    engine = NarrowingEngine(
        await _engine(settings, rules, stack), find=ModuleCache(database).find, sandboxes=sandboxes, fits=obliged_fits
    )
    readers = _readers(settings, reach, stack)
    stack.push_async_callback(readers.close)
    runtime = Runtime(
        settings=settings,
        origin=origin,
        clock=clock,
        database=database,
        sequencer=sequencer,
        roles=Roles(),
        engine=DecisionCache(engine),
        modules=await make_checker(sandboxes, opa=settings.opa_binary),
        seal=ring.seal,
        slots=slots,
        readers=readers,
        answers=AnsweringKey(ring.answers),
        marks=ring.marks,
        strangers=Allowance(settings.stranger_refusals),
    )
    async with database.pool.acquire() as connection:
        policy = chosen(settings, await continuity.history(connection, signers.first))
    publisher = Publisher(runtime, signers, anchor, policy)
    publisher.start()
    stack.push_async_callback(publisher.stop)
    await stack.enter_async_context(background(Renewal(runtime).run(), name="key-renewal"))
    if settings.timestamp_url is not None and settings.timestamp_certificate is not None:
        authority = timestamps.Authority(settings.timestamp_certificate.read_bytes())
        stamper = Stamper(runtime, settings.timestamp_url, authority)
        await stack.enter_async_context(background(stamper.run(), name="timestamps"))
    app.state.runtime = runtime
    app.state.facts = Facts(runtime)
    app.state.publisher = publisher


async def _keys(settings: Settings, database: Database, clock: Clock, held: Custody) -> Keyring:
    """The keys; made before the founding, and found to be the same ever after. Raises KeysDiffer, KeyFileInvalid."""
    async with database.pool.acquire() as connection:
        head = await store.read_head(connection)
        directory, answers = settings.data / "keys", custody_of_answers(settings)
        ring = open_keyring(directory, await key_marks(connection), held, answers, incarnation=head.incarnation)
        if head.size:
            # Where the tables' owner made it forget a key, in order to replace it, the new one is remembered here.
            await remember_keys(connection, ring.marks, now=clock.now())
            open_keyring(directory, await key_marks(connection), held, answers, incarnation=head.incarnation)
            await _tidy(settings, database, clock)  # only here, where database and data directory are of one exchange
    return ring


async def _hold_to_anchor(database: Database, anchor: Anchor, first: note.Verifier) -> None:
    """Before anything is taken in: halt where the database does not continue what was signed. Raises OSError."""
    async with database.pool.acquire() as connection:
        try:
            await continuity.check(connection, anchor, first)
        except continuity.NotContinued as error:
            logs.log().critical("the ledger does not continue what was signed; nothing is taken in", error=str(error))
            await continuity.halt(connection, str(error))


async def _tidy(settings: Settings, database: Database, clock: Clock) -> None:
    """Remove uploads that nobody receives any more, and snapshots that nothing refers to."""
    async with database.sessions() as session:
        kept = await digests_of_files(session)
    storage.clear(settings.data / "uploads")
    storage.collect(settings.data / "snapshots", kept=kept, now=clock.now())


async def _engine(settings: Settings, rules: Bundle, stack: AsyncExitStack) -> Engine:
    if settings.opa_url is None:
        engine = EmbeddedEngine(rules)
        stack.callback(engine.close)
        return engine
    token = settings.opa_token.get_secret_value() if settings.opa_token else None
    server = open_opa_server(settings.opa_url, revision=rules.digest, token=token, ca=settings.opa_ca)
    return Breaker(await stack.enter_async_context(server))


def _readers(settings: Settings, reach: Reach, stack: AsyncExitStack) -> Readers:
    snapshots = storage.private(settings.data / "snapshots")
    engine = DuckEngine(snapshots)
    stack.callback(engine.close)
    imports = ThreadPoolExecutor(IMPORTS_AT_ONCE, thread_name_prefix="import")
    stack.callback(imports.shutdown, wait=False, cancel_futures=True)

    def open_one(kind: str, config: Mapping[str, Any], secret: str | None) -> Adapter:
        return open_adapter(kind, config, secret, snapshots, engine=engine, gate=reach.gate())

    async def import_one(path: Path, options: Mapping[str, Any]) -> ImportedFile:
        plain = {**options, "max_bytes": settings.upload_bytes_max}
        if plain.get("missing") is not None:
            plain["missing"] = tuple(plain["missing"])
        # What an import needs on its way lies beside the upload, and goes with it.
        reading = partial(import_file, path, path.parent, options=ImportOptions(**plain))
        imported = await asyncio.get_running_loop().run_in_executor(imports, reading)
        return replace(imported, path=imported.path.replace(snapshots / imported.path.name))

    return Readers(open=open_one, import_file=import_one)
