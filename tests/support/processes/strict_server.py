"""An application served in the test's process by uvicorn with the protocol of `exchange serve`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from admin.server.head_limit import HeadLimitProtocol


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """The port at which uvicorn serves an application, whose lifespan is the test's."""
    config = uvicorn.Config(app, port=0, http=HeadLimitProtocol, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    loop = asyncio.create_task(server.main_loop())
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await loop
        await server.shutdown()
