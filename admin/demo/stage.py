"""The stage of the demonstration: a fresh exchange in a directory, a server, and clients whose requests are counted."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from admin import founding
from admin.demo.cast import OPERATOR_CODE
from admin.demo.materials import Material
from admin.demo.narrator import Narrator
from admin.joining import Joined
from admin.places import DataDirectory
from admin.server import reaching
from admin.server.reaching import Started
from admin.terminal import CannotDo
from data_exchange_client.api import Client
from data_exchange_client.delivery import Delivery
from data_exchange_client.keys import SigningKey
from data_exchange_client.trust import Trust
from exchange.kernel.embedded import Embedded

_MARK = ".demo"
_MARK_TEXT = "What lies here was made by `exchange demo`, which replaces it when it runs again.\n"
_PARTS = ("exchange", "ledger", "tampered", "platform", "departments")


class Counted(httpx2.BaseTransport):
    """The network, with a count of what was sent."""

    def __init__(self, tally: "Tally") -> None:
        self._inner = httpx2.HTTPTransport()
        self._tally = tally

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        self._tally.requests += 1
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


@dataclass(slots=True)
class Tally:
    """What has happened so far, as the participants counted it."""

    requests: int = 0
    refusals: int = 0


@dataclass(slots=True)
class Stage:
    """Everything the chapters share, and what earlier ones leave for later ones, by the owner's handle."""

    directory: Path
    data: DataDirectory
    url: str
    server: Started
    embedded: Embedded
    trust: Trust
    narrator: Narrator
    tally: Tally = field(default_factory=Tally)
    joined: dict[str, Joined] = field(default_factory=dict)
    materials: Sequence[Material] = ()
    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    agreements: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    checkpoints: list[str] = field(default_factory=list)

    def client(
        self, key: SigningKey | None, *, through: Callable[[httpx2.BaseTransport], httpx2.BaseTransport] | None = None
    ) -> Client:
        """A client of a participant, which believes this exchange only; `through` is what sits on its way."""
        way: httpx2.BaseTransport = Counted(self.tally)
        return Client(self.url, key, trust=self.trust, transport=through(way) if through else way)

    def steward(self, handle: str) -> Client:
        """The client of a participant's steward."""
        return self.client(self.joined[handle].steward)

    def system(self, handle: str) -> Client:
        """The client of a participant's system."""
        return self.client(self.joined[handle].system)

    def part(self, name: str) -> Path:
        """One of the directories that the demonstration leaves."""
        return self.directory / name


def demand(condition: object, otherwise: str) -> None:
    """Stop the demonstration where something is not as it tells: it shows what happens, and asserts nothing else."""
    if not condition:
        raise CannotDo(
            f"the demonstration did not go as it has to: {otherwise}", hint="this is a defect; please report it"
        )


@contextmanager
def set_up(directory: Path, narrator: Narrator, *, port: int | None) -> Iterator[Stage]:
    """A new exchange with its server; both are stopped at the end. Raises CannotDo."""
    data = DataDirectory(directory / "exchange")
    _clear(directory, data)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / _MARK).write_text(_MARK_TEXT, encoding="utf-8")
    for part in ("platform", "departments"):
        (directory / part).mkdir()
    data.path.mkdir()
    with ExitStack() as stack:
        founding.initialise(
            data, handle="demo-operator", code=OPERATOR_CODE, name_zh="运营单位（演示）", name_en="Operator (demo)"
        )
        # Held throughout, so that the server finds it running, and a department can have its own database in it.
        embedded = Embedded(data.settings().data)
        stack.callback(embedded.close)
        environment = {
            "EXCHANGE_CHECKPOINT_INTERVAL": "0.2",
            "EXCHANGE_SOURCE_HOSTS": embedded.socket,  # the department's database is on this server too
        }
        server = reaching.start(data, port=port, environment=environment)
        stack.callback(server.stop)
        yield Stage(directory, data, server.url, server, embedded, data.trust(), narrator)


def _clear(directory: Path, data: DataDirectory) -> None:
    """Remove what an earlier demonstration left, and nothing else."""
    if not directory.exists():
        return
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / _MARK).is_file()):
        raise CannotDo(f"{directory} holds something else than a demonstration", hint="name another with --directory")
    if (url := reaching.running_at(data)) is not None:
        pid = json.loads(data.server_file.read_text(encoding="utf-8"))["pid"]
        raise CannotDo(f"an earlier demonstration is still being served at {url}", hint=f"end process {pid} first")
    if (data.path / "postgres" / "postmaster.pid").exists():
        # A database that outlived its demonstration is stopped in the regular way before its files go.
        Embedded(data.settings().data).close()
    for part in _PARTS:
        shutil.rmtree(directory / part, ignore_errors=True)
