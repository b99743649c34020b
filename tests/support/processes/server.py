"""A real server process for tests: uvicorn on a port of its own, over the test worker's database."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from exchange.settings import Settings

ROOT = Path(__file__).parents[3]
_PATIENCE = 60.0


def settings_on(port: int, *, database_url: str, data: Path) -> Settings:
    """Settings of an exchange that is reached at the port."""
    return Settings(
        data=data, database_url=database_url, public_url=f"http://localhost:{port}", checkpoint_interval=0.1
    )


@contextmanager
def serve_exchange(settings: Settings, *, workers: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """Serve a founded exchange until the block ends; its standard error goes to `server.log` in the data directory."""
    assert settings.database_url is not None
    port = settings.public_url.rpartition(":")[2]
    environment = os.environ | {
        "EXCHANGE_DATA": str(settings.data),
        "EXCHANGE_DATABASE_URL": settings.database_url.get_secret_value(),
        "EXCHANGE_PUBLIC_URL": settings.public_url,
        "EXCHANGE_CHECKPOINT_INTERVAL": str(settings.checkpoint_interval),
        "EXCHANGE_WITNESS_TIMEOUT": str(settings.witness_timeout),
        "EXCHANGE_WITNESS_CUTOFF": str(settings.witness_cutoff),
        **({"EXCHANGE_WITNESS_POLICY": str(settings.witness_policy)} if settings.witness_policy else {}),
    }
    command = [sys.executable, "-m", "uvicorn", "exchange.app:from_environment", "--factory", "--port", port]
    command += ["--workers", str(workers), "--no-access-log", "--log-level", "warning"]
    with (settings.data / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
        try:
            wait_until_ready(settings.public_url, process)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until the server answers that it can work."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            if httpx2.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        assert process is None or process.poll() is None, "the server ended; its log says why"
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.1)
