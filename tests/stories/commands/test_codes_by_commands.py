"""A window redeems a person's code with `exchange-client`, and verifies what it got when the exchange is gone."""

from pathlib import Path

import pytest

from data_exchange_client import SigningKey
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.people.asking import offer_answers
from tests.support.people.codes import issue
from tests.support.processes.client_commands import client_commands
from tests.support.processes.in_thread import serve_here, settings_here


async def test_from_a_code_to_a_proof(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await delete_rows(database_url)
    data = tmp_path / "exchange"
    settings = settings_here(database_url=database_url, data=data)
    settings = settings.model_copy(update={"answers_code_seconds": 3600})
    async with start_exchange(settings) as exchange:
        asking = await offer_answers(exchange)
        codes = [(await issue(asking, form=form)).code for form in ("qr", "digits")]
        SigningKey(bytes(asking.consumer.system.signing)).save(data / "system.key")
        recipient = asking.consumer.id
    run = client_commands(settings, tmp_path, monkeypatch)
    with serve_here(settings):
        for code in codes:
            redeem = ("redeem", "--purpose", "talent-service", "--proof", "proof.txt")
            typed = code if len(code) > 8 else f"{code[:4]} {code[4:]}"
            redeemed = run("system", *redeem, stdin=f"{typed.lower()}\n")
            assert "yes" in redeemed.stdout
            assert code not in redeemed.stdout + redeemed.stderr
            assert "Ask the person for a new code" in run("system", *redeem, code=1, stdin=f"{code}\n").stderr
    verified = run("system", "verify-answers", "proof.txt", "--recipient", str(recipient)).stdout
    assert "holds-doctorate" in verified
    assert "owner/degrees" in verified
    refused = run("system", "verify-answers", "proof.txt", "--recipient", str(asking.owner.id), code=1)
    assert "another organisation" in refused.stderr
    proof = tmp_path / "proof.txt"
    text = proof.read_text(encoding="ascii")
    proof.write_text(text.replace(text[200], "A" if text[200] != "A" else "B", 1), encoding="ascii")
    assert run("system", "verify-answers", "proof.txt", code=1).stderr
