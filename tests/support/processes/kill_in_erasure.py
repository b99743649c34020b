"""A process that erases a person and ends at one step of it, as if killed.

`python -m tests.support.processes.kill_in_erasure STEP`.

What it works on comes as JSON on standard input; it ends with status 9 at its step, or with 0 where it got by it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import nacl.signing

from exchange.app import create_app
from exchange.kernel.keys.slots import Slots
from exchange.settings import Settings
from exchange.subjects import keys, queries
from ledger.log import store
from tests.support.exchanges.exchange import Exchange, Key

STEPS: dict[str, tuple[Any, str, bool]] = {
    "ordered": (queries, "destroy", False),
    "deleted": (queries, "destroy", True),
    "appended": (store, "append", True),
    "committed": (keys, "finish_erasures", False),
    "not-yet-destroyed": (Slots, "destroy", False),
    "destroyed": (Slots, "destroy", True),
    "noted": (queries, "mark_destroyed", True),
}
"""By name: the function at which the process is gone, and whether that is done before."""


def _fatal(function: Callable[..., Any], *, is_done: bool) -> Callable[..., Any]:
    async def later(*values: Any, **named: Any) -> None:
        if is_done:
            await function(*values, **named)
        os._exit(9)

    def now(*values: Any, **named: Any) -> None:
        if is_done:
            function(*values, **named)
        os._exit(9)

    return later if asyncio.iscoroutinefunction(function) else now


async def main(step: str) -> None:
    given = json.load(sys.stdin)
    settings = Settings(data=Path(given["data"]), database_url=given["database"], retention_days=0)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        place, name, is_done = STEPS[step]
        setattr(place, name, _fatal(getattr(place, name), is_done=is_done))
        key = Key(nacl.signing.SigningKey(bytes.fromhex(given["key"])))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=settings.public_url) as client:
            exchange = Exchange(app, client, {})
            await exchange.call(key, "POST", "/api/v1/subjects/erasure", given["erasure"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
