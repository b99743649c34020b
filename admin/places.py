"""Where an exchange lies on this machine: its data directory, and what a command finds in it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from admin.terminal import CannotDo
from data_exchange_client.errors import KeyFileError
from data_exchange_client.keys import SigningKey
from data_exchange_client.trust import Trust
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.keyring import ANSWERS, ledger_file, newest_incarnation
from exchange.kernel.keys.stores import read_public
from exchange.participants.founding import ADMINISTRATORS
from exchange.settings import Settings
from ledger.format import note
from signatures import thumbprint

DEFAULT = Path("exchange-data")
DEMO = Path("build/demo/exchange")
_OWN_KEYS = frozenset({"exchange", "ledger", *ADMINISTRATORS})
_HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SYSTEM = "-system"


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """An exchange's data directory; `origin` says how it was chosen, where that is worth saying."""

    path: Path
    origin: str = ""

    @property
    def server_file(self) -> Path:
        """Says where the exchange is being served, while it is."""
        return self.path / "server.json"

    @property
    def log_file(self) -> Path:
        """What a server that a command started has to say."""
        return self.path / "server.log"

    def settings(self, **changes: Any) -> Settings:
        """The settings of the environment, for this directory. Raises pydantic.ValidationError."""
        return Settings(data=self.path.absolute(), **changes)

    def key_file(self, name: str) -> Path:
        """The key file of a participant's steward (its handle), of its system, or of an administrator."""
        return self.path / "keys" / f"{name}.pem"

    def stewards(self) -> list[str]:
        """The participants whose steward's key lies here."""
        found = (path.stem for path in (self.path / "keys").glob("*.pem"))
        return sorted(name for name in found if name not in _OWN_KEYS and not name.endswith(_SYSTEM))

    def can_be_participant(self, handle: str) -> bool:
        """Whether a handle has the form of one, and is not the name of one of the exchange's own keys."""
        return bool(_HANDLE.fullmatch(handle)) and handle not in _OWN_KEYS and not handle.endswith(_SYSTEM)

    def steward_key(self, handle: str) -> SigningKey:
        """The key of a participant's steward. Raises CannotDo, which lists those there are; KeyFileError."""
        path = self.key_file(handle)
        if not self.can_be_participant(handle) or not path.is_file():
            known = ", ".join(self.stewards()) or "nobody yet"
            raise CannotDo(f"there is no key of a participant called {handle!r} here", hint=f"there is: {known}")
        return SigningKey.load(path)

    def trust(self) -> Trust:
        """The exchange's identity, from its own key files: on its own machine nothing has to be believed first."""
        settings = self.settings()
        try:
            answers = read_public(self.path / "keys", ANSWERS)
            incarnation = newest_incarnation(self.path / "keys")
            ledger = read_public(self.path / "keys", ledger_file(incarnation))
        except (KeyFileError, KeyFileInvalid, OSError) as error:
            raise CannotDo(f"{self.path} is not an exchange that can be used: {error}") from error
        origin = settings.origin(incarnation)
        vkey = note.Verifier(origin, ledger).vkey
        return Trust(settings.deployment, origin, vkey, {thumbprint(answers): answers})

    @property
    def is_founded(self) -> bool:
        """Whether an exchange was initialised here, as far as its files tell."""
        place = self.key_file("ledger")
        return place.is_file() or place.with_suffix(".pub").is_file()


def chosen(given: Path | None, *, environment: Mapping[str, str] = os.environ) -> DataDirectory:
    """The data directory to make or to run: the one given, or EXCHANGE_DATA, or ./exchange-data."""
    if given is not None:
        return DataDirectory(given)
    named = environment.get("EXCHANGE_DATA")
    return DataDirectory(Path(named), "EXCHANGE_DATA") if named else DataDirectory(DEFAULT)


def found(given: Path | None, *, environment: Mapping[str, str] = os.environ) -> DataDirectory:
    """The data directory of an exchange that exists; the demo's where there is no other. Raises CannotDo."""
    first = chosen(given, environment=environment)
    if first.is_founded:
        return first
    if given is None and not first.origin and DataDirectory(DEMO).is_founded:
        return DataDirectory(DEMO, "the demo's exchange, since there is no ./exchange-data")
    raise CannotDo(
        f"there is no exchange in {first.path}",
        hint="`make demo` makes one to try, `exchange init` a new one; --data or EXCHANGE_DATA names another place",
    )
