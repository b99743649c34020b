"""Further signatures: a log's ML-DSA-44 (resists quantum computers) and SM2 lines beside its Ed25519 line.

Their keys are derived from the Ed25519 key's seed, so there is no further secret to keep, lose or rotate. Verifiers that
only know Ed25519 ignore the further lines. The ML-DSA-44 line is a cosignature by the log itself (as
c2sp.org/tlog-checkpoint advises), without a time, since it makes no claim about which checkpoint is newest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.format import note
from ledger.format.cosignature import ML_DSA_44, CosignerKey
from ledger.format.sm2 import Sm2Key

_SIZE = 32
_PURPOSE = "data-exchange ledger signature "


class Kind(StrEnum):
    """The kinds of further lines."""

    ML_DSA_44 = "ml-dsa-44"
    SM2 = "sm2"


@dataclass(frozen=True, slots=True)
class LogSigner(note.Signer):
    """A log's signer that adds lines of further kinds. Raises sm2.NotInstalled."""

    kinds: Sequence[Kind] = ()
    _further: tuple[CosignerKey | Sm2Key, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        note.Signer.__post_init__(self)
        object.__setattr__(self, "_further", tuple(_key(self.name, self.seed, kind) for kind in self.kinds))

    @property
    def further_vkeys(self) -> tuple[str, ...]:
        """The verifier keys of the further lines, in their order."""
        return tuple(_public(key).vkey for key in self._further)

    def line(self, text: str) -> str:
        """The signature lines over a note's text, the Ed25519 one first."""
        further = [key.line(text, time=0) if isinstance(key, CosignerKey) else key.line(text) for key in self._further]
        return note.Signer.line(self, text) + "".join(further)


def _key(name: str, seed: bytes, kind: Kind) -> CosignerKey | Sm2Key:
    info = (_PURPOSE + kind).encode()
    derived = HKDF(algorithm=SHA256(), length=_SIZE, salt=None, info=info).derive(seed)
    return CosignerKey(name, ML_DSA_44, derived) if kind is Kind.ML_DSA_44 else Sm2Key(name, derived)


def _public(key: CosignerKey | Sm2Key) -> note.Key:
    return key.cosigner if isinstance(key, CosignerKey) else key.verifier
