"""The life of one ledger, step by step: taken in, signed, rotated, erased, backed up, restored, begun anew; and its model.

The model is a plain list of the entries that were answered, and what can be concluded from it: whether a database that
was put back continues what was signed. All else is real: the application, PostgreSQL, the operator's commands, and an
auditor who mirrors each incarnation over HTTP and never throws anything away.
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
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.format import checkpoint, entry, merkle, note
from ledger.format import receipt as proof
from ledger.format.rotation import History
from ledger.log import publication, store
from ledger.log.anchor import Anchor
from ledger.verification.mirror import ExportRefused, export
from ledger.verification.verify import verify
from tests.exchange.subjects.test_subjects import DATASET, Stage
from tests.support.commands import Ran, typed
from tests.support.founded import moved, resumed
from tests.support.world import Answer, Key

PEOPLE = ("P00001", "P00002", "P00003")


@dataclass(frozen=True)
class Copy:
    """A database that can be put back: its name, what was in it, and which key of its incarnation it knows last."""

    name: str
    incarnation: int
    leaves: tuple[bytes, ...]
    rotations: int


@dataclass(frozen=True)
class Place:
    """Where lives begin: a founded exchange in use, as settings, a database to copy, and who is on it."""

    embedded: Embedded
    settings: Settings
    database: str
    stage: Stage


@dataclass
class Receipt:
    """What somebody was given once and has kept."""

    incarnation: int
    index: int
    text: str
    leaf: bytes


@dataclass
class Life:
    """One life, in a directory of its own. `leaves` is the model: every entry that was answered, by its index."""

    place: Place
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
    copies: list[Copy] = field(default_factory=list)
    sent: set[bytes] = field(default_factory=set)
    stage: Stage = field(init=False)
    is_up: bool = field(init=False, default=False)
    """Whether there is an exchange to ask; without the key that its database knows it does not start."""

    async def begin(self) -> None:
        """An exchange that was founded, is in use, and has a backup of that time."""
        self._prefix, self._stack, self._count = f"life_{secrets.token_hex(4)}", AsyncExitStack(), 0
        self._is_mirrored, self._mirrored, self._url = False, 0, ""
        self._settings = moved(self.place.settings, self.directory / "data")
        self._name = await self._duplicate(self.place.database)
        await self._start()
        assert self.is_up
        self.leaves = await self._found()
        self.firsts[1] = note.Verifier.parse(json.loads(self.leaves[0])["body"]["vkey"])
        self.signed = list(self.leaves)
        self.copies.append(Copy(self.place.database, 1, tuple(self.leaves), 0))

    async def end(self) -> None:
        """Stop. The databases go with the tests' server, since dropping them one by one takes longer than all the rest."""
        await self._stop()

    # What can be done ------------------------------------------------------------------------------------------------

    async def ask(self, key: Key, method: str, target: str, document: Any = None, **headers: str) -> Answer:
        """A request; where its answer names an entry, that is there, it is the next one, and the model has it."""
        world, body = self.stage.world, None
        if document is not None:
            body, headers = json.dumps(document).encode(), headers | {"content-type": "application/json"}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = world.signed(key, method, target, body=body, headers=headers)
        answer = await world.send(method, target, signed, body)
        if self.is_behind:
            assert (answer.status, answer.problem) == (503, "ledger-halted")
            assert "exchange-entry" not in answer.headers
            return answer
        assert answer.status == 200, answer.content.decode()
        if "exchange-entry" in answer.headers:
            assert int(answer.headers["exchange-entry"]) == len(self.leaves)
            [leaf] = await self._found(len(self.leaves))
            signature = signed["signature"].split(":")[1].encode()
            assert signature in leaf
            self.sent.add(signature)
            self.leaves.append(leaf)
        return answer

    async def search(self, _person: str) -> None:
        """An entry about nobody."""
        await self.ask(self.stage.world.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")

    async def deliver(self, person: str) -> None:
        """An entry that names a person, with details sealed beside it."""
        question = {"dataset": DATASET, "filters": [{"field": "person_id", "op": "eq", "value": person}]}
        key = self.stage.consumer.system
        await self.ask(key, "POST", "/api/v1/deliveries", question, exchange_purpose="talent-service")

    async def erase(self, person: str) -> None:
        """Destroy what is sealed about a person."""
        document = {"dataset": DATASET, "value": person, "basis": "consent-withdrawn"}
        answer = await self.ask(self.stage.world.keys["operator"], "POST", "/api/v1/subjects/erasure", document)
        if not self.is_behind and answer.json["outcome"] != "nothing-held":
            self.erased.add(answer.json["subject"])

    async def read(self, person: str) -> None:
        """Read what is sealed about a person: nothing that was erased."""
        key, wanted = self.stage.world.keys["auditor"], {"dataset": DATASET, "value": person}
        answer = await self.ask(key, "POST", "/api/v1/subjects/details", wanted)
        if not self.is_behind:
            for one in answer.json["details"]:
                assert one["subject"] not in self.erased or one["details"] is None

    async def sign(self) -> None:
        """What the publisher does at each interval."""
        publisher = self.stage.world.app.state.runtime[Publisher]
        async with self.stage.world.app.state.runtime.database.pool.acquire() as connection:
            assert await publisher.publish(connection) is not self.is_behind
        if not self.is_behind:
            self.signed = list(self.leaves)

    async def keep_receipt(self, index: int) -> None:
        """Somebody fetches the receipt of a signed entry; one that is behind has no more to give than it had."""
        if self.is_behind:
            return
        index %= len(self.signed)
        text = (await self.stage.world.send("GET", f"/ledger/receipts/{index}", {})).content.decode()
        leaf = (await self.stage.world.send("GET", f"/ledger/entries/{index}", {})).content
        assert leaf == self.leaves[index]
        self.receipts.append(Receipt(self.incarnation, index, text, leaf))

    async def rotate(self) -> None:
        """The ledger's key gives way to another."""
        done = await self._type("keys", "rotate", "ledger")
        assert done.status == (1 if self.is_behind else 0), done.err
        if not self.is_behind:
            self.leaves += await self._found(len(self.leaves))
            assert entry.parse(self.leaves[-1]).body["type"] == "key.rotated"
            self.rotations[self.incarnation] += 1
            await self.sign()

    async def back_up(self) -> None:
        """A copy of the database, which is not changed any more."""
        await self._stop()
        self.copies.append(self._copy(await self._duplicate(self._name)))
        await self._start()

    async def restore(self, copy: Copy) -> None:
        """Put a copy in the database's place; what was there until now may come back just as well."""
        await self._stop()
        if not self.is_behind:
            self.copies.append(self._copy(self._name))
        self._name = await self._duplicate(copy.name)
        self.leaves, self.incarnation = list(copy.leaves), copy.incarnation
        self.is_behind = copy.incarnation != self.newest or self.leaves[: len(self.signed)] != self.signed
        await self._start()
        # The key that such a copy knows of is not in force any more, and only a copy that is behind can know it.
        assert self.is_up is (copy.rotations == self.rotations[copy.incarnation])
        assert self.is_up or self.is_behind

    async def begin_anew(self) -> None:
        """The operator's command after a restore."""
        await self._stop()
        before = self.checkpoints[self.newest]
        done = await self._type("ledger", "new-incarnation", "--yes")
        assert done.status == 0, done.err
        archive = self.directory / "data" / "archive" / str(self.incarnation)
        report = verify(archive, verifier=self.firsts[self.incarnation])
        assert report.is_ok, report.text()
        kept = [merkle.leaf_hash(leaf) for leaf in self.leaves]
        self.newest = self.incarnation = self.newest + 1
        self.rotations[self.newest], self.checkpoints[self.newest], self.is_behind = 0, {}, False
        [leaf] = self.leaves = await self._found()
        body = entry.parse(leaf).body
        assert (body["type"], body["origin"]) == ("ledger.incarnated", self._origin(self.newest))
        assert (body["predecessor"], body["checkpoint"]) == (self._origin(self.newest - 1), before[max(before)])
        assert (body["kept"], body["root"]) == (len(kept), merkle.root(kept).hex())
        self.firsts[self.newest] = note.Verifier.parse(body["vkey"])
        await self._start()
        assert self.is_up

    # What always holds -----------------------------------------------------------------------------------------------

    async def examine(self) -> None:
        """Hold everything there is against the model and against what was given out before."""
        assert await self._found() == self.leaves
        for number, leaf in enumerate(self.leaves):
            parsed = entry.parse(leaf)
            assert parsed.seq == number
            assert parsed.prev == (merkle.leaf_hash(self.leaves[number - 1]) if number else entry.GENESIS)
        for signature in self.sent:
            assert sum(signature in leaf for leaf in self.leaves) <= 1
        await self._examine_erased()
        if self.is_up:
            await self._examine_mirror()
        known = self.checkpoints[self.newest]
        anchor = Anchor(self._settings.anchor, self._origin(self.newest))
        assert anchor.read() == known[max(known)]
        assert anchor.successor() is None

    async def _examine_erased(self) -> None:
        """Of nobody who was erased there is a secret, whatever rows a backup brought back."""
        async with self._database() as database:
            rows = await database.fetch("SELECT encode(pseudonym, 'hex') AS pseudonym, slot FROM subjects")
        slots = self.stage.world.app.state.runtime[Slots]
        assert [row for row in rows if row["pseudonym"] in self.erased and slots.read(row["slot"]) is not None] == []

    async def _examine_mirror(self) -> None:
        """The auditor comes by: the log continues its mirror, or is refused."""
        mirror, first = self.directory / "mirror" / str(self.incarnation), self.firsts[self.incarnation]
        known, runtime = self.checkpoints[self.incarnation], self.stage.world.app.state.runtime
        async with runtime.database.pool.acquire() as connection:
            signed = {one.size: one.note for one in await publication.checkpoints(connection, after=0, limit=1000)}
            halted = (await store.read_head(connection)).halted
        assert (halted is not None) is self.is_behind
        ready = await self.stage.world.send("GET", "/readyz", {})
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
                    raise AssertionError("the auditor took an older checkpoint for the newest")
            return
        assert all(signed.get(size) == text for size, text in known.items() if size <= max(signed))
        known.update(signed)
        if not self._is_mirrored or self._mirrored != max(known):
            done = await asyncio.to_thread(export, self._url, mirror, verifier=first)
            assert done.report.is_ok, done.report.text()
            self._is_mirrored, self._mirrored = True, max(known)
        report = verify(mirror, verifier=first, known=list(known.values()))
        assert report.is_ok, report.text()
        assert report.size == len(self.signed) == max(known)
        self._examine_receipts(mirror, first)

    def _examine_receipts(self, mirror: Path, first: note.Verifier) -> None:
        """Every receipt of this incarnation proves what it did, by the keys that the auditor has by now."""
        rotated = mirror / "rotations"
        keys = History.from_statements(json.loads(rotated.read_text())) if rotated.exists() else History.of(first)
        for one in self.receipts:
            if one.incarnation == self.incarnation:
                text = proof.parse(one.text).checkpoint
                size = checkpoint.parse(note.text_of(text)).size
                assert self.checkpoints[self.incarnation][size] == text
                assert self.leaves[one.index] == one.leaf
                proof.verify_receipt(one.text, one.leaf, keys.at(size))

    def examine_former(self) -> None:
        """What the auditor has of former incarnations stays whole, with all checkpoints there ever were."""
        for number in range(1, self.newest):
            known = list(self.checkpoints[number].values())
            report = verify(self.directory / "mirror" / str(number), verifier=self.firsts[number], known=known)
            assert report.is_ok, report.text()

    # Starting, stopping, copying -------------------------------------------------------------------------------------

    async def _start(self) -> None:
        settings = self._settings.model_copy(update={"database_url": SecretStr(self._address(self._name))})
        self._stack, self.is_up, self._is_mirrored = AsyncExitStack(), True, False
        try:
            world = await self._stack.enter_async_context(resumed(settings))
        except KeysDiffer:
            self.is_up = False
            return
        self.stage = replace(self.place.stage, world=world, url=self._address(self._name))
        # The protocol is named, since asyncio turns off Nagle's delay only where it is.
        listening = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        listening.bind(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(world.app, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve([listening]))

        async def end() -> None:
            server.should_exit = True
            await serving

        self._stack.push_async_callback(end)
        await self._settle()

    async def _settle(self) -> None:
        """A start signs what there is, or halts."""
        async with asyncio.timeout(30):
            while True:
                async with self.stage.world.app.state.runtime.database.pool.acquire() as connection:
                    head, newest = await store.read_head(connection), await publication.latest(connection)
                if head.halted is not None or (newest is not None and newest.size == head.size):
                    break
                await asyncio.sleep(0.01)
        if head.halted is None:
            self.signed = list(self.leaves)

    async def _stop(self) -> None:
        await self._stack.aclose()
        self._stack, self.is_up = AsyncExitStack(), False

    def _copy(self, name: str) -> Copy:
        return Copy(name, self.incarnation, tuple(self.leaves), self.rotations[self.incarnation])

    def _origin(self, incarnation: int) -> str:
        return self._settings.origin(incarnation)

    def _address(self, name: str) -> str:
        return self.place.embedded.url(name)

    async def _duplicate(self, name: str) -> str:
        """A copy of a database that nobody is connected to."""
        self._count += 1
        made = f"{self._prefix}_{self._count}"
        async with self._server() as server:
            await server.execute(f'CREATE DATABASE "{made}" TEMPLATE "{name}"')
        return made

    async def _type(self, *words: str) -> Ran:
        environment = {"EXCHANGE_DATABASE_URL": self._address(self._name)}
        return await asyncio.to_thread(typed, *words, "--data", self.directory / "data", environment=environment)

    def _server(self) -> "_Connected":
        return _Connected(self._address("postgres"))

    def _database(self) -> "_Connected":
        return _Connected(self._address(self._name))

    async def _found(self, start: int = 0) -> list[bytes]:
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
    """A life's directory is not needed any more."""
    shutil.rmtree(directory, ignore_errors=True)
