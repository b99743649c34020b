"""The exchange's keys in environment secrets or a token: it founds, signs, rotates, and stops a start that lacks it."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from admin.data_directory import DataDirectory
from data_exchange_client.keys import SigningKey
from exchange.kernel.keys import ed25519 as keys
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.keyring import KeysDiffer
from exchange.kernel.keys.stores import (
    FileStore,
    KeyNotFound,
    SecretStore,
    answers_key_store,
    key_store,
    read_public,
)
from exchange.kernel.keys.token import Token
from exchange.settings import Settings
from ledger.format import note
from ledger.format.further import Kind
from ledger.log import publication
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import restart_exchange, start_exchange
from tests.support.processes.commands import CommandResult, run_in_process
from tests.support.services.softhsm import PIN, SoftHsm, softhsm

SEEDS = [bytes([number]) * 32 for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    with softhsm(tmp_path_factory.mktemp("softhsm"), "one", "two", "three") as tokens:
        yield tokens


def with_environment(settings: Settings, environment: pytest.MonkeyPatch, **more: str) -> Settings:
    """The same settings for the test's exchange and for the commands."""
    assert settings.database_url is not None
    for name, value in {"database_url": settings.database_url.get_secret_value(), **more}.items():
        environment.setenv(f"EXCHANGE_{name.upper()}", value)
    return Settings(data=settings.data, public_url=settings.public_url, checkpoint_interval=0.1)


async def rotate(settings: Settings, which: str = "ledger") -> CommandResult:
    return await asyncio.to_thread(run_in_process, "keys", "rotate", which, "--data", settings.data)


async def signed(exchange: Exchange) -> note.Verifier:
    """Have something new signed, and return the key that signed it."""
    answer = await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")
    index = int(answer.headers["exchange-entry"])
    for _ in range(400):
        async with exchange.runtime.database.pool.acquire() as connection:
            newest = await publication.latest(connection)
        if newest and newest.size > index:
            vkey = (await exchange.send("GET", "/ledger/vkey", {})).content.decode().strip()
            key = note.Verifier.parse(vkey)
            note.open(newest.note, [key])
            return key
        await asyncio.sleep(0.02)
    raise AssertionError("no checkpoint")


def forms(seed: bytes) -> list[str]:
    return [SigningKey(seed).pem().decode(), seed.hex(), base64.b64encode(seed).decode()]


@pytest.mark.parametrize("form", [0, 1, 2])
async def test_a_key_in_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch, form: int) -> None:
    first, second = (forms(seed)[form] for seed in SEEDS[:2])
    alone = with_environment(settings, monkeypatch, ledger_key=first)
    async with start_exchange(alone) as exchange:
        assert (await signed(exchange)).public_key == SigningKey(SEEDS[0]).public
        assert not (settings.data / "keys" / "ledger.pem").exists()
        failed = await rotate(alone)
        assert failed.status == 1
        assert "no further key" in failed.err
    both = with_environment(settings, monkeypatch, ledger_key=f"{first},{second}")
    async with restart_exchange(both) as exchange:
        assert (await rotate(both)).status == 0
        assert (await signed(exchange)).public_key == SigningKey(SEEDS[1]).public
    async with restart_exchange(with_environment(settings, monkeypatch, ledger_key=second)) as exchange:
        assert (await signed(exchange)).public_key == SigningKey(SEEDS[1]).public
    with pytest.raises(KeysDiffer, match="EXCHANGE_LEDGER_KEY"):
        async with restart_exchange(with_environment(settings, monkeypatch, ledger_key=first)):
            pass


