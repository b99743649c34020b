"""`exchange init`: the data directory, the database, the administrators' keys, the first entries of the ledger.

Every step can be repeated, so an attempt that was killed half-way is finished by the next. Keys are made only where
there are none, and nothing is founded twice.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from admin import databases
from admin.places import DataDirectory
from admin.terminal import CannotDo
from exchange.app import create_app
from exchange.kernel.database import IntegrityError
from exchange.kernel.keys import ed25519 as keys
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.participants.founding import ADMINISTRATORS, AlreadyFounded, Founder, found, founder
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.log.head import Halted


@dataclass(frozen=True, slots=True)
class Founded:
    """A new exchange: the key file of each administrator, and what its ledger is called and verified with."""

    keys: Mapping[str, Path]
    origin: str
    vkey: str


def initialise(directory: DataDirectory, *, handle: str, code: str, name_zh: str, name_en: str) -> Founded:
    """Found an exchange in a data directory. Raises CannotDo where there is one, pydantic.ValidationError."""
    settings = directory.settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    made: dict[str, ExchangeKey] = {}
    for name in ADMINISTRATORS:
        made[name] = keys.load_or_create(directory.key_file(name))
    first = founder(
        handle=handle,
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        keys={name: key.public_text for name, key in made.items()},
    )
    with databases.at_hand(settings) as url:
        databases.upgrade(settings, url)
        if databases.read(url).entries:
            raise _exists(directory)
        try:
            vkey = asyncio.run(_found(settings, url, first))
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


async def _found(settings: Settings, url: str, first: Founder) -> str:
    app = create_app(settings.model_copy(update={"database_url": SecretStr(url)}))
    async with app.router.lifespan_context(app):
        vkey: str = app.state.runtime[Publisher].vkey
        await found(app.state.runtime, first, vkey=vkey)
    return vkey
