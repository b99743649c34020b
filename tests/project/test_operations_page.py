"""docs/operations/database.md: the two database logins it describes are enough to migrate and to serve, and no more."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from exchange.app import create_app
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.migrations import commands
from exchange.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "operations" / "database.md").read_text(encoding="utf-8")
BEFORE, AFTER = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """A PostgreSQL server without any role of ours, as an operator finds it."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        embedded = Embedded(Path(directory))
        yield embedded
        embedded.close()


async def run(url: str, statements: str) -> None:
    connection = await asyncpg.connect(**arguments(url))
    for statement in filter(str.strip, statements.split(";")):
        await connection.execute(statement)
    await connection.close()


def test_there_are_two_steps() -> None:
    assert "GRANT" in AFTER
    assert "GRANT" not in BEFORE


async def test_two_logins_migrate_and_serve(server: Embedded, tmp_path: Path) -> None:
    await run(server.url("postgres"), BEFORE)
    owner, login = (
        server.url("exchange").replace("postgres:@", f"{name}@") for name in ("exchange_owner", "exchange_server")
    )
    await asyncio.to_thread(commands.upgrade, owner)
    await run(owner, AFTER)
    app = create_app(Settings(data=tmp_path, database_url=login))
    async with app.router.lifespan_context(app), app.state.runtime.database.pool.acquire() as connection:
        assert await connection.fetchval("SELECT current_user") == "exchange_app"
        for statement in (
            "UPDATE ledger_entry SET leaf = ''",
            "DELETE FROM ledger_entry",
            "TRUNCATE ledger_entry",
            "DELETE FROM ledger_checkpoint",
            "UPDATE dataset_versions SET digest = ''",
            "UPDATE agreements SET row_cap = 1",
            "DELETE FROM organisations",
            "DROP TABLE ledger_entry",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
