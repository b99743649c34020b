"""Witnesses as real processes: our own, and litewitness, an implementation by others."""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from admin.server.reaching import free_port
from ledger.format import merkle, note
from ledger.format.cosignature import parse_key
from ledger.witness import commands, keys, state
from tests.support.processes.server import ROOT

_PATIENCE = 30.0
LITEWITNESS = Path(os.environ.get("LITEWITNESS", ROOT / "build" / "tools" / "litewitness"))


@dataclass
class WitnessProcess:
    """A running witness: its address and its verifier keys, the Ed25519 one first."""

    url: str
    vkeys: list[str]
    process: subprocess.Popen[str]

    def add(self, body: str | bytes) -> httpx2.Response:
        content = body.encode() if isinstance(body, str) else body
        return httpx2.post(f"{self.url}/add-checkpoint", content=content, timeout=30)


def witness_command(*arguments: str | Path, program: str | None = None) -> list[str]:
    """The command `ledger witness`, or a program that ends in it."""
    command = ["-m", "ledger"] if program is None else ["-c", program]
    return [sys.executable, *command, "witness", *(str(argument) for argument in arguments)]


def run_witness(*arguments: str | Path, status: int = 0) -> str:
    """Run `ledger witness` to its end and return its output: of stderr where it fails."""
    result = subprocess.run(
        witness_command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    return result.stdout if status == 0 else result.stderr


def make_witness(directory: Path, *vkeys: str, name: str = "witness.example/w1") -> list[str]:
    """Make a witness with these logs on its list, and return its verifier keys."""
    directory.mkdir(mode=0o700, parents=True)
    pairs = keys.make(directory / commands.KEYS, name=name)
    trust_logs(directory, *vkeys)
    return [key.cosigner.vkey for key in pairs]


def trust_logs(directory: Path, *vkeys: str) -> None:
    """Add logs to a witness's list, while it runs or not."""
    with state.open_state(directory / commands.DATABASE) as opened:
        for vkey in vkeys:
            key = parse_key(vkey)
            opened.trust(key.name, key)


@contextmanager
def serve_witness(directory: Path, *, port: int = 0, program: str | None = None) -> Iterator[WitnessProcess]:
    """Serve a witness until the block ends."""
    command = witness_command("serve", directory, "--port", str(port), program=program)
    with (directory / "server.log").open("a") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.fullmatch(r"witness at (http://\S+)\n", line)
            assert match, (directory / "server.log").read_text()
            vkeys = [key.cosigner.vkey for key in keys.read(directory / commands.KEYS)]
            yield WitnessProcess(match[1], vkeys, process)
        finally:
            end_process(process)


def end_process(process: subprocess.Popen[str]) -> None:
    """End a process that may have ended already."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def serve_litewitness(
    directory: Path, *logs: note.Verifier, name: str = "witness.example/lite"
) -> Iterator[WitnessProcess]:
    """Serve torchwood's litewitness, with a key in an agent of its own. Skips the test if it is not built."""
    if not LITEWITNESS.exists():
        pytest.skip("no litewitness binary: neither LITEWITNESS nor build/tools/litewitness")
    directory.mkdir(parents=True, exist_ok=True)
    key, socket, database = directory / "key", directory / "agent", directory / "litewitness.db"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL, text=True)
    try:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        _until(socket.exists)
        environment = os.environ | {"SSH_AUTH_SOCK": str(socket)}
        subprocess.run(["ssh-add", "-q", key], env=environment, check=True)
        printed = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True).stdout
        _list(database, logs)
        port = free_port()
        with (directory / "server.log").open("w+") as log:
            command = [str(LITEWITNESS), "-db", str(database), "-name", name, "-ssh-agent", str(socket)]
            command += ["-key", printed.split()[1], "-listen", f"127.0.0.1:{port}"]
            process = subprocess.Popen(command, stderr=log, text=True)
            try:
                url = f"http://127.0.0.1:{port}"
                _until(lambda: _answers(url))
                [vkey] = re.findall(r"vkey=\"?([^\s\"]+)", (directory / "server.log").read_text())
                yield WitnessProcess(url, [vkey], process)
            finally:
                end_process(process)
    finally:
        end_process(agent)


def _list(database: Path, logs: tuple[note.Verifier, ...]) -> None:
    """Write logs into litewitness's database, as its tool witnessctl does."""
    connection = sqlite3.connect(database)
    connection.executescript(
        "CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL);"
        "CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin));"
    )
    for log in logs:
        root = note.encode_base64(merkle.EMPTY_ROOT)
        connection.execute("INSERT INTO log VALUES (?, 0, ?)", (log.name, root))
        connection.execute("INSERT INTO key VALUES (?, ?)", (log.name, log.vkey))
    connection.commit()
    connection.close()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def _until(holds) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
