"""One demonstration for all tests of what it leaves."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.data_directory import DataDirectory
from admin.server import reaching
from tests.support.processes.commands import Demonstration, list_processes, run


@pytest.fixture(autouse=True)
def _no_other_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find no exchange but those of these tests."""
    for name in [name for name in os.environ if name.startswith("EXCHANGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def worker_directory() -> Iterator[Path]:
    """A directory of this test worker.

    Not below pytest's: another run's start closes that to the user whom the embedded database runs as.
    """
    with tempfile.TemporaryDirectory(prefix="exchange-admin-") as directory:
        yield Path(directory).resolve()


@pytest.fixture(scope="session")
def demo(worker_directory: Path) -> Demonstration:
    directory = worker_directory / "demo"
    result = run("demo", "--directory", directory)
    assert result.status == 0, result.out + result.err
    exchange = directory / "exchange"
    files = (exchange / "server.json", exchange / "postgres" / "postmaster.pid")
    left = list_processes(directory) + [str(file) for file in files if file.exists()]
    return Demonstration(directory, result.out, left)


@pytest.fixture(scope="session")
def served(demo: Demonstration) -> Iterator[tuple[DataDirectory, str]]:
    """The demonstration's exchange, being served, and its address."""
    directory = DataDirectory(demo.directory / "exchange")
    server = reaching.start(directory)
    yield directory, server.url
    server.stop()
