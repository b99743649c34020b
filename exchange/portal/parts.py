"""What the portal adds to a running exchange: the identity provider, the end of bindings with erasures, tidying."""

from contextlib import AsyncExitStack

import httpx2

from exchange.kernel.database import Connection
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from exchange.portal import binding, queries
from exchange.portal.opening import Openings
from exchange.portal.passkeys import parts as passkeys
from exchange.portal.passkeys import queries as challenges
from exchange.portal.provider import Provider
from exchange.portal.settings import PortalSettings
from exchange.subjects.dependents import SubjectDependents

_PATIENCE = 10.0  # seconds for an answer of the provider
TIDYING = "portal-tidying"
_TIDYING = 300.0


async def open_parts(runtime: Runtime, stack: AsyncExitStack) -> None:
    """Register the provider of the settings, and what follows an erasure."""
    passkeys.open_parts(runtime)
    runtime[SubjectDependents].erasure.append(binding.unbind)
    runtime.add(Openings())
    settings = runtime[PortalSettings]
    if settings.portal_issuer is None and not settings.portal_enrolment:
        return

    async def tidy(_leading: Connection) -> None:
        async with runtime.database.sessions() as session:
            await queries.tidy(session, runtime.clock.now())
            await challenges.tidy(session, runtime.clock.now())
            await session.commit()

    runtime[Loops].add(every(_TIDYING, tidy, name=TIDYING, leader=leader_of(runtime.database, TIDYING)))
    if settings.portal_issuer is None:
        return
    client = await stack.enter_async_context(httpx2.AsyncClient(timeout=_PATIENCE, follow_redirects=False))
    runtime.add(Provider(settings, client))
