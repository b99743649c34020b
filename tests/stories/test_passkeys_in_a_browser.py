"""Passkeys in a real browser: its own code makes them, and its own rules on cookies, origins and domains hold."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from admin.server.reaching import free_port
from exchange.settings import Settings
from tests.support.exchanges.starting import start_exchange
from tests.support.people.asking import offer_answers
from tests.support.services.chromium import run_chromium

pytestmark = pytest.mark.endurance

_SCRIPT = """
async (code, value) => {
  const send = async (path, document) => {
    const body = document === undefined ? undefined : JSON.stringify(document);
    const headers = body === undefined ? {} : {"content-type": "application/json"};
    const answer = await fetch(path, {method: "POST", body, headers});
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
  const asked = await send("/portal/enrolment/options");
  const made = await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked.options)});
  await send("/portal/enrolment", {code, value, name: "browser", credential: made.toJSON()});
  const first = await (await fetch("/portal/me")).json();
  await send("/portal/sign-out");
  const signedOut = (await fetch("/portal/me")).status;
  const request = await send("/portal/sign-in/passkey/options");
  const got = await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(request.options)});
  const answer = {credential: got.toJSON()};
  await send("/portal/sign-in/passkey", answer);
  const second = await (await fetch("/portal/me")).json();
  const again = (await fetch("/portal/sign-in/passkey", {
    method: "POST", body: JSON.stringify(answer), headers: {"content-type": "application/json"},
  })).status;
  return {first, signedOut, second, again, script: document.cookie};
}
"""


@asynccontextmanager
async def serve(app: FastAPI, port: int) -> AsyncIterator[None]:
    """Serve an application whose parts are open already."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def test_a_browser_enrols_signs_out_and_comes_back(empty_database: str, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:  # nothing that installs programs for tests installs a browser
        pytest.skip("no chromium: Debian has it as the package chromium")
    port = free_port()
    url = f"http://localhost:{port}"
    settings = Settings(
        data=tmp_path / "exchange", database_url=SecretStr(empty_database), public_url=url, portal_enrolment=True
    )
    async with start_exchange(settings) as exchange, serve(exchange.app, port):
        asking = await offer_answers(exchange)
        new = {"dataset": "owner/degrees", "value": "P00003", "level": "counter"}
        code = await exchange.call_ok(asking.owner.steward, "POST", "/api/v1/subjects/codes", new)
        async with run_chromium(chromium, tmp_path / "profile") as page:
            await page.visit(f"{url}/.well-known/data-exchange")
            seen = await page.run(_SCRIPT, code["code"], "P00003")
    assert [one["method"] for one in seen["first"]["identities"]] == ["code"]
    assert (seen["signedOut"], seen["again"]) == (401, 401)
    assert seen["second"]["account"] == seen["first"]["account"]
    assert seen["second"]["method"] == "passkey"
    assert seen["script"] == "", "no script reads the session's cookie"
