"""A policy server that does not decide is an alarm of readiness, before anybody asks for data."""

import asyncio

from admin.server.reaching import free_port
from exchange.decisions.watching import POLICY_SERVER
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from policies.rego.bundle import load_bundle
from tests.support.exchanges.starting import start_exchange
from tests.support.processes.readiness import readiness

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"


async def test_a_policy_server_that_is_away_or_has_another_bundle_is_an_alarm(settings: Settings) -> None:
    port, revision = free_port(), b"another"
    opa = settings.model_copy(update={"opa_url": f"http://127.0.0.1:{port}"})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"result":{"allow":false,"reasons":[],"revision":"%s"}}' % revision
        writer.write(ANSWER % (len(body), body))
        await writer.drain()
        writer.close()

    async with start_exchange(opa) as exchange:
        watching = exchange.runtime[Loops][POLICY_SERVER]

        async def ready() -> str:
            await watching.tick()
            response = await exchange.send("GET", "/readyz", {})
            assert response.status == 200
            return response.content.decode()

        assert "alarm: the policy server does not answer" in await ready()
        async with await asyncio.start_server(answer, "127.0.0.1", port):
            assert "alarm: the policy server has no policy bundle of this version" in await ready()
            revision = load_bundle().digest.encode()
            assert readiness(await ready()) == ["ok"]
        assert "does not answer" in await ready()
