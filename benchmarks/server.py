"""The server under measurement: the exchange as `exchange serve` runs it, with two routes that only a benchmark needs.

`/bare` is what the governed read is compared with: the same document, as a FastAPI route of the same process returns it
when nothing is verified, decided, read, recorded or signed.
"""

import json
import os
import sys
import time
from typing import Any

from fastapi import FastAPI

from admin.server import serving
from benchmarks.stages import Stages
from exchange.app import from_environment

ANSWER = "BENCHMARK_ANSWER"


def create() -> FastAPI:
    """The exchange of the environment, with the benchmark's routes."""
    app = from_environment()
    document = json.loads(os.environ.get(ANSWER, "{}"))
    stages = Stages()

    @app.get("/bare", include_in_schema=False)
    async def bare() -> dict[str, Any]:
        return document  # type: ignore[no-any-return]

    # Routes are tried in order, and the one to beat must not pay for those of the exchange.
    app.router.routes.insert(0, app.router.routes.pop())

    @app.post("/benchmark/stages", include_in_schema=False)
    async def start() -> None:
        stages.start()

    @app.delete("/benchmark/stages", include_in_schema=False)
    async def stop() -> dict[str, Any]:
        stages.stop()
        return stages.report() | {"cpu": time.process_time()}

    return app


if __name__ == "__main__":
    serving.run(host="127.0.0.1", port=int(sys.argv[1]), workers=1, app="benchmarks.server:create")
