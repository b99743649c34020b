"""Migrations from code, for the operator's command, the first start, and the tests."""

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
    """Bring a database to the newest revision. Never call it on a thread with a running event loop."""
    command.upgrade(_config(url), "head")


def check(url: str) -> None:
    """Check that the migrations create all that the models have. Raises alembic.util.CommandError."""
    command.check(_config(url))


@cache
def newest() -> str:
    """The newest revision."""
    head = ScriptDirectory.from_config(_config("")).get_current_head()
    return head or ""


async def current(url: str) -> str | None:
    """The revision of a database; None where it is empty."""
    connection = await asyncpg.connect(**arguments(url))
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return revision
    finally:
        await connection.close()
