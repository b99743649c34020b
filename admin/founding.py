"""Found an exchange: its data directory, its database, the administrators' keys, the first entries of its ledger.

Every step can be repeated, so the next attempt finishes one that was killed half-way. Keys are made only where there are
none, and nothing is founded twice.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from admin import database
from admin.configuration import settings_file
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from exchange.app import create_app
from exchange.kernel.database import IntegrityError
from exchange.kernel.keys import ed25519 as keys
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.participants import founding
from exchange.participants.founding import ADMINISTRATORS, AlreadyFounded, Founder, founder
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from groundwork import durable
from ledger.log.head import Halted


@dataclass(frozen=True, slots=True)
class Founded:
    """A new exchange: each administrator's key file, and its ledger's name and verifier key."""

    keys: Mapping[str, Path]
    origin: str
    vkey: str


def initialise(directory: DataDirectory, *, handle: str, code: str, name_zh: str, name_en: str) -> Founded:
    """Found an exchange in a data directory. Raises CannotDo where there is one, SettingsInvalid.

    The settings that the environment has now go into the new settings file, so that later commands have them too.
    """
    settings = directory.new_settings()
    durable.make_directory(settings.data, mode=0o777)
    settings_file.write(settings.data, settings)
    administrator_keys: dict[str, ExchangeKey] = {}
    for name in ADMINISTRATORS:
        administrator_keys[name] = keys.load_or_create(directory.key_file(name))
    first = founder(
        handle=handle,
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        pairs={name: key.pair for name, key in administrator_keys.items()},
        exchange=settings.public_url,
        now=int(time.time()),
    )
    with database.running(settings) as url:
        database.upgrade(settings, url)
        if database.read_state(url).entries:
            raise _exists(directory)
        try:
            vkey = asyncio.run(_start_and_initialise(settings, url, first))
        except Halted as error:
            raise CannotDo(
                f"a ledger of this name was begun before: {error}",
                hint="restore its database, or found another exchange under another EXCHANGE_DEPLOYMENT",
            ) from error
        except (AlreadyFounded, IntegrityError) as error:
            raise _exists(directory) from error
    return Founded({name: directory.key_file(name) for name in ADMINISTRATORS}, settings.origin(), vkey)


def _exists(directory: DataDirectory) -> CannotDo:
    return CannotDo(
        f"{directory.path} holds an exchange already; nothing was changed", hint="run it with: exchange serve"
    )


async def _start_and_initialise(settings: Settings, url: str, first: Founder) -> str:
    app = create_app(settings.model_copy(update={"database_url": SecretStr(url)}))
    async with app.router.lifespan_context(app):
        vkey: str = app.state.runtime[Publisher].vkey
        await founding.initialise(app.state.runtime, first, vkey=vkey)
    return vkey
