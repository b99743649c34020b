"""A seller lists data with `exchange-client`, a buyer orders it, both sign, and the contract verifies without the exchange."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from admin.server.reaching import free_port
from data_exchange_client import SigningKey, contracts
from exchange.settings import Settings
from tests.support.exchanges.starting import delete_rows
from tests.support.processes.client_commands import Run, client_commands
from tests.support.processes.server import serve_exchange, settings_on
from tests.support.sharing.trading import listing_document, offer_document, start_trading

WHY = ("--reason", "按合同")


@pytest.fixture(scope="module")
async def served(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A served exchange with a seller whose rights are registered, a buyer and a market operator."""
    await delete_rows(database_url)
    settings = settings_on(free_port(), database_url=database_url, data=tmp_path_factory.mktemp("exchange"))
    async with start_trading(settings, at=datetime.now(UTC)) as exchange:
        for name in ("owner", "other", "registrar"):
            SigningKey(bytes(exchange.key_of(name).signing)).save(settings.data / f"{name}.key")
    with serve_exchange(settings):
        yield settings


@pytest.fixture
def run(served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return client_commands(served, tmp_path, monkeypatch)


def test_data_is_listed_ordered_and_delivered_and_the_contract_verifies(run: Run, tmp_path: Path) -> None:
    def ask(who: str, *words: str) -> Any:
        return json.loads(run(who, "market", *words).stdout)

    document: dict[str, Any] = {"dataset": "owner/codes", "document": listing_document(origin=...)}
    (tmp_path / "listing.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "offer.json").write_text(json.dumps(offer_document()), encoding="utf-8")
    listing = ask("owner", "draft", "listing.json")["id"]
    offer = ask("owner", "offer", listing, "offer.json")["id"]
    assert "source_stated" in run("owner", "market", "check", listing, code=1).stdout
    document["document"] = listing_document()
    (tmp_path / "listing.json").write_text(json.dumps(document), encoding="utf-8")
    ask("owner", "edit", listing, "listing.json")
    run("owner", "market", "check", listing)
    ask("owner", "step", listing, "submit", *WHY)
    assert listing in run("registrar", "market", "listings", "--state", "in_review").stdout
    ask("registrar", "step", listing, "approve", *WHY)
    ask("owner", "step", listing, "list", *WHY)
    assert offer in run("other", "market", "search", "岗位").stdout
    assert ask("other", "facts", listing)["published"] is not None
    year = datetime.now(UTC).year
    assert (
        ask("owner", "disclosure", str(year), "--seller", ask("owner", "listing", listing)["seller"])["products"] == []
    )
    assert run("owner", "market", "disclosure", str(year), "--csv").stdout.startswith("year,operator_code,")
    words = ("--reference", "PO-1", "--purpose", "talent-service", "--basis", "x", "--scenario", "x", "--scope", "x")
    order = ask("other", "buy", offer, *words)["id"]
    ask("owner", "go", order, "draft", *WHY)
    digest = ask("other", "contract", order, "--json")["digest"]
    assert "第六条 验收" in run("other", "market", "contract", order).stdout
    ask("other", "sign", order, digest)
    (tmp_path / "half.json").write_text(run("other", "market", "contract", order, "--json").stdout, encoding="utf-8")
    assert "not both sides" in run("other", "market", "verify-contract", "half.json", code=1).output
    assert ask("owner", "sign", order, digest)["state"] == "delivering"
    contract = ask("other", "contract", order, "--json")
    (tmp_path / "contract.json").write_text(json.dumps(contract), encoding="utf-8")
    assert digest in run("other", "market", "verify-contract", "contract.json").output
    _check_forgeries(contract)
    ask("owner", "go", order, "deliver", *WHY)
    ask("other", "go", order, "accept", *WHY)
    ask("owner", "go", order, "pay", "--amount", "120000", *WHY)
    assert ask("owner", "go", order, "settle", *WHY)["due"] == 0
    assert order in run("other", "market", "orders", "--state", "settled").stdout


def _check_forgeries(contract: dict[str, Any]) -> None:
    """Check that what is changed in a contract, or signed for another one, is refused with its place."""
    text = json.dumps(contract)

    def fault(change: Any) -> str:
        forged = json.loads(text)
        change(forged)
        with pytest.raises(contracts.ContractUnproven) as refused:
            contracts.verify(forged)
        return str(refused.value)

    def cheaper(forged: Any) -> None:
        forged["document"]["payment"]["price"]["model"]["amount"] = 1

    def cheaper_with_digest(forged: Any) -> None:
        cheaper(forged)
        forged["digest"] = contracts.digest_of(forged["document"])

    def same_side_twice(forged: Any) -> None:
        forged["signatures"][1] = forged["signatures"][0]

    def other_key(forged: Any) -> None:
        forged["signatures"][0]["public_key"] = forged["signatures"][1]["public_key"]

    def other_body(forged: Any) -> None:
        forged["signatures"][0]["body"] += " "

    def swapped_sides(forged: Any) -> None:
        first, second = forged["signatures"]
        first["side"], second["side"] = second["side"], first["side"]

    def without_body(forged: Any) -> None:
        del forged["signatures"][1]["body"]

    assert fault(cheaper).startswith("digest:")
    assert fault(cheaper_with_digest) == "signatures/0/body: it has another digest"
    assert fault(same_side_twice) == "signatures: not both sides have signed"
    assert fault(other_key).startswith("signatures/0/public_key:")
    assert fault(other_body).startswith("signatures/0/body:")
    assert fault(swapped_sides).startswith("signatures/0:")
    assert "body" in fault(without_body)
