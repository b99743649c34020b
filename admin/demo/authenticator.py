"""An authenticator in software: it makes passkeys and answers challenges as a telephone and its browser do together.

It stands for the telephone of a person who does not exist, so it verifies nobody, and its keys last as long as the process.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from webauthn.helpers import encode_cbor

from groundwork import base64url

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40
_NO_MODEL: Final = bytes(16)
_WIDTH: Final = 32  # bytes of a coordinate of P-256


@dataclass(slots=True)
class SoftPasskey:
    """A passkey: its id, its key, whom it is for, and how often it was used."""

    credential: bytes
    key: EllipticCurvePrivateKey | Ed25519PrivateKey
    user: str
    count: int = 0

    def public_key(self) -> bytes:
        """The public key as COSE (RFC 9053): Ed25519 or ES256."""
        if isinstance(self.key, Ed25519PrivateKey):
            return encode_cbor({1: 1, 3: -8, -1: 6, -2: self.key.public_key().public_bytes_raw()})
        point = self.key.public_key().public_numbers()
        return encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(_WIDTH, "big"), -3: point.y.to_bytes(_WIDTH, "big")}
        )

    def sign(self, data: bytes) -> bytes:
        """Sign as the key's algorithm does."""
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(data)
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass(slots=True)
class Authenticator:
    """A device with its browser, at a page of `origin`; it keeps passkeys by relying party."""

    origin: str
    algorithm: Literal["ES256", "Ed25519"] = "ES256"
    verifies: bool = True
    is_framed: bool = False
    passkeys: dict[str, SoftPasskey] = field(default_factory=dict)

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Make a passkey, as `navigator.credentials.create` does; the answer is its `toJSON`."""
        key: EllipticCurvePrivateKey | Ed25519PrivateKey
        key = ec.generate_private_key(ec.SECP256R1()) if self.algorithm == "ES256" else Ed25519PrivateKey.generate()
        passkey = SoftPasskey(secrets.token_bytes(16), key, options["user"]["id"])
        self.passkeys[options["rp"]["id"]] = passkey
        attested = _NO_MODEL + len(passkey.credential).to_bytes(2, "big") + passkey.credential + passkey.public_key()
        data = self._data(options["rp"]["id"], passkey, flags=_ATTESTED) + attested
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return _credential(
            passkey,
            clientDataJSON=self._client_data("webauthn.create", options["challenge"]),
            attestationObject=attestation,
        )

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a challenge, as `navigator.credentials.get` does; the answer is its `toJSON`."""
        passkey = self.passkeys[options["rpId"]]
        passkey.count += 1
        data = self._data(options["rpId"], passkey)
        client_data = self._client_data("webauthn.get", options["challenge"])
        answer = _credential(
            passkey,
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=passkey.sign(data + hashlib.sha256(client_data).digest()),
        )
        answer["response"]["userHandle"] = passkey.user
        return answer

    def _client_data(self, kind: str, challenge: str) -> bytes:
        data = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.is_framed}
        return json.dumps(data).encode()

    def _data(self, party: str, passkey: SoftPasskey, *, flags: int = 0) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + passkey.count.to_bytes(4, "big")


def _credential(passkey: SoftPasskey, **response: bytes) -> dict[str, Any]:
    identifier = base64url.encode(passkey.credential)
    return {
        "id": identifier,
        "rawId": identifier,
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {name: base64url.encode(value) for name, value in response.items()},
    }
