"""An exchange on a server of the operator's own: backed up, restored into another server's database, and delivering again."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from admin import database
from admin.backup import restoring
from admin.backup.manifest import Manifest
from admin.terminal import CannotDo
from data_exchange_client.commands.main import app
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import run, run_ledger, serving, wait_until
from tests.support.services.postgres import Postgres

pytestmark = pytest.mark.endurance

_LOGINS = (
    "CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD 'of the owner'",
    "CREATE ROLE {name}_server LOGIN PASSWORD 'of the server'",
    "CREATE DATABASE {name} OWNER {name}_owner",
)
_RULES = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_MEMBERS = ("--name-zh", "某局", "--name-en", "Some Bureau")


async def execute(url: str, *statements: str) -> None:
    async with database.connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


class OwnServer:
    """A server with the two logins of docs/operations/database.md, which need their passwords; neither is a superuser."""

    def __init__(self, directory: Path, name: str) -> None:
        self.server = Postgres(directory / name, database=name)
        (directory / name / "data" / "pg_hba.conf").write_text(_RULES)
        self.server.start()
        asyncio.run(execute(self.server.url_of("postgres"), *(statement.format(name=name) for statement in _LOGINS)))
        self.place = f"127.0.0.1:{self.server.port}/{name}"
        self.owner_url = f"postgresql://{name}_owner:of%20the%20owner@{self.place}"
        self.server_url = f"postgresql://{name}_server:of%20the%20server@{self.place}"

    def write_secrets(self, data: Path) -> dict[str, Path]:
        """Write both addresses into files of a data directory; their settings."""
        (data / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
        files = {"database_url": self.server_url, "owner_database_url": self.owner_url}
        for name, url in files.items():
            (data / "secrets" / name).write_text(url)
            (data / "secrets" / name).chmod(0o600)
        return {f"{name}_file": data / "secrets" / name for name in files}


@pytest.fixture(scope="module")
def servers(worker_directory: Path) -> Iterator[tuple[OwnServer, OwnServer]]:
    worker_directory.chmod(0o755)  # the database has a user of its own
    first = OwnServer(worker_directory, "first")
    try:
        second = OwnServer(worker_directory, "second")
        try:
            yield first, second
        finally:
            second.server.stop()
    finally:
        first.server.stop()


def client(data: Path, url: str, person: str, *words: str | Path) -> str:
    """Run `exchange-client` with a key of the data directory; its output."""
    environment = {"EXCHANGE_URL": url, "EXCHANGE_KEY": str(data / "keys" / f"{person}.pem"), "COLUMNS": "200"}
    result = CliRunner(env=environment).invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def fetch_rows(data: Path, url: str) -> list[dict[str, object]]:
    fetched = json.loads(client(data, url, "reader-system", "fetch", "labs/labs", "--purpose", "talent-service"))
    rows: list[dict[str, object]] = fetched["rows"]
    return rows


def grant(data: Path, url: str) -> None:
    """Let the consumer apply for the dataset with its own office's consent, and the owner approve."""
    fields = ("--field", "lab", "--field", "city", "--purpose", "talent-service")
    grounds = ("--basis", "省条例", "--scenario", "核验", "--scope", "本年度", "--until", "2099-06-30")
    applied = client(data, url, "reader", "apply", "labs/labs", *fields, *grounds, "--json")
    application = json.loads(applied)["id"]
    client(data, url, "reader", "applications", "consent", application)
    client(data, url, "labs", "applications", "approve", application)


def test_an_exchange_moves_by_backup_to_another_server(
    servers: tuple[OwnServer, OwnServer], worker_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = servers
    monkeypatch.chdir(tmp_path)
    home, new, backup, keys = (worker_directory / f"own-{name}" for name in ("home", "new", "backup", "keys"))
    variables = {f"EXCHANGE_{name.upper()}": str(file) for name, file in first.write_secrets(home).items()}
    founded = run("init", "--data", home, "--code", code(), **variables)
    assert founded.status == 0, founded.err
    file = tmp_path / "labs.csv"
    file.write_text("lab,city\nA,杭州\nB,宁波\n")
    with serving(home) as url:
        for handle in ("labs", "reader"):
            joined = run("join", handle, "--data", home, "--code", code(), *_MEMBERS)
            assert joined.status == 0, joined.err
        published = run("publish", file, "--data", home, "--owner", "labs", "--title", "Labs", "--yes")
        assert published.status == 0, published.err
        grant(home, url)
        rows = fetch_rows(home, url)
        assert len(rows) == 2
        wait_until(lambda: "covers every entry" in run("health", "--data", home).out, what="a checkpoint")
        taken = run("backup", backup, "--keys", keys, "--data", home)
        assert taken.status == 0, taken.err

    settings = (home / "exchange.toml").read_text().replace(str(home), str(new))
    second.write_secrets(new)
    (new / "exchange.toml").write_text(f'{settings}ledger_anchor = "{home / "anchor"}"\n')
    restored = run("restore", backup, "--keys", keys, "--data", new)
    assert restored.status == 0, restored.err
    assert "The ledger goes on where the anchor left it" in restored.out
    first.server.stop()
    shutil.rmtree(home / "keys")
    with serving(new) as url:
        assert fetch_rows(new, url) == rows
        wait_until(lambda: "covers every entry" in run("health", "--data", new).out, what="a checkpoint")
        exported = run_ledger("export", tmp_path / "ledger", "--url", url)
        assert exported.status == 0, exported.err
    assert run_ledger("verify", tmp_path / "ledger").status == 0
    entries = run_ledger("show", tmp_path / "ledger", "--type", "delivery.completed").out
    assert entries.count("delivery.completed") == 2
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        asyncio.run(execute(second.server_url, "DELETE FROM ledger_entry"))


def test_a_backup_of_a_newer_server_is_refused_before_anything_is_written(
    servers: tuple[OwnServer, OwnServer],
) -> None:
    _, second = servers

    async def server_of(url: str) -> int:
        async with database.connected(url) as connection:
            return int(connection.get_server_version().major)

    own = asyncio.run(server_of(second.owner_url))
    newer = Manifest(
        at="2026-11-30T00:00:00Z", version="0", origin="o", incarnation=1, size=1, head="0" * 64, revision="1",
        server=own + 1, digests={},
    )  # fmt: skip
    with pytest.raises(CannotDo, match=f"the backup is of PostgreSQL {own + 1}, and this server is {own}") as refused:
        asyncio.run(restoring._prepare(second.owner_url, newer))
    assert refused.value.hint == f"restore into PostgreSQL {own + 1} or newer"
