"""An exchange's data directory on this machine: which one a command means, and the keys and settings in it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from admin.configuration import served
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
    """An exchange's data directory. `origin` says how it was chosen, where the person did not name it."""

    path: Path
    origin: str = ""

    @property
    def server_file(self) -> Path:
        """Has the addresses and the process of the server, while one runs."""
        return self.path / "server.json"

    @property
    def log_file(self) -> Path:
        """Has the output of a server that a command started."""
        return self.path / "server.log"

    def settings(self) -> Settings:
        """The settings that commands act by: those of the running server, or those it was last served with.

        Raises SettingsInvalid; CannotDo where the settings here would weaken the exchange.
        """
        return served.settings_to_act_by(self.path.absolute())

    def new_settings(self, **changes: Any) -> Settings:
        """The settings of the environment and of the settings file, to found or to serve with. Raises SettingsInvalid."""
        return Settings.load(self.path.absolute(), **changes)

    def key_file(self, name: str) -> Path:
        """The key file of a participant's steward (its handle), of its system, or of an administrator."""
        return self.path / "keys" / f"{name}.pem"

    def stewards(self) -> list[str]:
        """The handles of the participants whose steward's key is in this directory."""
        names = (path.stem for path in (self.path / "keys").glob("*.pem"))
        return sorted(name for name in names if name not in _OWN_KEYS and not name.endswith(_SYSTEM))

    def can_be_participant(self, handle: str) -> bool:
        """Whether a handle has the form of one, and is not the name of one of the exchange's own keys."""
        return bool(_HANDLE.fullmatch(handle)) and handle not in _OWN_KEYS and not handle.endswith(_SYSTEM)

    def steward_key(self, handle: str) -> SigningKey:
        """The key of a participant's steward. Raises CannotDo, which lists the participants; KeyFileError."""
        path = self.key_file(handle)
        if not self.can_be_participant(handle) or not path.is_file():
            stewards = ", ".join(self.stewards()) or "nobody yet"
            raise CannotDo(f"this exchange has no key of a participant {handle!r}", hint=f"it has those of: {stewards}")
        return SigningKey.load(path)

    def trust(self, settings: Settings | None = None) -> Trust:
        """The exchange's identity, read from its own key files: its own machine need not trust an answer. Raises CannotDo.

        `settings` name its deployment; without them, those that commands act by.
        """
        settings = settings or self.settings()
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
        """Whether its files are those of an exchange that was initialised."""
        key = self.key_file("ledger")
        return key.is_file() or key.with_suffix(".pub").is_file()


def choose(path: Path | None, *, environment: Mapping[str, str] = os.environ) -> DataDirectory:
    """The data directory to make or to run: the one given, or EXCHANGE_DATA, or ./exchange-data."""
    if path is not None:
        return DataDirectory(path)
    named = environment.get("EXCHANGE_DATA")
    return DataDirectory(Path(named), "EXCHANGE_DATA") if named else DataDirectory(DEFAULT)


def locate(path: Path | None, *, environment: Mapping[str, str] = os.environ) -> DataDirectory:
    """The data directory of an existing exchange: the chosen one, or else the demo's. Raises CannotDo."""
    chosen = choose(path, environment=environment)
    if chosen.is_founded:
        return chosen
    if path is None and not chosen.origin and DataDirectory(DEMO).is_founded:
        return DataDirectory(DEMO, "the demo's exchange, since there is no ./exchange-data")
    raise CannotDo(
        f"there is no exchange in {chosen.path}",
        hint="`make demo` makes one to try, `exchange init` a new one; --data or EXCHANGE_DATA names another place",
    )
