"""The exchange reports a lost database at every address, and answers again when the database is back."""

import asyncpg
from pydantic import SecretStr

from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from tests.support.exchanges.endpoints import PUBLIC
from tests.support.exchanges.starting import start_exchange
from tests.support.services.cutting_proxy import run_proxy

NEED_NO_DATABASE = {
    "/", "/docs", "/livez", "/openapi.json", "/problems/{slug}", "/static-offline-docs",
    # The context of certificates is part of the program, and their issuer's key is in memory.
    "/rights/context", "/rights/issuer", "/rights/issuer/jwks.json",
    # A portal that the settings do not open refuses before it looks at the database.
    "/portal/enrolment", "/portal/enrolment/options", "/portal/sign-in", "/portal/sign-in/callback",
    "/portal/sign-in/passkey", "/portal/sign-in/passkey/options",
}  # fmt: skip
ADDRESSES = {
    "/catalog/{dataset_id}": "/catalog/01930b2e-6f1a-7000-8000-000000000001",
    "/problems/{slug}": "/problems/not-found",
    "/ledger/checkpoints/{size}.tsr": "/ledger/checkpoints/1.tsr",
    "/ledger/entries/{index}": "/ledger/entries/0",
    "/ledger/receipts/{index}": "/ledger/receipts/0",
    "/ledger/tile/{path:path}": "/ledger/tile/entries/000.p/1",
    "/rights/status/{number}/{purpose}": "/rights/status/1/revocation",
    "/rights/{code}": "/rights/QY2026120001",
    "/rights/{code}/certificate": "/rights/QY2026120001/certificate",
}


async def test_every_public_address(settings: Settings, embedded: Embedded) -> None:
    async with run_proxy(f"{embedded.socket}/.s.PGSQL.5432") as proxy:
        url = SecretStr(f"postgresql://postgres@127.0.0.1:{proxy.port}/exchange_test")
        async with start_exchange(settings.model_copy(update={"database_url": url})) as exchange:
            assert (await exchange.send("GET", "/ledger/receipts/0", {"prefer": "wait=30"})).status == 200
            async with proxy.down():
                for path in sorted(PUBLIC - NEED_NO_DATABASE):
                    for method in ("GET", "HEAD"):
                        answer = await exchange.send(method, ADDRESSES.get(path, path), {})
                        assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json"), (
                            path
                        )
                    answer = await exchange.send("GET", ADDRESSES.get(path, path), {})
                    assert answer.problem == "ledger-unavailable", path
            for path in ("/ledger/checkpoint", "/catalog", "/readyz"):
                assert (await exchange.send("GET", path, {})).status == 200, path


async def test_a_database_that_is_there_and_not_as_it_should_be_is_no_reason_to_try_again(
    settings: Settings, empty_database: str
) -> None:
    owner = await asyncpg.connect(**arguments(empty_database))
    async with start_exchange(settings) as exchange:
        await owner.execute("ALTER TABLE ledger_checkpoint RENAME TO aside")
        try:
            answer = await exchange.send("GET", "/ledger/checkpoint", {})
        finally:
            await owner.execute("ALTER TABLE aside RENAME TO ledger_checkpoint")
            await owner.close()
        assert (answer.status, answer.problem) == (500, "internal-error")
        assert "retry-after" not in answer.headers
