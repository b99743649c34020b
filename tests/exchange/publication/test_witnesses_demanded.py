"""Witnesses that are switched on over a ledger to which nothing is added."""

from pathlib import Path

from exchange.settings import Settings
from ledger.format import trust_policy
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import restart_exchange, start_exchange
from tests.support.exchanges.witnessed import is_covered, ledger_signer, ledger_size, wait_until, with_policy
from tests.support.services import witnesses


async def test_a_quiet_ledger_is_cosigned_once_witnesses_are_switched_on(settings: Settings, tmp_path: Path) -> None:
    signer = ledger_signer(settings)
    [vkey, _] = witnesses.make_witness(tmp_path / "w", signer.vkey)
    async with start_exchange(settings) as exchange:
        await wait_until(lambda: is_covered(exchange))
        quiet = await ledger_size(exchange)
    with witnesses.serve_witness(tmp_path / "w") as running:
        policy = f"witness W {vkey} {running.url}\nquorum W\n"
        witnessed = with_policy(settings, policy)
        trusted = trust_policy.parse(f"log {signer.vkey}\n{policy}")

        async def is_cosigned(exchange: Exchange) -> bool:
            return bool(trusted.find_witnesses((await exchange.client.get("/ledger/checkpoint")).text))

        async with restart_exchange(witnessed) as exchange:
            await wait_until(lambda: is_cosigned(exchange))
            entries = await exchange.read_entries()
            assert [entry["type"] for entry in entries[quiet:]] == ["ledger.witnesses_demanded"]
        async with restart_exchange(witnessed) as exchange:  # once it is cosigned, nothing is added
            await exchange.admit("later")
            await wait_until(lambda: is_covered(exchange))
            entries = await exchange.read_entries()
            assert [entry["type"] for entry in entries].count("ledger.witnesses_demanded") == 1
