"""The environment of the demonstration: a fresh exchange in a directory, its server, and clients that count requests."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from admin import database, founding
from admin.data_directory import DataDirectory
from admin.demo.materials import Material
from admin.demo.output import Output
from admin.demo.participants import OPERATOR_CODE
from admin.joining import Joined
from admin.server import reaching
from admin.server.reaching import Server
from admin.terminal import CannotDo
from data_exchange_client.api import Client
from data_exchange_client.delivery import Delivery
from data_exchange_client.keys import SigningKey
from data_exchange_client.trust import Trust
from exchange.kernel.embedded import Embedded
from exchange.kernel.settings_sources import file_of
from groundwork import durable

_MARK = ".demo"
_MARK_TEXT = "What lies here was made by `exchange demo`, which replaces it when it runs again.\n"
_PARTS = ("exchange", "ledger", "tampered", "platform", "departments")


class CountingTransport(httpx2.BaseTransport):
    """An HTTP transport that counts requests."""

    def __init__(self, counts: "Counts") -> None:
        self._inner = httpx2.HTTPTransport()
        self._counts = counts

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        self._counts.requests += 1
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


@dataclass(slots=True)
class Counts:
    """Requests that the participants sent, and refusals among the answers."""

    requests: int = 0
    refusals: int = 0


@dataclass(slots=True)
class Environment:
    """The shared state of the steps. Dictionaries hold the results of earlier steps by the owner's handle."""

    directory: Path
    data: DataDirectory
    url: str
    server: Server
    embedded: Embedded
    trust: Trust
    output: Output
    counts: Counts = field(default_factory=Counts)
    joined: dict[str, Joined] = field(default_factory=dict)
    materials: Sequence[Material] = ()
    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    agreements: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    checkpoints: list[str] = field(default_factory=list)

    def client(
        self, key: SigningKey | None, *, through: Callable[[httpx2.BaseTransport], httpx2.BaseTransport] | None = None
    ) -> Client:
        """A client that trusts this exchange only; `through` wraps its transport."""
        transport: httpx2.BaseTransport = CountingTransport(self.counts)
        return Client(self.url, key, trust=self.trust, transport=through(transport) if through else transport)

    def steward(self, handle: str) -> Client:
        """The client of a participant's steward."""
        return self.client(self.joined[handle].steward)

    def system(self, handle: str) -> Client:
        """The client of a participant's system."""
        return self.client(self.joined[handle].system)

    def mark_end(self) -> None:
        """Remember how many entries the demonstration made: further ones are somebody's own."""
        state = database.read_state(self.embedded.url())
        text = _MARK_TEXT + json.dumps({"entries": state.entries}) + "\n"
        durable.write(self.directory / _MARK, text.encode(), mode=0o644, sync=False)

    def part(self, name: str) -> Path:
        """One of the directories that stay after the demonstration."""
        return self.directory / name


def require(condition: object, otherwise: str) -> None:
    """Stop the demonstration if the condition does not hold, since its output would be wrong. Raises CannotDo."""
    if not condition:
        raise failure(otherwise)


def failure(reason: str) -> CannotDo:
    """The error of a demonstration that cannot go on."""
    return CannotDo(f"the demonstration did not go as it has to: {reason}", hint="this is a defect; please report it")


@contextmanager
def set_up(directory: Path, output: Output, *, port: int | None, replace: bool) -> Iterator[Environment]:
    """Found an exchange and start its server; both are stopped at the end of the block. Raises CannotDo."""
    data = DataDirectory(directory / "exchange")
    _clear(directory, data, replace=replace)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / _MARK).write_text(_MARK_TEXT, encoding="utf-8")
    for part in ("platform", "departments"):
        (directory / part).mkdir()
    data.path.mkdir()
    with ExitStack() as stack:
        founding.initialise(
            data, handle="demo-operator", code=OPERATOR_CODE, name_zh="运营单位（演示）", name_en="Operator (demo)"
        )
        # Runs throughout: the server uses it, and a department has its own database in it.
        embedded = Embedded(data.path.absolute())
        stack.callback(embedded.close)
        # The department's database runs on this PostgreSQL server too.
        text = f"checkpoint_interval = 0.2\nsource_hosts = [{json.dumps(embedded.socket)}]\n"
        durable.write(file_of(data.path), text.encode())
        server = reaching.start(data, port=port)
        stack.callback(server.stop)
        yield Environment(directory, data, server.url, server, embedded, data.trust(), output)


def _clear(directory: Path, data: DataDirectory, *, replace: bool) -> None:
    """Remove the files of an earlier demonstration, and nothing else; what was added to it only with `replace`.

    Raises CannotDo.
    """
    if not directory.exists():
        return
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / _MARK).is_file()):
        raise CannotDo(f"{directory} holds something else than a demonstration", hint="name another with --directory")
    if (url := reaching.running_at(data)) is not None:
        pid = json.loads(data.server_file.read_text(encoding="utf-8"))["pid"]
        raise CannotDo(f"an earlier demonstration is still being served at {url}", hint=f"end process {pid} first")
    if (data.path / "postgres").exists() and not replace:
        _require_unchanged(directory, data)
    if (data.path / "postgres" / "postmaster.pid").exists():
        # A database that outlived its demonstration is stopped before its files go.
        Embedded(data.path.absolute()).close()
    for part in _PARTS:
        shutil.rmtree(directory / part, ignore_errors=True)


def _require_unchanged(directory: Path, data: DataDirectory) -> None:
    """Raise CannotDo where somebody added entries to the exchange of an earlier demonstration, such as a dataset."""
    marked = (directory / _MARK).read_text(encoding="utf-8").splitlines()[-1:]
    made = json.loads(marked[0]).get("entries") if marked and marked[0].startswith("{") else None
    if made is None:  # that demonstration was broken off
        return
    embedded = Embedded(data.path.absolute())
    try:
        added = database.read_state(embedded.url()).entries - made
    finally:
        embedded.close()
    if added > 0:
        raise CannotDo(
            f"{data.path} has {added} entries that were added after the demonstration, which would be lost",
            hint=f"go on with it: `exchange serve --data {data.path}`; give it up: `make demo DEMO=--replace`; or make "
            f"another beside it: `make demo DEMO='--directory build/another'`",
        )
