"""Checkpoints are stamped by an outside authority, and a verifier holds the stamps to the one it pinned."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from pydantic import ValidationError

from admin.server.reaching import free_port
from data_exchange_client import Client
from exchange.kernel.database import arguments
from exchange.kernel.loops import Loops
from exchange.publication.parts import CHECKPOINTS, TIMESTAMPS
from exchange.settings import Settings
from ledger.format import timestamps
from ledger.format.timestamps import Authority, CertificateInvalid, TimestampInvalid
from ledger.log import publication
from ledger.verification import mirror
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import start_exchange
from tests.support.processes.commands import run_ledger, wait_until
from tests.support.processes.server import serve_exchange, settings_on
from tests.support.services import tsa
from tests.support.services.tsa import TimestampAuthority


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimestampAuthority]:
    with tsa.serve_authority(tsa.make(tmp_path / "tsa")) as running:
        yield running


def stamped_by(settings: Settings, authority: TimestampAuthority) -> Settings:
    return settings.model_copy(
        update={"timestamp_url": authority.url, "timestamp_certificate": authority.chain, "timestamp_interval": 1}
    )


async def stamps(exchange: Exchange, *, more_than: int = 0) -> list[int]:
    for _ in range(500):
        sizes: list[int] = (await exchange.send("GET", "/ledger/timestamps", {})).json["sizes"]
        if len(sizes) > more_than:
            return sizes
        await asyncio.sleep(0.02)
    raise AssertionError("no timestamp")


async def test_the_newest_checkpoint_is_stamped(settings: Settings, authority: TimestampAuthority) -> None:
    async with start_exchange(stamped_by(settings, authority)) as exchange:
        size = (await stamps(exchange))[-1]
        token = await exchange.send("GET", f"/ledger/checkpoints/{size}.tsr", {})
        assert token.headers["content-type"] == "application/timestamp-reply"
        listed = (await exchange.send("GET", "/ledger/checkpoints", {})).json["checkpoints"]
        [content] = [checkpoint["note"].encode() for checkpoint in listed if checkpoint["size"] == size]
        Authority(authority.chain.read_bytes()).check(token.content, content)
        assert (await exchange.send("GET", "/ledger/checkpoints/999999.tsr", {})).status == 404
        answers = authority.answers
        await exchange.runtime[Loops][TIMESTAMPS].tick()
        assert authority.answers == answers  # what is stamped is not stamped again
        assert (await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries")).status == 200
        assert (await stamps(exchange, more_than=len(await stamps(exchange))))[-1] > size


@pytest.mark.parametrize("answer", [b"", b"\x30\x00", b"x" * 100_000, None])
async def test_an_authority_that_fails_delays_nothing(
    settings: Settings, authority: TimestampAuthority, answer: bytes | None
) -> None:
    """A bad answer, or one of another authority, is not kept, and the exchange goes on."""
    authority.spoil = answer
    if answer is None:
        other = tsa.make(authority.home.parent / "other", "another")
        authority.reply = other.reply  # type: ignore[method-assign]
    async with start_exchange(stamped_by(settings, authority)) as exchange:
        await exchange.runtime[Loops][CHECKPOINTS].tick()
        async with exchange.runtime.database.pool.acquire() as connection:
            assert await publication.latest(connection) is not None
        assert (await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries")).status == 200
        await exchange.runtime[Loops][TIMESTAMPS].tick()
        assert (await exchange.send("GET", "/ledger/timestamps", {})).json == {"sizes": []}
        assert (await exchange.send("GET", "/readyz", {})).status == 200


@pytest.mark.endurance
async def test_exported_stamps_are_verified_with_the_pinned_certificate(
    empty_database: str, tmp_path: Path, authority: TimestampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    settings = settings_on(free_port(), database_url=empty_database, data=data)
    async with start_exchange(settings):
        pass
    monkeypatch.setenv("EXCHANGE_TIMESTAMP_URL", authority.url)
    monkeypatch.setenv("EXCHANGE_TIMESTAMP_CERTIFICATE", str(authority.chain))
    monkeypatch.setenv("EXCHANGE_TIMESTAMP_INTERVAL", "1")
    copy = tmp_path / "mirror"

    def check() -> None:
        with serve_exchange(settings), Client(settings.public_url, None) as client:

            def is_stamped() -> bool:
                return b'"sizes":[]' not in client.connection.public("/ledger/timestamps")

            wait_until(is_stamped, what="a timestamp")
            assert mirror.export(settings.public_url, copy).report.is_ok
        [token] = (copy / "checkpoints").glob("*.tsr")
        result = run_ledger("verify", copy, "--tsa", authority.chain)
        assert result.status == 0, result.out
        assert "1 of 1 timestamps are by the given authority" in result.out
        assert "were not checked" in run_ledger("verify", copy).out
        assert run_ledger("verify", copy, "--tsa", token).status == 2

        # OpenSSL verifies the timestamp as well.
        content = token.with_suffix("").name
        check = ("ts", "-verify", "-data", str(copy / "checkpoints" / content), "-in", str(token))
        assert b"OK" in authority.openssl(*check, "-CAfile", "ca.pem", "-untrusted", "own.pem")

        pinned = Authority(authority.chain.read_bytes())
        other = Authority(tsa.make(tmp_path / "other", "another").chain.read_bytes())
        [finding] = verify(copy, authority=other).findings
        assert (finding.code, finding.path) == (Code.TIMESTAMP_INVALID, f"checkpoints/{token.name}")
        whole = token.read_bytes()
        for place in range(0, len(whole), 37):
            token.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            try:
                pinned.check(token.read_bytes(), (copy / "checkpoints" / content).read_bytes())
            except TimestampInvalid:
                assert not verify(copy, authority=pinned).is_ok
        token.write_bytes(whole)
        sizes = sorted(int(path.name) for path in (copy / "checkpoints").iterdir() if path.suffix != ".tsr")
        if len(sizes) > 1:
            moved = next(size for size in sizes if str(size) != content)
            shutil.copy(token, token.with_name(f"{moved}.tsr"))
            assert not verify(copy, authority=pinned).is_ok

    await asyncio.to_thread(check)


def test_a_verifier_without_the_package_says_that_nothing_was_checked(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['rfc3161_client'] = None; "
        "from ledger.format import timestamps; assert not timestamps.is_available(); "
        "from ledger.cli import main; sys.argv = ['ledger', 'verify', '.', '--tsa', 'x.pem']; main()"
    )
    (tmp_path / "x.pem").write_text("")
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "rfc3161-client" in result.stderr


def test_half_an_authority_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="belong together"):
        Settings(timestamp_url="http://localhost")
    with pytest.raises(CertificateInvalid):
        Authority(b"no certificate")
    assert timestamps.query(b"x").nonce != timestamps.query(b"x").nonce


async def test_a_stamp_stays_as_it_is(empty_database: str) -> None:

    connection = await asyncpg.connect(**arguments(empty_database))
    now = datetime.now(UTC)
    await publication.add_timestamp(connection, 1, b"one", now=now)
    await publication.add_timestamp(connection, 1, b"two", now=now)
    assert await publication.timestamp(connection, 1) == b"one"
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await connection.execute("DELETE FROM ledger_timestamp")
    await connection.close()
