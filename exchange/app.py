"""The composition root: settings become a running exchange. Only this module chooses adapters and engines."""

import atexit
import gc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from adapters.duckdb.engine import Engine as DuckEngine
from adapters.kind import Kind, Resources
from adapters.registry import KINDS
from exchange import __version__
from exchange.agreements import routes as agreement_routes
from exchange.agreements import tasks as agreements
from exchange.agreements.notices import routes as agreement_notice_routes
from exchange.answers import routes as answer_routes
from exchange.answers.codes import tasks as codes
from exchange.answers.codes.schemas import Redemption
from exchange.answers.schemas import AnswerRequest, AnswersOut
from exchange.applications import routes as application_routes
from exchange.audit import routes as audit_routes
from exchange.audit import tasks as audit
from exchange.calendar import routes as calendar_routes
from exchange.calendar import tasks as calendar
from exchange.catalog import parts as catalog
from exchange.catalog import routes as catalog_routes
from exchange.catalog.changes import routes as change_routes
from exchange.catalog.filing import routes as filing_routes
from exchange.catalog.items import routes as item_routes
from exchange.catalog.lineage import routes as lineage_routes
from exchange.catalog.proposal import routes as proposal_routes
from exchange.catalog.terms.checks import find_misfit
from exchange.certificates import parts as certificates
from exchange.certificates import routes as certificate_routes
from exchange.consents import parts as consents
from exchange.consents import routes as consent_routes
from exchange.consents.deletions import routes as deletion_routes
from exchange.consents.loading import routes as loading_routes
from exchange.consents.notices import routes as notice_routes
from exchange.consents.records import routes as record_routes
from exchange.corrections import parts as corrections
from exchange.corrections import routes as correction_routes
from exchange.decisions.service import keep_bundle
from exchange.decisions.watching import watch_policy_server
from exchange.delivery import parts as delivery
from exchange.delivery import routes as delivery_routes
from exchange.delivery.schemas import DeliveryPage, DeliveryRequest
from exchange.disputes import parts as disputes
from exchange.disputes import routes as dispute_routes
from exchange.duties import routes as duty_routes
from exchange.jobs import parts as jobs
from exchange.jobs import routes as job_routes
from exchange.kernel import logs, tasks
from exchange.kernel.clock import Clock
from exchange.kernel.database import Database, open_database
from exchange.kernel.embedded import running
from exchange.kernel.keys.keyring import Keyring, open_keyring
from exchange.kernel.keys.queries import fingerprints, remember_keys
from exchange.kernel.keys.stores import KeyStore, answers_key_store, key_store
from exchange.kernel.loops import Loops
from exchange.kernel.metrics import open_sequencer
from exchange.kernel.runtime import AnsweringKey, Runtime
from exchange.kernel.web import access, docs, health, http, openapi
from exchange.kernel.web.health import Alarms
from exchange.messages import routes as message_routes
from exchange.messages import tasks as messages
from exchange.messages.webhooks import routes as webhook_routes
from exchange.messages.webhooks import tasks as webhooks
from exchange.migrations import commands
from exchange.participants import routes as participant_routes
from exchange.participants.door import parts as door
from exchange.policy_modules import parts as policy_modules
from exchange.policy_modules import routes as policy_module_routes
from exchange.policy_modules.queries import ModuleCache
from exchange.portal import own_routes as own_portal_routes
from exchange.portal import parts as portal
from exchange.portal import routes as portal_routes
from exchange.portal.deferrals import routes as deferral_routes
from exchange.portal.passkeys import routes as passkey_routes
from exchange.portal.showing import routes as showing_routes
from exchange.publication import parts as publication
from exchange.publication import routes as publication_routes
from exchange.rights import routes as rights_routes
from exchange.rights import tasks as rights
from exchange.rights.objections import routes as record_objection_routes
from exchange.settings import Settings
from exchange.sources import parts as sources
from exchange.sources import routes as source_routes
from exchange.sources import storage
from exchange.sources.reach import Reach
from exchange.subjects import parts as subjects
from exchange.subjects import routes as subject_routes
from exchange.subjects.requests import parts as person_requests
from exchange.subjects.requests import routes as person_request_routes
from exchange.trading import tasks as trading
from exchange.trading.figures import routes as figure_routes
from exchange.trading.listings import routes as listing_routes
from exchange.trading.orders import routes as order_routes
from exchange.whatif import parts as whatif
from exchange.whatif import routes as whatif_routes
from ledger.log.head import read_head
from policies.engines.breaker import Breaker
from policies.engines.cache import DecisionCache
from policies.engines.contract import Engine
from policies.engines.embedded import EmbeddedEngine
from policies.engines.opa_server import open_opa_server
from policies.owner_rules.narrowing_engine import NarrowingEngine
from policies.rego.bundle import Bundle, load_bundle
from policies.roles.roles import load_roles

