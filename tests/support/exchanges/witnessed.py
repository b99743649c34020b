"""Exchanges whose checkpoints witnesses cosign: their settings, and their state as seen from outside."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

from exchange.kernel.keys import ed25519 as keys
from exchange.kernel.keys.keyring import LEDGER, open_keyring
from exchange.settings import Settings
from ledger.format import checkpoint, note
from ledger.log.anchor import Anchor
from tests.support.exchanges.exchange import Exchange


def ledger_signer(settings: Settings) -> note.Signer:
    """The ledger's key, made before the exchange begins, so that witnesses can list the log."""
    open_keyring(settings.data / "keys", {})
    return note.Signer(settings.origin(), keys.load_or_create(settings.data / "keys" / LEDGER).seed)


def with_policy(settings: Settings, text: str, **more: Any) -> Settings:
    path = settings.data / "trust.policy"
    path.write_text(text)
    return settings.model_copy(update={"witness_policy": path, "witness_timeout": 2.0, **more})


async def wait_until(holds: Callable[[], Any], *, seconds: float = 30) -> Any:
    async with asyncio.timeout(seconds):
        while not (value := await holds()):  # noqa: ASYNC110 - another process makes it hold
            await asyncio.sleep(0.05)
    return value


async def newest_checkpoint(exchange: Exchange) -> checkpoint.Checkpoint | None:
    answer = await exchange.client.get("/ledger/checkpoint")
    return checkpoint.parse(note.split(answer.text)[0]) if answer.status_code == 200 else None


async def ledger_size(exchange: Exchange) -> int:
    async with exchange.runtime.database.pool.acquire() as connection:
        return int(await connection.fetchval("SELECT size FROM ledger_head"))


async def is_covered(exchange: Exchange) -> bool:
    newest = await newest_checkpoint(exchange)
    return newest is not None and newest.size == await ledger_size(exchange)


async def read_anchor(anchor: Anchor, size: int) -> str | None:
    text = anchor.read()
    return text if text is not None and checkpoint.parse(note.text_of(text)).size >= size else None


async def is_halted(exchange: Exchange) -> bool:
    return (await exchange.client.get("/readyz")).status_code == 503


async def is_logged(log: io.StringIO, text: str, *, times: int = 1) -> bool:
    return log.getvalue().count(text) >= times
