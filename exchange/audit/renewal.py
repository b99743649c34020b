"""The exchange's own keys while it runs: after a rotation each process goes on with the new one, within a second or so."""

import asyncio
from contextlib import suppress
from pathlib import Path

from exchange.kernel import keys
from exchange.kernel.database import FAILURES
from exchange.kernel.keyring import ANSWERS, NEXT, Keyring, ledger_file
from exchange.kernel.keys import ExchangeKey
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from ledger import continuity, note, rotation

_EVERY = 1.0


class LedgerKeys:
    """The private keys that the ledger is signed with, by public key; a new one is looked for where rotations lay it."""

    def __init__(self, directory: Path, origin: str, ring: Keyring) -> None:
        own = note.Signer(origin, ring.ledger.seed)
        self.first = own.verifier
        self._directory = directory
        self._name = ledger_file(ring.incarnation)
        self._known = {own.verifier: own}

    def signer(self, key: note.Verifier) -> note.Signer:
        """What signs with a key. Raises LookupError where the private key cannot be had."""
        if key not in self._known:
            found = _find(self._directory, self._name, key.public_key)
            self._known[key] = note.Signer(key.name, found.seed)
        return self._known[key]


class Renewal:
    """Looks whether the answering key was rotated."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.create_task(self._run(), name="key-renewal")

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self._renew()
            except LookupError:
                log().critical("the private key that answers are to be signed with is not here")
            except FAILURES as error:
                log().warning("it could not be seen whether a key was rotated", exc_info=error)

    async def _renew(self) -> None:
        answers = self._runtime.answers
        async with self._runtime.database.pool.acquire() as connection:
            rotated = await continuity.statements(connection, rotation.ANSWERS)
        if not rotated:
            return
        public = rotation.parse(rotated[-1]).new.public_key
        if public != answers.key.public:
            answers.key = _find(self._runtime.settings.data / "keys", ANSWERS, public)


def _find(directory: Path, name: str, public: bytes) -> ExchangeKey:
    for path in (directory / name, directory / NEXT / name):
        with suppress(OSError):
            if path.is_file():
                found = keys.load_or_create(path)
                if found.public == public:
                    return found
    raise LookupError(name)
