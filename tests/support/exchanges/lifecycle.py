"""The steps in the life of a ledger, from appending to a new incarnation, and a model to hold it against.

The model is a list of the entries that responses named. From it follows whether a restored database continues what was
signed. Everything else is real: the application, PostgreSQL, the operator's commands, and an auditor who mirrors each
incarnation over HTTP and keeps everything.
"""

import asyncio
import json
import secrets
import shutil
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from pydantic import SecretStr

from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.keys.keyring import KeysDiffer
from exchange.kernel.keys.slots import Slots
from exchange.kernel.loops import Loops
from exchange.publication.parts import CHECKPOINTS
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.format import checkpoint, entry, merkle, note, receipt
from ledger.format.rotation import History
from ledger.log import publication
from ledger.log.anchor import Anchor
from ledger.log.head import read_head
from ledger.verification.mirror import ExportRefused, export
from ledger.verification.verify import verify
from tests.support.exchanges.exchange import Answer, Key
from tests.support.exchanges.people import DATASET, PeopleExchange
from tests.support.exchanges.starting import copy_exchange, restart_exchange
from tests.support.processes.commands import CommandResult, run_in_process

PEOPLE = ("P00001", "P00002", "P00003")


@dataclass(frozen=True)
class Backup:
    """A copy of the database: its name, its incarnation and entries, and how many rotations it knows of."""

    name: str
    incarnation: int
    leaves: tuple[bytes, ...]
    rotations: int


@dataclass(frozen=True)
class Template:
    """The exchange that every lifecycle starts from: its settings, and the name of its database, to be copied."""

    embedded: Embedded
    settings: Settings
    database: str
    exchange: PeopleExchange


@dataclass
class Receipt:
    """A receipt that somebody keeps, with the leaf it is for."""

    incarnation: int
    index: int
    text: str
    leaf: bytes


