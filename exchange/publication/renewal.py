"""The exchange's own keys while it runs: after a rotation each process goes on with the new one, within a second or so."""

import asyncio
from collections.abc import Sequence

from exchange.kernel.database import FAILURES
from exchange.kernel.keys import ed25519 as keys
from exchange.kernel.keys.custody import Custody, LedgerKey, custody_of_answers
from exchange.kernel.keys.keyring import ANSWERS, Keyring, ledger_file
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from ledger.format import note, rotation
from ledger.format.further import Kind, LogSigner
from ledger.log import continuity
from signatures import thumbprint

_EVERY = 1.0


class LedgerKeys:
    """What the ledger is signed with, by public key; a new one is looked for in the custody."""

    def __init__(self, custody: Custody, origin: str, ring: Keyring, further: Sequence[Kind] = ()) -> None:
        own = signer_of(origin, ring.ledger, further)
        self.first = own.verifier
        self._custody = custody
        self._further = further
        self._name = ledger_file(ring.incarnation)
        self._known: dict[note.Verifier, note.AnySigner] = {own.verifier: own}

    def signer(self, key: note.Verifier) -> note.AnySigner:
        """What signs with a key. Raises LookupError where the private key cannot be had."""
        if key not in self._known:
            found = self._custody.find(self._name, thumbprint(key.public_key))
            self._known[key] = signer_of(key.name, found, self._further)
        return self._known[key]

    def further_vkeys(self, key: note.Verifier) -> tuple[str, ...]:
        """The verifier keys of the further lines beside a key's own; none where the private key cannot be had."""
        try:
            found = self.signer(key)
        except LookupError:
            return ()
        return found.further_vkeys if isinstance(found, LogSigner) else ()


def signer_of(name: str, key: LedgerKey, further: Sequence[Kind] = ()) -> note.AnySigner:
    """A key as what signs notes under a name, with further lines where they are asked for: they follow from the seed."""
    if further and isinstance(key, keys.ExchangeKey):
        return LogSigner(name, key.seed, tuple(further))
    return note.DelegatedSigner(note.Verifier(name, key.public), key.sign)


class Renewal:
    """Looks whether the answering key was rotated."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self._renew()
            except LookupError:
                log().critical("the private key that answers are to be signed with is not here")
            except FAILURES as error:
                log().warning("it could not be seen whether a key was rotated", exc_info=error)
            except Exception as error:  # noqa: BLE001 - a key file that cannot be read, or what nobody foresaw: it goes on
                log().critical("it could not be seen whether a key was rotated", exc_info=error)

    async def _renew(self) -> None:
        answers = self._runtime.answers
        async with self._runtime.database.pool.acquire() as connection:
            rotated = await continuity.read_announcements(connection, rotation.ANSWERS)
        if not rotated:
            return
        public = rotation.parse(rotated[-1]).new.public_key
        if public != answers.key.public:
            answers.key = custody_of_answers(self._runtime.settings).find(ANSWERS, thumbprint(public))
