"""The server does what its OpenAPI document states: schemathesis derives signed requests and checks the answers."""

import asyncio
import copy
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from admin.server.reaching import free_port
from tests.support.exchanges.exchange import Exchange, Key
from tests.support.exchanges.populated import start_populated_exchange
from tests.support.exchanges.starting import delete_rows
from tests.support.processes.server import serve_exchange, settings_on

pytestmark = pytest.mark.endurance

EXAMPLES = 10
PURPOSE = "exchange-purpose"
SEED = 9457
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


class Signed(requests.auth.AuthBase):
    """Signs what schemathesis made, as it goes out, with the key of somebody."""

    def __init__(self, exchange: Exchange, keys: list[Key]) -> None:
        self.exchange, self.keys = exchange, keys

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = str(request.url)
        if isinstance(request.body, str):
            request.body = request.body.encode()
        body = request.body if isinstance(request.body, bytes) else None
        headers = {name.lower(): str(value) for name, value in request.headers.items() if name.lower() == PURPOSE}
        key = self.keys[hashlib.sha256(url.encode()).digest()[0] % len(self.keys)]
        target = url.removeprefix(self.exchange.url)
        request.headers.update(
            self.exchange.sign(
                key, str(request.method), target, body=body or None, headers=headers, created=int(time.time())
            )
        )
        return request


@dataclass
class Service:
    url: str
    auth: Signed
    document: dict[str, Any]


@pytest.fixture(scope="module")
async def service(
    database_url: str, people_table: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """An exchange in use, served; requests are signed by its owner, its consumer, and the operator in turn."""
    await delete_rows(database_url)
    chosen = settings_on(free_port(), database_url=database_url, data=tmp_path_factory.mktemp("service"))
    async with start_populated_exchange(chosen, people_table) as populated_exchange:
        keys = [
            populated_exchange.owner.steward,
            populated_exchange.consumer.steward,
            populated_exchange.keys["operator"],
        ]
        auth = Signed(populated_exchange, keys)
    with serve_exchange(chosen):
        document = (await asyncio.to_thread(httpx2.get, f"{chosen.public_url}/openapi.json")).json()
        yield Service(chosen.public_url, auth, document)


def test_the_document_and_the_server_agree(service: Service) -> None:
    # Signing is the client's below; that nothing unsigned passes is for another test.
    document = copy.deepcopy(service.document)
    for operation in [operation for path in document["paths"].values() for operation in path.values()]:
        operation.pop("security", None)
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=service.url)
    failures: dict[str, str] = {}
    described_operation: Any
    for described_operation in schema.get_all_operations():
        try:
            explore(described_operation.ok(), service.auth)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all of them are told at the end
            failures[described_operation.ok().label] = described(error)
    assert not failures, "\n\n".join(f"{label}\n{text}" for label, text in failures.items())


def explore(operation: schemathesis.APIOperation[Any, Any, Any, Any], auth: Signed) -> None:
    with_session = requests.Session()

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    def run(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(session=with_session, auth=auth, checks=CHECKS, timeout=30)

    with with_session:
        run()


def described(error: BaseException) -> str:
    inner = getattr(error, "exceptions", None)
    return "\n".join(map(described, inner)) if inner else f"{type(error).__name__}: {error}"
