"""The cluster that every test process copies is complete, even after a process was killed while making it."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.kernel.embedded import Embedded
from exchange.migrations import commands
from tests.support.processes.server import ROOT
from tests.support.services.cluster import DATABASE, OWNER

COPY = """
import sys
from pathlib import Path
from tests.support.services.cluster import copy_cluster
copy_cluster(Path(sys.argv[1]), clusters=Path(sys.argv[2]))
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory outside pytest's, whose next run would close it to the user of PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        yield Path(directory)


@pytest.mark.endurance
def test_two_processes_at_once_make_one_cluster_after_a_third_was_killed(directory: Path) -> None:
    clusters, copies = directory / "clusters", [directory / "one", directory / "two"]
    killed = clusters / "0123456789abcdef.half-made"
    killed.mkdir(parents=True)
    (killed / "PG_VERSION").write_text("18\n")
    for copy in copies:
        copy.mkdir()
    command = [sys.executable, "-c", COPY]
    processes = [subprocess.Popen([*command, copy / "postgres", clusters], cwd=ROOT) for copy in copies]
    assert [process.wait(200) for process in processes] == [0, 0]

    assert not killed.exists()
    [cluster] = [path for path in clusters.iterdir() if path.is_dir()]
    names = sorted(path.relative_to(cluster) for path in cluster.rglob("*"))
    for copy in copies:
        assert sorted(path.relative_to(copy / "postgres") for path in (copy / "postgres").rglob("*")) == names
    server = Embedded(copies[0])
    try:
        assert asyncio.run(commands.current(server.url(DATABASE))) == commands.newest()
        assert asyncio.run(commands.current(server.url(OWNER))) is None
    finally:
        server.close()
