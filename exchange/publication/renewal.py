"""Renewal of the exchange's own keys while it runs: each process uses a rotated key within a second or so."""

from collections.abc import Sequence

from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.keys.keyring import ANSWERS, Keyring, ledger_file
from exchange.kernel.keys.settings import KeySettings
from exchange.kernel.keys.stores import KeyStore, LedgerKey, answers_key_store
from exchange.kernel.logs import log
from exchange.kernel.loops import RoundFailed
from exchange.kernel.runtime import Runtime
from ledger.format import note, rotation
from ledger.format.further import Kind, LogSigner
from ledger.log import continuity
from signatures import thumbprint


class LedgerKeys:
    """The note signers of the ledger, by public key. The signer of a new key comes from the key store."""

    def __init__(self, store: KeyStore, origin: str, ring: Keyring, further: Sequence[Kind] = ()) -> None:
        signer = signer_of(origin, ring.ledger, further)
        self.first = signer.verifier
        self._store = store
        self._further = further
        self._name = ledger_file(ring.incarnation)
        self._signers: dict[note.Verifier, note.AnySigner] = {signer.verifier: signer}

    def signer(self, key: note.Verifier) -> note.AnySigner:
        """The signer of a key. Raises LookupError where the private key is not in the store."""
        if key not in self._signers:
            private = self._store.find(self._name, thumbprint(key.public_key))
            self._signers[key] = signer_of(key.name, private, self._further)
        return self._signers[key]

    def further_vkeys(self, key: note.Verifier) -> tuple[str, ...]:
        """The verifier keys of the further lines beside a key's own; none without the private key."""
        try:
            signer = self.signer(key)
        except LookupError:
            return ()
        return signer.further_vkeys if isinstance(signer, LogSigner) else ()


def signer_of(name: str, key: LedgerKey, further: Sequence[Kind] = ()) -> note.AnySigner:
    """A note signer for a key. `further` adds ML-DSA-44 or SM2 lines, derived from the seed."""
    if further and isinstance(key, ExchangeKey):
        return LogSigner(name, key.seed, tuple(further))
    return note.DelegatedSigner(note.Verifier(name, key.public), key.sign)


async def renew_answering_key(runtime: Runtime) -> None:
    """Replace the key that signs answers once it was rotated. Raises RoundFailed, KeyFileInvalid."""
    answers = runtime.answers
    async with runtime.database.pool.acquire() as connection:
        rotated = await continuity.read_announcements(connection, rotation.ANSWERS)
    if not rotated:
        return
    public = rotation.parse(rotated[-1]).new.public_key
    if public == answers.key.public:
        return
    try:
        answers.key = answers_key_store(runtime[KeySettings]).find(ANSWERS, thumbprint(public))
    except LookupError as error:
        log().critical("the private key that answers are to be signed with is not here")
        raise RoundFailed from error