_DESCRIPTION = """
Departments and enterprises publish datasets; consuming systems fetch records with signed requests; every request is on
a hash-chained ledger before its answer leaves. Requests are signed with HTTP Message Signatures (RFC 9421); problems
have the form of RFC 9457.
"""

Kinds: TypeAlias = Mapping[str, Kind[Any]]


class Exchange(FastAPI):
    """The application. Deliveries bypass routing and middleware (hot path)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and log it. A client that leaves is no failure."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        observed = access.Observed(scope, send)
        try:
            await self._answer(scope, receive, observed)
        except ClientDisconnect:
            pass
        except Exception:
            if not observed.is_complete:
                raise
            # The answer states a failure that is in the log already; Starlette raises its cause for servers without one.
        finally:
            observed.end()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if delivery_routes.is_delivery(scope):
            scope["app"] = self
            await delivery_routes.serve(scope, receive, send)
        elif http.is_public_head(scope):
            await http.answer_head(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class NotMigrated(RuntimeError):
    """The database is not at the revision that this version needs."""


def create_app(settings: Settings, *, clock: Clock | None = None, kinds: Kinds = KINDS) -> FastAPI:
    """The exchange as an ASGI application. Its lifespan opens the database and the parts, and closes them.

    `kinds` are the kinds of source that it takes, by name.
    """
    logs.configure(has_requests=settings.access_log)

    def lifespan(app: FastAPI) -> AbstractAsyncContextManager[None]:
        return opened(app, settings, clock=clock, kinds=kinds)

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
        # kernel.metrics counts each request; FastAPI's own series of the same name would count it again.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    http.install(app)
    docs.install(app)
    for router in _routers(kinds):
        app.include_router(router)
    openapi.complete(app, models=(DeliveryRequest, DeliveryPage, AnswerRequest, AnswersOut, Redemption))
    return app


@asynccontextmanager
async def opened(
    app: FastAPI, settings: Settings, *, clock: Clock | None = None, kinds: Kinds = KINDS
) -> AsyncIterator[None]:
    """Open the parts of an exchange for the block, and let an application of the same kinds of source answer with them.

    An application holds no part of an exchange itself: after the block, it can serve another one at the same public URL.
    """
    async with AsyncExitStack() as stack:
        app.state.runtime = await _open(settings, clock or Clock(), kinds, stack)
        stack.callback(app.state.__delattr__, "runtime")  # first of all, so that nothing answers with closed parts
        yield


def from_environment() -> FastAPI:
    """The application of the process's environment, for servers that call a factory in a process of its own."""
    app = create_app(Settings.load())
    # Present objects live as long as the process. Leaving them out shortens collections, and the slowest answers.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)
    return app


def _routers(kinds: Kinds) -> Sequence[APIRouter]:
    return (
        health.public,
        catalog_routes.public,
        publication_routes.public,
        certificate_routes.public,
        rights_routes.public,
        figure_routes.public,
        participant_routes.router,
        calendar_routes.router,
        dispute_routes.router,
        duty_routes.router,
        job_routes.router,
        message_routes.router,
        webhook_routes.router,
        *source_routes.routers(kinds),
        proposal_routes.router,
        catalog_routes.router,
        filing_routes.router,
        change_routes.router,
        item_routes.router,
        lineage_routes.router,
        policy_module_routes.router,
        rights_routes.router,
        record_objection_routes.router,
        application_routes.router,
        agreement_routes.router,
        agreement_notice_routes.router,
        subject_routes.router,
        correction_routes.router,
        person_request_routes.router,
        portal_routes.owners,
        portal_routes.public,
        portal_routes.router,
        own_portal_routes.router,
        deferral_routes.router,
        showing_routes.router,
        passkey_routes.public,
        passkey_routes.router,
        notice_routes.router,
        consent_routes.router,
        record_routes.router,
        deletion_routes.router,
        loading_routes.router,
        loading_routes.uploads,
        delivery_routes.router,
        delivery_routes.streams,
        answer_routes.router,
        listing_routes.router,
        order_routes.router,
        figure_routes.router,
        whatif_routes.router,
        audit_routes.router,
    )


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0] if route.tags else 'exchange'}-{route.name}".replace("_", "-")


