"""The environment of the demonstration: a fresh exchange in a directory, its server, and clients that count requests."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from admin import database, founding
from admin.data_directory import DataDirectory
from admin.demo import earlier
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
    """Requests that the participants sent, refusals among the answers, and datasets that were published."""

    requests: int = 0
    refusals: int = 0
    datasets: int = 0


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
        earlier.mark(self.directory, database.read_state(self.embedded.url()).entries)

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
def set_up(directory: Path, output: Output, *, port: int | None) -> Iterator[Environment]:
    """Found an exchange in place of an earlier one and start its server; both are stopped at the end of the block.

    Raises CannotDo.
    """
    data = DataDirectory(directory / "exchange")
    earlier.clear(directory, data)
    directory.mkdir(parents=True, exist_ok=True)
    earlier.mark(directory)
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
        # A person without an identity provider enrols with the code of a desk.
        text += "portal_enrolment = true\n"
        durable.write(file_of(data.path), text.encode())
        server = reaching.start(data, port=port)
        stack.callback(server.stop)
        yield Environment(directory, data, server.url, server, embedded, data.trust(), output)
