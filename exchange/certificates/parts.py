"""The parts of certificates: the issuer, with the key that signs them."""

from dataclasses import dataclass

from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuer of certificates: its key, and the exchange's public URL."""

    key: ExchangeKey
    url: str

    @property
    def id(self) -> str:
        """The address of its document, which is what a credential names as its issuer."""
        return f"{self.url}/rights/issuer"

    @property
    def method(self) -> str:
        """The key's identifier in that document."""
        return f"{self.id}#{self.key.keyid}"


def open_parts(runtime: Runtime, key: ExchangeKey) -> None:
    """Register the issuer."""
    runtime.add(Issuer(key, runtime.settings.public_url.rstrip("/")))