async def _open(settings: Settings, clock: Clock, kinds: Kinds, stack: AsyncExitStack) -> Runtime:
    """Open every part of the exchange, each after those it rests on. The stack closes them in reverse."""
    url = await stack.enter_async_context(running(settings))
    database = await _open_database(url, stack)
    store = key_store(settings)
    ring, is_founded = await _open_keys(settings, database, clock, store)
    runtime = _open_kernel(settings, clock, database, ring)
    await publication.open_anchor(runtime, store, ring)
    certificates.open_parts(runtime, ring.certificates)
    await subjects.open_parts(runtime)
    stack.push_async_callback(runtime.sequencer.stop)
    await _open_decisions(runtime, settings, stack)
    await _open_sources(runtime, settings, url, kinds, stack)
    if is_founded:  # only then do database and data directory certainly belong to one exchange
        await sources.tidy(runtime)
    door.open_parts(runtime, stack)
    jobs.open_parts(runtime)
    calendar.open_parts(runtime)
    messages.open_parts(runtime)
    await webhooks.open_parts(runtime, stack)
    catalog.open_parts(runtime)
    rights.open_parts(runtime)
    agreements.open_parts(runtime)
    disputes.open_parts(runtime)
    consents.open_parts(runtime)
    corrections.open_parts(runtime)
    person_requests.open_parts(runtime)
    await portal.open_parts(runtime, stack)
    audit.open_parts(runtime, seconds=settings.checkpoint_interval)
    delivery.open_parts(runtime, stack)
    codes.open_parts(runtime)
    trading.open_parts(runtime)
    whatif.open_parts(runtime)
    await publication.open_parts(runtime, stack)
    await stack.enter_async_context(runtime[Loops].running())
    return runtime


async def _open_database(url: str, stack: AsyncExitStack) -> Database:
    """Connect to the database. Raises NotMigrated."""
    if await commands.current(url) != commands.newest():
        raise NotMigrated("The database is not ready for this version: run `exchange database upgrade`.")
    database = await open_database(url)
    stack.push_async_callback(database.close)
    return database


async def _open_keys(settings: Settings, database: Database, clock: Clock, store: KeyStore) -> tuple[Keyring, bool]:
    """The keys, and whether the exchange is founded: keys are created before the founding and never after it.

    Raises KeysDiffer, KeyFileInvalid.
    """
    async with database.pool.acquire() as connection:
        head = await read_head(connection)
        directory, answers = settings.data / "keys", answers_key_store(settings)
        ring = open_keyring(directory, await fingerprints(connection), store, answers, incarnation=head.incarnation)
        if head.size:
            # The tables' owner may have deleted a fingerprint in order to replace a key: the new key's is remembered.
            await remember_keys(connection, ring.fingerprints, now=clock.now())
            open_keyring(directory, await fingerprints(connection), store, answers, incarnation=head.incarnation)
    return ring, bool(head.size)


def _open_kernel(settings: Settings, clock: Clock, database: Database, ring: Keyring) -> Runtime:
    """The runtime with the kernel's own parts and loops."""
    runtime = Runtime(
        settings=settings,
        origin=settings.origin(ring.incarnation),
        clock=clock,
        database=database,
        sequencer=open_sequencer(database),
        roles=load_roles(),
        seal=ring.seal,
        answers=AnsweringKey(ring.answers),
        fingerprints=ring.fingerprints,
    )
    runtime.add(Alarms())
    runtime.add(Loops())
    tasks.open_parts(runtime)
    return runtime


async def _open_decisions(runtime: Runtime, settings: Settings, stack: AsyncExitStack) -> None:
    """The cache of decisions, over the policy engine and the owners' modules."""
    sandboxes = await policy_modules.open_parts(runtime, stack)
    rules = load_bundle()
    await keep_bundle(runtime.database, runtime.clock, rules)
    engine = await _open_engine(runtime, settings, rules, stack)
    find = ModuleCache(runtime.database).find
    runtime.add(DecisionCache(NarrowingEngine(engine, find=find, sandboxes=sandboxes, find_misfit=find_misfit)))


async def _open_engine(runtime: Runtime, settings: Settings, rules: Bundle, stack: AsyncExitStack) -> Engine:
    """The embedded policy engine, or an OPA server behind a circuit breaker where the settings name one."""
    if settings.opa_url is None:
        engine = EmbeddedEngine(rules)
        stack.callback(engine.close)
        return engine
    token = settings.opa_token.get_secret_value() if settings.opa_token else None
    server = await stack.enter_async_context(
        open_opa_server(settings.opa_url, revision=rules.digest, token=token, ca=settings.opa_ca)
    )
    watch_policy_server(runtime, server.find_fault)
    return Breaker(server)


async def _open_sources(runtime: Runtime, settings: Settings, url: str, kinds: Kinds, stack: AsyncExitStack) -> None:
    """The readers of sources, with what they share: snapshots, DuckDB, and the gate for network sources."""
    own = {secret.get_secret_value() for secret in (settings.database_url, settings.owner_database_url) if secret}
    reach = Reach(settings.source_hosts, own=own | {url}, in_production=settings.environment == "production")
    snapshots = storage.make_private(settings.data / "snapshots")
    engine = DuckEngine(snapshots)
    stack.callback(engine.close)
    await sources.open_parts(runtime, stack, kinds=kinds, resources=Resources(snapshots, engine, reach.gate()))
