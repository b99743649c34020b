"""A process is killed at each step of moving the anchor: the next start goes on, and what was signed is continued."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.format import checkpoint, merkle, note
from ledger.log.anchor import Anchor
from ledger.verification.verify import verify
from tests.support.exchanges.continuity import (
    DatabaseCopies,
    append_refusal,
    read_checkpoints,
    run_ledger_command,
    wait_for_checkpoint,
    wait_until_halted,
    with_database,
)
from tests.support.exchanges.starting import copy_exchange, restart_exchange, start_exchange
from tests.support.processes.commands import environment
from tests.support.processes.kill_in_anchor_move import CLOSING, SIGNING
from tests.support.processes.server import ROOT

pytestmark = pytest.mark.endurance


async def killed(settings: Settings, verb: str, step: str) -> None:
    """Have another process come to a step, and be gone."""
    assert settings.database_url is not None
    given = environment(
        EXCHANGE_DATA=str(settings.data),
        EXCHANGE_DATABASE_URL=settings.database_url.get_secret_value(),
        EXCHANGE_PUBLIC_URL=settings.public_url,
        EXCHANGE_SOURCE_HOSTS=os.environ["EXCHANGE_SOURCE_HOSTS"],
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.processes.kill_in_anchor_move", verb, step),
        cwd=ROOT,
        env=given,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, output = await process.communicate()
    assert process.returncode == -signal.SIGKILL, (step, output.decode())


def drafts(anchor: Anchor) -> list[Path]:
    return [path for path in anchor.path.parent.iterdir() if path.name.startswith(".")]


async def test_killed_while_signing(settings: Settings) -> None:
    idle = settings.model_copy(update={"checkpoint_interval": 600})  # signs as it starts, and then no more
    anchor = Anchor(settings.anchor, settings.origin())
    async with start_exchange(settings) as exchange:
        await wait_for_checkpoint(exchange)
        key = exchange.runtime[Publisher].first
    checkpoints: set[str] = set()
    for step in SIGNING:
        async with restart_exchange(idle) as exchange:
            before = await wait_for_checkpoint(exchange)
            await append_refusal(exchange)
        assert anchor.read() == before.note
        await killed(settings, "sign", step)
        after = anchor.read()
        assert after is not None
        is_swapped = step in {"replaced", "lasting", "swapped", "recorded"}
        assert checkpoint.open(after, key).size == before.size + is_swapped, step
        assert len(drafts(anchor)) == (step in {"half-written", "written", "synced"}), step
        # The anchor's checkpoint may have been shown to a witness, the database's to everybody.
        checkpoints |= {before.note, after, *(await read_checkpoints(url_of(settings))).values()}
        async with restart_exchange(settings) as exchange:
            assert (await exchange.send("GET", "/readyz", {})).status == 200
            await append_refusal(exchange)
            newest = await wait_for_checkpoint(exchange)
            assert anchor.read() == newest.note
            assert drafts(anchor) == []
    await hold(settings, key, checkpoints)


def url_of(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


async def hold(settings: Settings, key: note.Verifier, checkpoints: set[str]) -> None:
    """Every checkpoint that was ever signed is one of this ledger's trees."""
    connection = await asyncpg.connect(**arguments(url_of(settings)))
    rows = await connection.fetch("SELECT leaf_hash FROM ledger_entry ORDER BY seq")
    await connection.close()
    hashes: list[Any] = [row["leaf_hash"] for row in rows]
    assert len(checkpoints) > len(SIGNING)
    for text in checkpoints:
        opened = checkpoint.open(text, key)
        assert opened.root == merkle.root(hashes[: opened.size])


async def test_killed_while_a_new_incarnation_begins(
    settings: Settings, embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies, base = DatabaseCopies(embedded), settings.model_copy(update={"data": tmp_path / "exchange"})
    async with start_exchange(base) as exchange:
        await wait_for_checkpoint(exchange)
    await copies.copy("live", "backup")
    async with restart_exchange(base) as exchange:
        await append_refusal(exchange)
        last = await wait_for_checkpoint(exchange)
    for number, step in enumerate(CLOSING):
        restored = with_database(
            copy_exchange(base, tmp_path / step), await copies.copy("backup", f"restored_{number}")
        )
        before = await read_checkpoints(url_of(restored))
        await killed(restored, "close", step)
        anchor = Anchor(restored.anchor, restored.origin())
        is_closed = step in {"replaced", "lasting", "closed", "begun"}
        assert (anchor.read(), anchor.successor()) == (last.note, restored.origin(2) if is_closed else None), step
        if step != "begun":
            async with restart_exchange(restored) as exchange:  # nothing is signed or taken in, whatever had been done
                assert ("goes on as" if is_closed else "entries") in await wait_until_halted(exchange)
            assert await read_checkpoints(url_of(restored)) == before
            result = await run_ledger_command(restored, monkeypatch, "new-incarnation", "--yes")
            assert result.status == 0, result.err
        async with restart_exchange(restored) as exchange:
            assert exchange.runtime.origin == restored.origin(2)
            [first] = await exchange.read_entries()
            assert (first["predecessor"], first["checkpoint"]) == (restored.origin(), last.note)
            await append_refusal(exchange)
            newest = await wait_for_checkpoint(exchange)
            assert checkpoint.open(newest.note, note.Verifier.parse(first["vkey"])).size == 2
        vkey = (restored.data / "archive" / "1" / "vkey").read_text().strip()
        assert verify(restored.data / "archive" / "1", verifier=note.Verifier.parse(vkey)).is_ok
        assert drafts(anchor) == []
