"""PKCS #11 tokens with Ed25519 keys: an HSM, a smart card, or SoftHSM. Private keys never leave them."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exchange.kernel.keys.keyfiles import KeyFileInvalid
from signatures import thumbprint

try:
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters
except ImportError:  # an extra, needed for keys in a token only
    pkcs11 = None  # type: ignore[assignment]

_ED25519 = "1.3.101.112"
_PUBLIC_SIZE = 32


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key in a token. The token signs."""

    public: bytes
    private: Any = field(repr=False, compare=False)

    @property
    def keyid(self) -> str:
        """The thumbprint of the public key."""
        return thumbprint(self.public)

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature (the mechanism CKM_EDDSA)."""
        return bytes(self.private.sign(data, mechanism=pkcs11.Mechanism.EDDSA))


class Token:
    """A token, opened with its PIN. Raises KeyFileInvalid for an unusable package, module or token."""

    def __init__(self, module: Path, label: str, pin: str) -> None:
        if pkcs11 is None:
            raise KeyFileInvalid("keys in a token need the package python-pkcs11: pip install python-pkcs11")
        try:
            token = pkcs11.lib(str(module)).get_token(token_label=label)
            try:
                self._session = token.open(rw=True, user_pin=pin)
            except pkcs11.UserAlreadyLoggedIn:  # by another session of this process
                self._session = token.open(rw=True)
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise KeyFileInvalid(f"the token {label} cannot be opened: {type(error).__name__}") from error

    def keys(self, label: str) -> list[TokenKey]:
        """The Ed25519 keys with a label, in no particular order."""
        halves: dict[Any, dict[bytes, Any]] = {}
        for kind in (pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.ObjectClass.PRIVATE_KEY):
            wanted = {pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}
            objects: list[Any] = list(self._session.get_objects(wanted))  # a session can run one search at a time
            halves[kind] = {
                bytes(half[pkcs11.Attribute.ID]): half for half in objects if half.key_type == pkcs11.KeyType.EC_EDWARDS
            }
        privates = halves[pkcs11.ObjectClass.PRIVATE_KEY]
        return [
            TokenKey(_point(public), privates[name])
            for name, public in halves[pkcs11.ObjectClass.PUBLIC_KEY].items()
            if name in privates
        ]

    def create(self, label: str) -> TokenKey:
        """Create a key in the token."""
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(_ED25519)}
        parameters = self._session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, curve, local=True)
        public, private = parameters.generate_keypair(
            mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=label, id=secrets.token_bytes(8)
        )
        return TokenKey(_point(public), private)


def _point(public: Any) -> bytes:
    """The public key, 32 bytes. Most modules wrap it in a DER octet string."""
    point = bytes(public[pkcs11.Attribute.EC_POINT])
    return point[-_PUBLIC_SIZE:]
