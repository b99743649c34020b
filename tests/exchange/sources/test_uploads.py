"""Uploads and snapshots on disk: who may read them, and when the next start removes them."""

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from adapters.contract import ImportedFile
from adapters.files.kind import FILE, FileConfig
from adapters.kind import Import
from adapters.registry import KINDS
from exchange.app import Kinds
from exchange.kernel.database import arguments
from exchange.kernel.keys.keyring import KeysDiffer
from exchange.settings import Settings
from exchange.sources import storage
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.starting import delete_rows, restart_exchange, start_exchange

ROWS = b"person_id,name\nP1,x\nP2,y\n"


@asynccontextmanager
async def start_with_owner(settings: Settings, kinds: Kinds = KINDS) -> AsyncIterator[tuple[Exchange, Party]]:
    async with start_exchange(settings, kinds=kinds) as exchange:
        yield exchange, await exchange.admit("owner")


async def restart(settings: Settings) -> None:
    async with restart_exchange(settings):
        pass


async def replace_content(exchange: Exchange, owner: Party, source: str, content: bytes) -> str:
    target = f"/api/v1/sources/{source}/content?filename=x.csv"
    uploaded = await exchange.call_ok(owner.steward, "PUT", target, content)
    return str(uploaded["description"]["digest"])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def snapshots(settings: Settings) -> set[str]:
    return {path.name for path in (settings.data / "snapshots").iterdir()}


def age_snapshots(settings: Settings) -> None:
    for path in (settings.data / "snapshots").iterdir():
        then = path.stat().st_mtime - storage.SNAPSHOT_GRACE.total_seconds() - 60
        os.utime(path, (then, then))


async def test_only_the_exchange_may_read_an_upload_and_no_file_of_it_stays(settings: Settings) -> None:
    modes: list[tuple[int, int, int]] = []

    def record_modes(config: FileConfig, path: Path, directory: Path, terms: Import) -> ImportedFile:
        modes.append((mode(path), mode(path.parent), mode(path.parent.parent)))
        assert FILE.import_file is not None
        return FILE.import_file(config, path, directory, terms)

    recording = replace(FILE, import_file=record_modes)
    async with start_with_owner(settings, {**KINDS, FILE.name: recording}) as (exchange, owner):
        source = await exchange.register_file(owner, ROWS)
        target = f"/api/v1/sources/{source['id']}/content?filename=x.csv"
        broken = await exchange.call(owner.steward, "PUT", target, b"%PDF-1.7 nothing")
        assert broken.problem == "source-unusable"
        snapshot = f"{source['description']['digest']}.parquet"
        assert snapshots(settings) == {snapshot}
        assert mode(settings.data / "snapshots" / snapshot) == 0o600
    assert modes == [(0o600, 0o700, 0o700)] * 2
    assert mode(settings.data / "snapshots") == 0o700
    assert not list((settings.data / "uploads").iterdir())


async def test_a_start_removes_abandoned_uploads_and_no_other(settings: Settings) -> None:
    async with start_exchange(settings):
        pass
    uploads = settings.data / "uploads"
    (uploads / "killed").mkdir(parents=True)
    (uploads / "killed" / "content.csv").write_bytes(ROWS)
    (uploads / "stray.csv").write_bytes(ROWS)
    with storage.upload_directory(uploads, uuid4()) as directory:
        with storage.create_file(directory / "content.csv") as file:
            file.write(ROWS)
        await restart(settings)
        assert list(uploads.iterdir()) == [directory]
        assert (directory / "content.csv").read_bytes() == ROWS
    assert not list(uploads.iterdir())


async def test_a_start_removes_old_snapshots_without_a_source(settings: Settings) -> None:
    async with start_with_owner(settings) as (exchange, owner):
        first = await exchange.register_file(owner, ROWS)
        changed = await exchange.register_file(owner, b"person_id\nP3\n")
        new_digest = await replace_content(exchange, owner, changed["id"], b"person_id\nP4\n")
        withdrawn = await exchange.register_file(owner, b"person_id\nP5\n")
        await exchange.call_ok(owner.steward, "POST", f"/api/v1/sources/{withdrawn['id']}/withdrawal")
    referenced = {f"{first['description']['digest']}.parquet", f"{new_digest}.parquet"}
    unreferenced = {f"{source['description']['digest']}.parquet" for source in (changed, withdrawn)}
    other = settings.data / "snapshots" / "notes.txt"
    other.write_text("no snapshot")
    await restart(settings)
    assert snapshots(settings) == referenced | unreferenced | {other.name}  # an import may be about to commit
    age_snapshots(settings)
    await restart(settings)
    assert snapshots(settings) == referenced | {other.name}


async def test_a_start_on_another_exchanges_files_removes_none(settings: Settings) -> None:
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    async with start_with_owner(settings) as (exchange, owner):
        await exchange.register_file(owner, ROWS)
    connection = await asyncpg.connect(**arguments(url))
    await connection.execute("UPDATE sources SET state = 'withdrawn'")
    await connection.close()
    age_snapshots(settings)
    (settings.data / "keys" / "seal.key").write_bytes(b"k" * 32)
    before = snapshots(settings)
    with pytest.raises(KeysDiffer):
        await restart(settings)
    await delete_rows(url)
    await restart(settings)
    assert snapshots(settings) == before
