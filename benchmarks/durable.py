"""Durable ledger entries per second: group commit on a real PostgreSQL with fsync, by processes and entries in flight.

The entries are those of deliveries, each with a token that may be used once and the fence it demands, as a delivery's is.
Beside it, in the same rounds, Tessera's log in POSIX files, which syncs what it writes before it gives an index; where Go
was there to build it (`make bench` does).
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.figures import ratio, spread
from benchmarks.ground import Ground
from exchange.kernel.database import arguments
from ledger.format import canonical
from ledger.log import store
from ledger.log.head import read_head

IN_FLIGHT = (1, 16, 128)
WORKERS = (1, 2, 4)
ROUNDS = 5
SECONDS = 1.5
PEER = Path("build/tools/peer")
_SAFETY = ("fsync", "synchronous_commit", "full_page_writes")


class Appenders:
    """Processes that append on command."""

    def __init__(self, processes: list["subprocess.Popen[str]"]) -> None:
        self._processes = processes

    def round(self, *, workers: int, in_flight: int, seconds: float = SECONDS) -> dict[str, Any]:
        """Let some of them append at once, each with so many entries in flight; what all did together."""
        chosen = self._processes[:workers]
        for process in chosen:
            _tell(process, {"in_flight": in_flight, "seconds": seconds})
        results = [_hear(process) for process in chosen]
        latencies = sorted(latency for part in results for latency in part["latencies"])
        return {
            "per_s": sum(result["written"] / result["seconds"] for result in results),
            "p50_ms": latencies[len(latencies) // 2] * 1000,
            "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
        }


@contextmanager
def appenders(on: Ground, count: int) -> Iterator[Appenders]:
    """Start `count` processes that append entries like the last delivery's; their size is in `durable.body`."""
    body, fence = asyncio.run(_entry(on))
    first = {"database": on.database, "body": b64encode(body).decode(), "fence": fence}
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.appender"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            processes.append(process)
            _tell(process, first)
        for process in processes:
            _hear(process)
        yield Appenders(processes)
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)


def _tell(process: "subprocess.Popen[str]", document: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(document) + "\n")
    process.stdin.flush()


def _hear(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    document: dict[str, Any] = json.loads(process.stdout.readline())
    return document


async def _entry(on: Ground) -> tuple[bytes, int]:
    """The body of an entry that a delivery left, and where the fence stands."""
    connection = await asyncpg.connect(**arguments(on.database))
    try:
        head = await read_head(connection)
        leaves = await store.read_leaves(connection, max(head.size - 5_000, 0), head.size)
    finally:
        await connection.close()
    [*_, body] = [entry["body"] for entry in map(json.loads, leaves) if entry["body"]["type"] == "delivery.completed"]
    return canonical.dumps(body), head.fence


async def _safety(on: Ground) -> dict[str, str]:
    connection = await asyncpg.connect(**arguments(on.database))
    try:
        return {name: await connection.fetchval(f"SHOW {name}") for name in _SAFETY}
    finally:
        await connection.close()


def _peer(in_flight: int, size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="exchange-peer-") as directory:
        command = [str(PEER), "-directory", directory, "-in-flight", str(in_flight), "-seconds", str(SECONDS)]
        process = subprocess.run([*command, "-bytes", str(size)], capture_output=True, check=True, text=True)
    result: dict[str, Any] = json.loads(process.stdout)
    return result


def measure(on: Ground) -> dict[str, Any]:
    """Rounds of every number of processes and entries in flight, and of the peer, in turns."""
    size = len(asyncio.run(_entry(on))[0])
    shapes = [(workers, in_flight) for workers in WORKERS for in_flight in IN_FLIGHT]
    ours: dict[tuple[int, int], list[dict[str, Any]]] = {shape: [] for shape in shapes}
    peer: dict[int, list[dict[str, Any]]] = {in_flight: [] for in_flight in IN_FLIGHT}
    with appenders(on, max(WORKERS)) as processes:
        for _ in range(ROUNDS):
            for workers, in_flight in shapes:
                ours[workers, in_flight].append(processes.round(workers=workers, in_flight=in_flight))
            if PEER.exists():
                for in_flight in IN_FLIGHT:
                    peer[in_flight].append(_peer(in_flight, size))
    figures: dict[str, Any] = {
        "durable_per_s": {str(count): _figures(ours[1, count])["per_s"]["median"] for count in IN_FLIGHT},
        "workers": {
            str(workers): {str(count): _figures(ours[workers, count]) for count in IN_FLIGHT} for workers in WORKERS
        },
        "entry_bytes": size,
        "postgresql": asyncio.run(_safety(on)),
    }
    if PEER.exists():
        most = str(max(IN_FLIGHT))
        rates = [round_["per_s"] for round_ in peer[max(IN_FLIGHT)]]
        figures["peer"] = {
            "name": "Tessera 1.0.4, POSIX files, fsync",
            "in_flight": {str(count): _figures(peer[count]) for count in IN_FLIGHT},
            "ours_over_peer": {most: ratio([round_["per_s"] for round_ in ours[1, max(IN_FLIGHT)]], rates)},
        }
    return figures


def _figures(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "per_s": spread([round_["per_s"] for round_ in rounds], 0),
        "p50_ms": spread([round_["p50_ms"] for round_ in rounds]),
        "p99_ms": spread([round_["p99_ms"] for round_ in rounds]),
    }
