"""Migrating from code: the operator's command, the first start, and the tests all come here."""

from functools import cache
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from exchange.kernel.database import arguments

_HERE = Path(__file__).parent


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Bring the database at a URL to the newest revision. Not to be called while an event loop runs in the thread."""
    command.upgrade(_config(url), "head")


def check(url: str) -> None:
    """Raise alembic.util.CommandError when the models have something that no migration makes."""
    command.check(_config(url))


@cache
def newest() -> str:
    """The newest revision there is."""
    head = ScriptDirectory.from_config(_config("")).get_current_head()
    return head or ""


async def current(url: str) -> str | None:
    """The revision a database is at; None where it has none."""
    connection = await asyncpg.connect(**arguments(url))
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return found
    finally:
        await connection.close()
