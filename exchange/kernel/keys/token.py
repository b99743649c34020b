"""A PKCS #11 token with Ed25519 keys: an HSM, a smart card, or SoftHSM. Private keys are made in it and stay there."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exchange.kernel.keys.keyfiles import KeyFileInvalid
from signatures import thumbprint

try:
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters
except ImportError:  # an extra; who does not keep keys in a token does not need it
    pkcs11 = None  # type: ignore[assignment]

_ED25519 = "1.3.101.112"
_PUBLIC_SIZE = 32


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key in a token; signing asks the token."""

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
    """A token, opened with its PIN. Raises KeyFileInvalid where the package, the module or the token cannot be used."""

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
        """The Ed25519 keys of a label, in no order that means anything."""
        halves: dict[Any, dict[bytes, Any]] = {}
        for kind in (pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.ObjectClass.PRIVATE_KEY):
            wanted = {pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}
            found: list[Any] = list(self._session.get_objects(wanted))  # one search at a time is all a session can do
            halves[kind] = {
                bytes(one[pkcs11.Attribute.ID]): one for one in found if one.key_type == pkcs11.KeyType.EC_EDWARDS
            }
        privates = halves[pkcs11.ObjectClass.PRIVATE_KEY]
        return [
            TokenKey(_point(public), privates[name])
            for name, public in halves[pkcs11.ObjectClass.PUBLIC_KEY].items()
            if name in privates
        ]

    def make(self, label: str) -> TokenKey:
        """A new key, made in the token."""
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(_ED25519)}
        parameters = self._session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, curve, local=True)
        public, private = parameters.generate_keypair(
            mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=label, id=secrets.token_bytes(8)
        )
        return TokenKey(_point(public), private)


def _point(public: Any) -> bytes:
    """The public key, which most modules wrap in a DER octet string."""
    point = bytes(public[pkcs11.Attribute.EC_POINT])
    return point[-_PUBLIC_SIZE:]
