"""Witnesses that lie, hang, or contradict the ledger, beside one that is honest."""

import asyncio
import io
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.settings import Settings
from ledger.format import checkpoint, note
from ledger.format.cosignature import Cosigner
from ledger.format.rotation import History
from ledger.log.anchor import Anchor
from tests.support.exchanges.starting import restart_exchange, start_exchange
from tests.support.exchanges.witnessed import is_covered, is_halted, ledger_signer, wait_until, with_policy
from tests.support.processes.commands import run_in_process
from tests.support.services import witnesses
from tests.support.services.scripted_witness import SCRIPTED_KEY, serve_scripted_witness, wrong_answers


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, witnesses.WitnessProcess]]:
    """A witness for many ledgers, and where it lies."""
    directory = tmp_path_factory.mktemp("honest") / "w"
    witnesses.make_witness(directory)
    with witnesses.serve_witness(directory) as running:
        yield directory, running


_LEDGERS = itertools.count(1)


@pytest.fixture
def beside(settings: Settings, honest: tuple[Path, witnesses.WitnessProcess]) -> tuple[Settings, note.Signer, str]:
    """Settings of an exchange whose ledger has a name of its own, which the honest witness knows; its key, and a policy."""
    settings = settings.model_copy(update={"deployment": f"exchange-{next(_LEDGERS)}.local"})
    log, (directory, running) = ledger_signer(settings), honest
    witnesses.trust_logs(directory, log.vkey)
    return settings, log, f"witness H {running.vkeys[0]} {running.url}\nquorum H\n"


def with_liar(text: str, url: str) -> str:
    return f"witness L {SCRIPTED_KEY.cosigner.vkey} {url}\n{text}"


@pytest.mark.parametrize("lie", wrong_answers("any.example"))
async def test_a_witness_that_lies_or_hangs_is_no_witness_and_holds_nobody_up(
    beside: tuple[Settings, note.Signer, str],
    honest: tuple[Path, witnesses.WitnessProcess],
    log_output: io.StringIO,
    lie: str,
) -> None:
    settings, log, text = beside
    with serve_scripted_witness(*wrong_answers(log.name)[lie]) as url:
        async with start_exchange(with_policy(settings, with_liar(text, url))) as exchange:
            await wait_until(lambda: is_covered(exchange), seconds=15)
            signed = (await exchange.client.get("/ledger/checkpoint")).text
    keys: list[note.Key] = [log.verifier, Cosigner.parse(honest[1].vkeys[0])]
    assert note.open(signed, keys).signed_by == tuple(keys)
    assert len(note.split(signed)[1]) == 2
    assert "some witnesses did not cosign a checkpoint" in log_output.getvalue()


@pytest.mark.parametrize("lie", [(409, b"99999999\n", 0), (409, b"0\n", 0), (422, b"", 0)])
async def test_what_the_ledger_has_is_no_evidence_against_it(
    beside: tuple[Settings, note.Signer, str], log_output: io.StringIO, lie: tuple[int, bytes, float]
) -> None:
    """A witness claims another history, and shows checkpoints of this one, or what somebody else has signed."""
    settings, log, text = beside
    anchor = Anchor(settings.anchor, settings.origin())
    shown: list[str] = []
    forged = checkpoint.sign(checkpoint.Checkpoint(log.name, 10**6, bytes(32)), note.Signer(log.name, bytes(32)))

    def show() -> bytes:
        shown.append([anchor.read() or "", forged, "nonsense"][len(shown) % 3])
        return shown[-1].encode()

    with serve_scripted_witness(*lie, shows=show) as url:
        async with start_exchange(with_policy(settings, with_liar(text, url))) as exchange:
            async with asyncio.timeout(30):
                while len(shown) < 6:
                    await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")
                    await wait_until(lambda: is_covered(exchange))
            assert not await is_halted(exchange)
    assert "does not continue" not in log_output.getvalue()


async def test_who_speaks_against_the_ledger_is_heard_out_however_fast_the_others_are(
    beside: tuple[Settings, note.Signer, str], log_output: io.StringIO
) -> None:
    settings, log, text = beside
    ahead = checkpoint.sign(checkpoint.Checkpoint(log.name, 10**6, bytes(32)), log)

    def show() -> bytes:
        threading.Event().wait(0.6)  # longer than others are waited for once the quorum is there
        return ahead.encode()

    with serve_scripted_witness(409, b"1000000\n", 0, shows=show) as url:
        async with start_exchange(with_policy(settings, with_liar(text, url))) as exchange:
            await wait_until(lambda: is_halted(exchange))
    assert "witness 'L' has a signed checkpoint of 1000000 entries" in log_output.getvalue()
    assert Anchor(settings.anchor, settings.origin()).read() == ahead


async def test_what_a_retired_key_signs_halts_and_does_not_become_what_was_signed_last(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ledger_signer(settings)
    [vkey, _] = witnesses.make_witness(tmp_path / "w", log.vkey)
    anchor = Anchor(settings.anchor, settings.origin())
    ahead = checkpoint.sign(checkpoint.Checkpoint(log.name, 10**6, bytes(32)), log)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", settings.database_url.get_secret_value())  # type: ignore[union-attr]
    with (
        witnesses.serve_witness(tmp_path / "w") as honest,
        serve_scripted_witness(409, b"1000000\n", 0, shows=ahead.encode) as url,
    ):
        text = f"witness H {vkey} {honest.url}\n"
        settings = with_policy(settings, f"{text}quorum H\n")
        async with start_exchange(settings) as exchange:
            await wait_until(lambda: is_covered(exchange))
        rotated = await asyncio.to_thread(run_in_process, "keys", "rotate", "ledger", "--data", settings.data)
        assert rotated.status == 0, rotated.err
        async with restart_exchange(settings) as exchange:
            statements = [entry["statement"] for entry in await exchange.read_entries() if "statement" in entry]
            witnesses.run_witness("trust", tmp_path / "w", History.from_announcements(statements).newest.vkey)
            await wait_until(lambda: is_covered(exchange))
        settings = with_policy(settings, f"{text}witness L {SCRIPTED_KEY.cosigner.vkey} {url}\nquorum H\n")
        async with restart_exchange(settings) as exchange:
            await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")
            await wait_until(lambda: is_halted(exchange))
    assert anchor.evidence() == ahead
    assert checkpoint.parse(note.text_of(anchor.read() or "")).size < 10**6
