"""Proofs of possession: the holder of a key signs whose key it becomes, where, before anybody registers it.

Without the proof, somebody who knows a public key could register it first, and what its holder signs would stand in the
other's name.
"""

from dataclasses import dataclass
from typing import Final

from groundwork import base64url
from signatures.suites import sign_ed25519, verify_ed25519

CONTEXT: Final = "data-exchange/key-registration/v1"
"""The first line of the text that is signed. No HTTP signature base begins so."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The registration of a key: the exchange's public URL, the handles of organisation and principal, the public key
    (32 bytes), and the time at which the proof expires (Unix seconds).
    """

    exchange: str
    organisation: str
    principal: str
    public_key: bytes
    expires: int

    @property
    def text(self) -> bytes:
        """The bytes that are signed: six lines in UTF-8, each ending in a line feed. Raises ValueError for a line break."""
        lines = (
            CONTEXT,
            f"exchange {self.exchange}",
            f"organisation {self.organisation}",
            f"principal {self.principal}",
            f"key {base64url.encode(self.public_key)}",
            f"expires {self.expires}",
        )
        if any(len(line.splitlines()) != 1 for line in lines):
            raise ValueError("a part of a key's registration has no line breaks")
        return "".join(f"{line}\n" for line in lines).encode()


def prove_possession(pair: bytes, registration: Registration) -> bytes:
    """Sign a registration with its own key, given as seed and public key (64 bytes together); returns 64 bytes."""
    return sign_ed25519(pair, registration.text)


def check_possession(registration: Registration, signature: bytes) -> None:
    """Check that the registered key signed its registration. Raises SignatureInvalid."""
    verify_ed25519(registration.public_key, registration.text, signature)
