"""Witnesses that are switched on, or die, over a ledger to which nothing is added."""

from contextlib import AsyncExitStack
from pathlib import Path

from admin.server.reaching import free_port
from exchange.settings import Settings
from ledger.format import trust_policy
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import restart_exchange, start_exchange
from tests.support.exchanges.witnessed import is_covered, ledger_signer, ledger_size, wait_until, with_policy
from tests.support.processes.readiness import readiness
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


async def test_a_witness_that_dies_is_noticed_while_no_entries_come(settings: Settings, tmp_path: Path) -> None:
    [vkey, _] = witnesses.make_witness(tmp_path / "w", ledger_signer(settings).vkey)
    port = free_port()
    policy = f"witness W {vkey} http://127.0.0.1:{port}\nquorum W\n"
    witnessed = with_policy(settings, policy, witness_interval=0.2, witness_timeout=1)

    async def state(exchange: Exchange) -> str:
        return (await exchange.client.get("/readyz")).text

    async def is_alarmed(exchange: Exchange) -> bool:
        return "too few witnesses cosign, so that further entries get no checkpoint (W: ConnectError)" in await state(
            exchange
        )

    async def is_well(exchange: Exchange) -> bool:
        return readiness(await state(exchange)) == ["ok"]

    async with AsyncExitStack() as stack:
        with witnesses.serve_witness(tmp_path / "w", port=port):
            exchange = await stack.enter_async_context(start_exchange(witnessed))
            await wait_until(lambda: is_covered(exchange))
            size = await ledger_size(exchange)
            note = (await exchange.client.get("/ledger/checkpoint")).text
            assert await is_well(exchange)
        await wait_until(lambda: is_alarmed(exchange))
        with witnesses.serve_witness(tmp_path / "w", port=port):
            await wait_until(lambda: is_well(exchange))
        assert await ledger_size(exchange) == size
        assert (await exchange.client.get("/ledger/checkpoint")).text == note