@dataclass
class Lifecycle:
    """One ledger's lifecycle, in a directory of its own. `leaves` is the model: every entry that a response named, by index."""

    template: Template
    directory: Path
    leaves: list[bytes] = field(default_factory=list)
    signed: list[bytes] = field(default_factory=list)
    incarnation: int = 1
    newest: int = 1
    is_behind: bool = False
    rotations: dict[int, int] = field(default_factory=lambda: {1: 0})
    firsts: dict[int, note.Verifier] = field(default_factory=dict)
    checkpoints: dict[int, dict[int, str]] = field(default_factory=lambda: {1: {}})
    receipts: list[Receipt] = field(default_factory=list)
    erased: set[str] = field(default_factory=set)
    backups: list[Backup] = field(default_factory=list)
    requests: set[bytes] = field(default_factory=set)
    exchange: PeopleExchange = field(init=False)
    is_up: bool = field(init=False, default=False)
    """Whether the exchange runs. It does not start without the key that its database knows."""

    async def begin(self) -> None:
        """Start a copy of the template; its database is the first backup."""
        self._prefix, self._stack, self._count = f"lifecycle_{secrets.token_hex(4)}", AsyncExitStack(), 0
        self._is_mirrored, self._mirrored, self._url = False, 0, ""
        self._settings = copy_exchange(self.template.settings, self.directory / "data")
        self._name = await self._duplicate(self.template.database)
        await self._start()
        assert self.is_up
        self.leaves = await self._read_leaves()
        self.firsts[1] = note.Verifier.parse(json.loads(self.leaves[0])["body"]["vkey"])
        self.signed = list(self.leaves)
        self.backups.append(Backup(self.template.database, 1, tuple(self.leaves), 0))

    async def end(self) -> None:
        """Stop. The databases end with the tests' server: dropping them one by one takes longer than all else."""
        await self._stop()

    # Steps -----------------------------------------------------------------------------------------------------------

    async def request(self, key: Key, method: str, target: str, document: Any = None, **headers: str) -> Answer:
        """Send a request. If its response names an entry, that is the next one, and joins the model."""
        exchange = self.exchange
        body: bytes | None = None
        if document is not None:
            body, headers = json.dumps(document).encode(), headers | {"content-type": "application/json"}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = exchange.sign(key, method, target, body=body, headers=headers)
        answer = await exchange.send(method, target, signed, body)
        if self.is_behind:
            assert (answer.status, answer.problem) == (503, "ledger-halted")
            assert "exchange-entry" not in answer.headers
            return answer
        assert answer.status == 200, answer.content.decode()
        if "exchange-entry" in answer.headers:
            assert int(answer.headers["exchange-entry"]) == len(self.leaves)
            [leaf] = await self._read_leaves(len(self.leaves))
            signature = signed["signature"].split(":")[1].encode()
            assert signature in leaf
            self.requests.add(signature)
            self.leaves.append(leaf)
        return answer

    async def search(self, _person: str) -> None:
        """Append an entry that names nobody."""
        await self.request(self.exchange.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")

    async def deliver(self, person: str) -> None:
        """Append an entry that names a person, with sealed details."""
        question = {"dataset": DATASET, "filters": [{"field": "person_id", "op": "eq", "value": person}]}
        key = self.exchange.consumer.system
        await self.request(key, "POST", "/api/v1/deliveries", question, exchange_purpose="talent-service")

    async def erase(self, person: str) -> None:
        """Destroy what is sealed about a person."""
        document = {"dataset": DATASET, "value": person, "basis": "consent-withdrawn"}
        answer = await self.request(self.exchange.keys["operator"], "POST", "/api/v1/subjects/erasure", document)
        if not self.is_behind and answer.json["outcome"] != "nothing-held":
            self.erased.add(answer.json["subject"])

    async def read(self, person: str) -> None:
        """Read a person's sealed details. None of an erased person can be read."""
        key, wanted = self.exchange.keys["auditor"], {"dataset": DATASET, "value": person}
        answer = await self.request(key, "POST", "/api/v1/subjects/details", wanted)
        if not self.is_behind:
            for detail in answer.json["details"]:
                assert detail["subject"] not in self.erased or detail["details"] is None

    async def sign(self) -> None:
        """Publish a checkpoint, as the publisher does at each interval."""
        publisher = self.exchange.runtime[Publisher]
        async with self.exchange.runtime.database.pool.acquire() as connection:
            assert await publisher.publish(connection) is not self.is_behind
        if not self.is_behind:
            self.signed = list(self.leaves)

    async def keep_receipt(self, index: int) -> None:
        """Fetch and keep the receipt of a signed entry, unless the database is behind."""
        if self.is_behind:
            return
        index %= len(self.signed)
        text = (await self.exchange.send("GET", f"/ledger/receipts/{index}", {})).content.decode()
        leaf = (await self.exchange.send("GET", f"/ledger/entries/{index}", {})).content
        assert leaf == self.leaves[index]
        self.receipts.append(Receipt(self.incarnation, index, text, leaf))

    async def rotate(self) -> None:
        """Rotate the ledger's key."""
        result = await self._type("keys", "rotate", "ledger")
        assert result.status == (1 if self.is_behind else 0), result.err
        if not self.is_behind:
            self.leaves += await self._read_leaves(len(self.leaves))
            assert entry.parse(self.leaves[-1]).body["type"] == "key.rotated"
            self.rotations[self.incarnation] += 1
            await self.sign()

    async def back_up(self) -> None:
        """Back up the database."""
        await self._stop()
        self.backups.append(self._backup(await self._duplicate(self._name)))
        await self._start()

    async def restore(self, backup: Backup) -> None:
        """Restore a backup. The replaced database becomes a backup too, unless it is behind."""
        await self._stop()
        if not self.is_behind:
            self.backups.append(self._backup(self._name))
        self._name = await self._duplicate(backup.name)
        self.leaves, self.incarnation = list(backup.leaves), backup.incarnation
        self.is_behind = backup.incarnation != self.newest or self.leaves[: len(self.signed)] != self.signed
        await self._start()
        # A backup from before a rotation knows a key that is no longer in force, and is behind.
        assert self.is_up is (backup.rotations == self.rotations[backup.incarnation])
        assert self.is_up or self.is_behind

    async def begin_anew(self) -> None:
        """Begin a new incarnation, with the operator's command."""
        await self._stop()
        before = self.checkpoints[self.newest]
        result = await self._type("ledger", "new-incarnation", "--yes")
        assert result.status == 0, result.err
        archive = self.directory / "data" / "archive" / str(self.incarnation)
        report = verify(archive, verifier=self.firsts[self.incarnation])
        assert report.is_ok, report.text()
        hashes = [merkle.leaf_hash(leaf) for leaf in self.leaves]
        self.newest = self.incarnation = self.newest + 1
        self.rotations[self.newest], self.checkpoints[self.newest], self.is_behind = 0, {}, False
        [leaf] = self.leaves = await self._read_leaves()
        body = entry.parse(leaf).body
        assert (body["type"], body["origin"]) == ("ledger.incarnated", self._origin(self.newest))
        assert (body["predecessor"], body["checkpoint"]) == (self._origin(self.newest - 1), before[max(before)])
        assert (body["kept"], body["root"]) == (len(hashes), merkle.root(hashes).hex())
        self.firsts[self.newest] = note.Verifier.parse(body["vkey"])
        await self._start()
        assert self.is_up

    # Invariants ------------------------------------------------------------------------------------------------------

    async def examine(self) -> None:
        """Check the ledger against the model, and against everything that was published before."""
        assert await self._read_leaves() == self.leaves
        for number, leaf in enumerate(self.leaves):
            parsed = entry.parse(leaf)
            assert parsed.seq == number
            assert parsed.prev == (merkle.leaf_hash(self.leaves[number - 1]) if number else entry.GENESIS)
        for signature in self.requests:
            assert sum(signature in leaf for leaf in self.leaves) <= 1
        await self._examine_erased()
        if self.is_up:
            await self._examine_mirror()
        known = self.checkpoints[self.newest]
        anchor = Anchor(self._settings.anchor, self._origin(self.newest))
        assert anchor.read() == known[max(known)]
        assert anchor.successor() is None

    async def _examine_erased(self) -> None:
        """Check that no erased person has a secret, despite the rows that a backup brought back."""
        async with self._database() as database:
            rows = await database.fetch("SELECT encode(pseudonym, 'hex') AS pseudonym, slot FROM subjects")
        slots = self._slots  # of the last start: they lie in the data directory, also while the exchange is down
        assert [row for row in rows if row["pseudonym"] in self.erased and slots.read(row["slot"]) is not None] == []

    async def _examine_mirror(self) -> None:
        """Check as the auditor: the log continues the mirror, or the mirror refuses it."""
        mirror, first = self.directory / "mirror" / str(self.incarnation), self.firsts[self.incarnation]
        known, runtime = self.checkpoints[self.incarnation], self.exchange.runtime
        async with runtime.database.pool.acquire() as connection:
            signed = {row.size: row.note for row in await publication.checkpoints(connection, after=0, limit=1000)}
            halted = (await read_head(connection)).halted
        assert (halted is not None) is self.is_behind
        ready = await self.exchange.send("GET", "/readyz", {})
        assert ready.status == (503 if self.is_behind else 200)
        if self.is_behind:
            assert signed.items() <= known.items()  # nothing new, and nothing else
            if max(signed) < max(known) and not self._is_mirrored:
                self._is_mirrored = True
                try:
                    await asyncio.to_thread(export, self._url, mirror, verifier=first)
                except ExportRefused:
                    pass
                else:
                    raise AssertionError("the mirror accepted an older checkpoint")
            return
        assert all(signed.get(size) == text for size, text in known.items() if size <= max(signed))
        known.update(signed)
        if not self._is_mirrored or self._mirrored != max(known):
            exported = await asyncio.to_thread(export, self._url, mirror, verifier=first)
            assert exported.report.is_ok, exported.report.text()
            self._is_mirrored, self._mirrored = True, max(known)
        report = verify(mirror, verifier=first, known=list(known.values()))
        assert report.is_ok, report.text()
        assert report.size == len(self.signed) == max(known)
        self._examine_receipts(mirror, first)

    def _examine_receipts(self, mirror: Path, first: note.Verifier) -> None:
        """Check that every receipt of this incarnation verifies under the keys that the auditor has by now."""
        rotated = mirror / "rotations"
        keys = History.from_announcements(json.loads(rotated.read_text())) if rotated.exists() else History.of(first)
        for kept_receipt in self.receipts:
            if kept_receipt.incarnation == self.incarnation:
                text = receipt.Receipt.parse(kept_receipt.text).checkpoint
                size = checkpoint.parse(note.text_of(text)).size
                assert self.checkpoints[self.incarnation][size] == text
                assert self.leaves[kept_receipt.index] == kept_receipt.leaf
                receipt.verify_receipt(kept_receipt.text, kept_receipt.leaf, keys)

    def examine_former(self) -> None:
        """Check that the mirrors of former incarnations verify, with every checkpoint they ever had."""
        for number in range(1, self.newest):
            known = list(self.checkpoints[number].values())
            report = verify(self.directory / "mirror" / str(number), verifier=self.firsts[number], known=known)
            assert report.is_ok, report.text()

    # Starting, stopping, copying -------------------------------------------------------------------------------------

    async def _start(self) -> None:
        settings = self._settings.model_copy(update={"database_url": SecretStr(self._address(self._name))})
        self._stack, self.is_up, self._is_mirrored = AsyncExitStack(), True, False
        try:
            exchange = await self._stack.enter_async_context(restart_exchange(settings))
        except KeysDiffer:
            self.is_up = False
            return
        self.exchange = replace(
            self.template.exchange,
            app=exchange.app,
            client=exchange.client,
            database_url=self._address(self._name),
        )
        self._slots = exchange.runtime[Slots]
        # The protocol is named, since asyncio turns off Nagle's delay only where it is.
        listening = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        listening.bind(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(exchange.app, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve([listening]))

        async def end() -> None:
            server.should_exit = True
            await serving

        self._stack.push_async_callback(end)
        await self._settle()

    async def _settle(self) -> None:
        """Wait until the start has signed everything, or halted, and signs nothing more by itself."""
        async with asyncio.timeout(30):
            await self.exchange.runtime[Loops][CHECKPOINTS].tick()
            while True:
                async with self.exchange.runtime.database.pool.acquire() as connection:
                    head, newest = await read_head(connection), await publication.latest(connection)
                if head.halted is not None or (newest is not None and newest.size == head.size):
                    break
                await asyncio.sleep(0.01)
        if head.halted is None:
            self.signed = list(self.leaves)

    async def _stop(self) -> None:
        await self._stack.aclose()
        self._stack, self.is_up = AsyncExitStack(), False

    def _backup(self, name: str) -> Backup:
        return Backup(name, self.incarnation, tuple(self.leaves), self.rotations[self.incarnation])

    def _origin(self, incarnation: int) -> str:
        return self._settings.origin(incarnation)

    def _address(self, name: str) -> str:
        return self.template.embedded.url(name)

    async def _duplicate(self, name: str) -> str:
        """Copy a database without connections."""
        self._count += 1
        copy = f"{self._prefix}_{self._count}"
        async with self._server() as server:
            await server.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
        return copy

    async def _type(self, *words: str) -> CommandResult:
        environment = {"EXCHANGE_DATABASE_URL": self._address(self._name)}
        return await asyncio.to_thread(
            run_in_process, *words, "--data", self.directory / "data", environment=environment
        )

    def _server(self) -> "_Connected":
        return _Connected(self._address("postgres"))

    def _database(self) -> "_Connected":
        return _Connected(self._address(self._name))

    async def _read_leaves(self, start: int = 0) -> list[bytes]:
        async with self._database() as database:
            rows = await database.fetch("SELECT leaf FROM ledger_entry WHERE seq >= $1 ORDER BY seq", start)
        return [row["leaf"] for row in rows]


class _Connected:
    """A connection for the length of a block."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await asyncpg.connect(**arguments(self._url))
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


def discard(directory: Path) -> None:
    """Delete a lifecycle's directory."""
    shutil.rmtree(directory, ignore_errors=True)
