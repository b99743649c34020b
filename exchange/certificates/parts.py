"""The parts of certificates: the issuer, with the key that signs them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exchange.certificates.printing.page import Press, open_press, print_page
from exchange.certificates.settings import CertificateSettings
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


class Printing:
    """The press of the process, opened at the first page and kept, since fonts take long to load."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._press: Press | None = None
        self._one = asyncio.Lock()

    async def print_page(self, text: str, document: Mapping[str, Any]) -> bytes:
        """The PDF of a certificate, one at a time, in a thread. Raises CertificateNotPrinted."""
        async with self._one:
            if self._press is None:
                self._press = await asyncio.to_thread(open_press, self._folder)
            return await asyncio.to_thread(print_page, self._press, text, document)


def open_parts(runtime: Runtime, key: ExchangeKey) -> None:
    """Register the issuer and the press."""
    runtime.add(Issuer(key, runtime.settings.public_url.rstrip("/")))
    runtime.add(Printing(runtime[CertificateSettings].certificates_fonts))
