"""`exchange audit replay` and `exchange ledger reindex`, on what the demonstration leaves."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from admin import database
from admin.data_directory import DataDirectory
from exchange.kernel.database import arguments
from tests.support.processes.commands import Demonstration, run_in_process


@pytest.fixture(scope="module")
def home(demo: Demonstration) -> Iterator[Path]:
    """The demo's exchange, with its database running for all of them."""
    home = demo.directory / "exchange"
    with database.running(DataDirectory(home).settings()):
        yield home


async def _bodies(url: str) -> list[dict[str, object]]:
    connection = await asyncpg.connect(**arguments(url))
    leaves = await connection.fetch("SELECT leaf FROM ledger_entry ORDER BY seq")
    await connection.close()
    return [json.loads(row["leaf"])["body"] for row in leaves]


async def _change(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(**arguments(url))
    await connection.execute("SET session_replication_role = replica")
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def entries(home: Path) -> list[dict[str, object]]:
    with database.running(DataDirectory(home).settings()) as url:
        return asyncio.run(_bodies(url))


def change(home: Path, *statements: str) -> None:
    with database.running(DataDirectory(home).settings()) as url:
        asyncio.run(_change(url, *statements))


def test_replay_makes_decisions_again(home: Path) -> None:
    bodies = entries(home)
    decided = [index for index, body in enumerate(bodies) if "decision" in body]
    result = run_in_process("audit", "replay", "--all", "--data", home)
    assert result.status == 0, result.out + result.err
    assert f"{len(decided):>10}  agrees" in result.out
    assert f"{len(bodies) - len(decided):>10}  no-decision" in result.out
    replayed = run_in_process("audit", "replay", str(decided[0]), "--data", home)
    assert (replayed.status, replayed.out.startswith(f"entry {decided[0]}  agrees")) == (0, True)
    later = run_in_process("audit", "replay", "--all", "--since", str(decided[-1]), "--data", home)
    assert "1  agrees" in later.out
    at = str(bodies[decided[-1]]["at"])
    assert "1  agrees" in run_in_process("audit", "replay", "--all", "--since", at, "--data", home).out
    result = run_in_process("audit", "replay", "--all", "--since", "9999-01-31", "--data", home)
    assert (result.status, result.out) == (0, "no entries since 9999-01-31\n")
    assert entries(home) == bodies  # it reads, and writes nothing


def test_a_changed_decision_is_reported_and_fails(home: Path) -> None:
    index = next(index for index, body in enumerate(entries(home)) if "decision" in body)
    change(home, "CREATE TABLE aside AS SELECT * FROM decision_inputs", "TRUNCATE decision_inputs")
    result = run_in_process("audit", "replay", "--all", "--data", home)
    change(home, "INSERT INTO decision_inputs SELECT * FROM aside", "DROP TABLE aside")
    assert result.status == 1
    assert f"entry {index}  input-missing" in result.out


@pytest.mark.parametrize(
    ("arguments_", "message"),
    [
        ((), "name one entry, or say --all"),
        (("3", "--all"), "name one entry, or say --all"),
        (("3", "--since", "1"), "name one entry, or say --all"),
        (("--all", "--since", "yesterday"), "an index or a time"),
        (("99999999",), "the ledger has"),
    ],
)
def test_wrong_arguments_are_reported(home: Path, arguments_: tuple[str, ...], message: str) -> None:
    result = run_in_process("audit", "replay", *arguments_, "--data", home)
    assert result.status == 1
    assert message in result.err


def test_the_index_is_rebuilt(home: Path) -> None:
    size = len(entries(home))
    run_in_process("ledger", "reindex", "--data", home)
    change(home, "UPDATE ledger_index SET owner = 'nobody' WHERE seq = 1", "DELETE FROM ledger_index WHERE seq = 2")
    result = run_in_process("ledger", "reindex", "--data", home)
    assert result.out.startswith(f"{size} entries are indexed; 2 rows")
    assert run_in_process("ledger", "reindex", "--data", home).out.startswith(f"{size} entries are indexed; 0 rows")