async def test_the_key_of_answers_in_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that runs goes on with the next one that it was given; clients follow as they do for files."""
    first, second = (seed.hex() for seed in SEEDS[:2])
    alone = with_environment(settings, monkeypatch, answers_key=first)
    async with start_exchange(alone) as exchange:
        assert await answered_by(exchange, SEEDS[0])
        assert not (settings.data / "keys" / "exchange.pem").exists()
        assert list(DataDirectory(settings.data).trust().keys.values()) == [SigningKey(SEEDS[0]).public]
        failed = await rotate(alone, "answers")
        assert failed.status == 1
        assert "EXCHANGE_ANSWERS_KEY holds no further key" in failed.err
    both = with_environment(settings, monkeypatch, answers_key=f"{first},{second}")
    async with restart_exchange(both) as exchange:
        assert await answered_by(exchange, SEEDS[0])
        assert (await rotate(both, "answers")).status == 0
        async with asyncio.timeout(30):
            while not await answered_by(exchange, SEEDS[1]):  # noqa: ASYNC110 - it looks once a second
                await asyncio.sleep(0.05)
        assert {entry["purpose"] for entry in await exchange.read_entries() if entry["type"] == "key.rotated"} == {
            "answers"
        }
    async with restart_exchange(with_environment(settings, monkeypatch, answers_key=second)) as exchange:
        assert await answered_by(exchange, SEEDS[1])
    with pytest.raises(KeysDiffer, match="EXCHANGE_ANSWERS_KEY"):
        async with restart_exchange(with_environment(settings, monkeypatch, answers_key=first)):
            pass


async def test_keys_move_from_files_into_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    place = DataDirectory(settings.data)
    async with start_exchange(settings) as exchange:
        before = await signed(exchange)
    trust = place.trust()
    files = [settings.data / "keys" / name for name in ("exchange.pem", "ledger.pem")]
    answers, ledger = (SigningKey.load(path).seed.hex() for path in files)
    moved = with_environment(settings, monkeypatch, answers_key=answers, ledger_key=ledger)
    async with restart_exchange(moved) as exchange:
        assert await signed(exchange) == before
    for path in files:
        path.unlink()
    assert place.trust() == trust
    async with restart_exchange(moved) as exchange:
        assert await signed(exchange) == before
        assert await answered_by(exchange, bytes.fromhex(answers))


async def answered_by(exchange: Exchange, seed: bytes) -> bool:
    answer = await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/me")
    return f'keyid="{SigningKey(seed).keyid}"' in answer.headers["signature-input"]


async def test_a_key_in_a_token(settings: Settings, monkeypatch: pytest.MonkeyPatch, hsm: SoftHsm) -> None:
    with_token = with_environment(settings, monkeypatch, **hsm.token("one"))
    async with start_exchange(with_token) as exchange:
        first = await signed(exchange)
        assert not (settings.data / "keys" / "ledger.pem").exists()
        assert read_public(settings.data / "keys", "ledger.pem") == first.public_key
        assert (await rotate(with_token)).status == 0
        second = await signed(exchange)
        assert second != first
        assert read_public(settings.data / "keys", "ledger.pem") == second.public_key
    async with restart_exchange(with_token) as exchange:
        assert await signed(exchange) == second
    keys = Token(hsm.module, "one", PIN).keys("ledger.pem")
    assert {key.public for key in keys} == {first.public_key, second.public_key}
    [key] = [key for key in keys if key.public == second.public_key]
    assert key.sign(b"x") == key.sign(b"x")

    other = with_environment(settings, monkeypatch, **hsm.token("two"))
    with pytest.raises(KeysDiffer, match="token"):
        async with restart_exchange(other):
            pass


def test_what_holds_no_key_is_refused(tmp_path: Path, hsm: SoftHsm) -> None:
    for text in ("", ",", "x", "00" * 31, base64.b64encode(bytes(33)).decode(), "-----BEGIN PRIVATE KEY-----"):
        with pytest.raises(KeyFileInvalid, match="EXCHANGE_LEDGER_KEY"):
            key_store(Settings(data=tmp_path, ledger_key=SecretStr(text)))
        with pytest.raises(KeyFileInvalid, match="EXCHANGE_ANSWERS_KEY"):
            answers_key_store(Settings(data=tmp_path, answers_key=SecretStr(text)))
    label, pin = hsm.token("three")["pkcs11_token"], PIN
    attempts: list[Callable[[], Token]] = [
        lambda: Token(hsm.module, "nowhere", pin),
        lambda: Token(tmp_path / "nothing.so", label, pin),
        lambda: Token(hsm.module, label, "wrong"),
    ]
    for attempt in attempts:
        with pytest.raises(KeyFileInvalid, match="cannot be opened"):
            attempt()
    with pytest.raises(KeyNotFound):
        FileStore(tmp_path).find("ledger.pem", "x")
    for half in ({"pkcs11_token": "x"}, {"pkcs11_token": "x", "pkcs11_pin": "1"}):
        with pytest.raises(ValidationError, match="belong together"):
            Settings.model_validate(half)
    with pytest.raises(ValidationError, match="never gives out"):
        Settings(
            pkcs11_module=tmp_path, pkcs11_token="t", pkcs11_pin=SecretStr("1"), further_signatures=(Kind.ML_DSA_44,)
        )
    with pytest.raises(ValidationError, match="not in both"):
        Settings.model_validate({"ledger_key": "x", "pkcs11_module": "m", "pkcs11_token": "x", "pkcs11_pin": "1"})


def test_a_file_left_behind_is_not_believed_once_the_key_was_rotated(tmp_path: Path) -> None:
    first, second = keys.load_or_create(tmp_path / "exchange.pem"), keys.load_or_create(tmp_path / "another.pem")
    store = SecretStore(tmp_path, f"{first.seed.hex()},{second.seed.hex()}", setting="EXCHANGE_ANSWERS_KEY")
    for key, is_there in ((first, True), (second, False)):
        store.activate("exchange.pem", key.keyid)
        assert read_public(tmp_path, "exchange.pem") == key.public
        assert (tmp_path / "exchange.pem").is_file() is is_there
    [old_key] = (tmp_path / "old").iterdir()
    assert keys.load_or_create(old_key).public == first.public
