"""All addresses: their callers, their descriptions, and the refusal of unsigned requests where a signature is needed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from exchange.app import create_app
from exchange.catalog import routes as routes_of_catalog
from exchange.catalog.schemas import Policy
from exchange.delivery.routes import DeliveryRoute
from exchange.kernel.schemas import In
from exchange.participants.door.routes import SignedRoute
from exchange.portal.person_route import PersonRoute
from exchange.settings import Settings
from tests.support.exchanges.endpoints import PUBLIC
from tests.support.exchanges.populated import PopulatedExchange

APP = create_app(Settings())
EXAMPLE = "01930b2e-6f1a-7000-8000-000000000001"


def routes(app: FastAPI) -> Iterator[tuple[str, set[str], Any]]:
    for context in iter_route_contexts(app.routes):
        yield str(context.path), set(context.methods or ()), context.original_route


def operations() -> list[Any]:
    """Every operation of the API, from the routes, since writing the description takes long at collection."""
    return [
        pytest.param(context.path_format, method.lower(), id=f"{method.lower()} {context.path_format}")
        for context in iter_route_contexts(APP.routes)
        if getattr(context.original_route, "include_in_schema", False)
        for method in sorted(context.methods or ())
    ]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return APP.openapi()


def described_operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_is_in_the_description(document: dict[str, Any]) -> None:
    assert sorted(described_operations(document)) == sorted(operation.id for operation in operations())


def test_every_address_is_public_by_name_or_signed() -> None:
    undeclared = [
        path
        for path, _, route in routes(APP)
        if path not in PUBLIC and not isinstance(route, SignedRoute | DeliveryRoute | PersonRoute)
    ]
    assert undeclared == []
    assert {path for path, _, _ in routes(APP)} >= PUBLIC


def test_no_address_is_there_twice() -> None:
    operations = [(path, method) for path, methods, _ in routes(APP) for method in methods]
    assert len(operations) == len(set(operations))


@pytest.mark.parametrize(("path", "method"), operations())
def test_every_operation_is_described(path: str, method: str, document: dict[str, Any]) -> None:
    operation = document["paths"][path][method]
    assert operation["description"].strip()
    assert operation["tags"]
    is_public = path.replace("{path}", "{path:path}") in PUBLIC
    assert is_public == ("security" not in operation)
    answers = operation["responses"]
    [success] = [status for status in answers if status.startswith("2")]
    if success != "204":
        assert answers[success]["content"]
    problems = {status for status in answers if status >= "400"}
    assert problems >= {"405", "500"}
    assert problems >= (
        {"422", "404"} if is_public else {"400", "401", "403", "404", "409", "413", "415", "422", "429", "503"}
    )
    for status in problems:
        described = answers[status]
        if "$ref" in described:
            described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
        [(media_type, content)] = described["content"].items()
        assert media_type == "application/problem+json"
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["status"] == int(status)
    for parameter in operation.get("parameters", []):
        assert parameter["schema"]
        assert parameter.get("required", False) == (parameter["in"] == "path") or parameter["name"] in {
            "dataset",
            "Exchange-Purpose",
        }


def bodies() -> dict[str, type[BaseModel]]:
    """The models of what comes in, by name."""
    models: dict[str, type[BaseModel]] = {"Policy": Policy}
    pending = [In]
    while pending:
        for model in pending.pop().__subclasses__():
            models[model.__name__] = model
            pending.append(model)
    return models


def test_every_body_has_an_example_that_is_accepted(document: dict[str, Any]) -> None:
    models = bodies()
    contents = {
        name: operation["requestBody"]["content"]["application/json"]
        for name, operation in described_operations(document).items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert len(contents) > 20
    for operation_name, content in contents.items():
        name = content["schema"]["$ref"].rpartition("/")[2]
        examples = [content["example"]] if "example" in content else document["components"]["schemas"][name]["examples"]
        assert examples, operation_name
        for example in examples:
            accepted = models[name].model_validate_json(json.dumps(example))
            sent = accepted.model_dump(mode="json", by_alias=True, exclude_unset=True)
            assert sent.keys() == example.keys(), operation_name


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in described_operations(document).values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    named = set(re.findall(r'#/components/schemas/([^"\']+)', str(document)))
    assert named <= set(document["components"]["schemas"])


async def test_the_catalogue_names_its_next_page(
    populated_exchange: PopulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def datasets(document: Any) -> list[str]:
        return [node["@id"] for node in document["@graph"] if node["@type"] == "dcat:Dataset"]

    whole = (await populated_exchange.send("GET", "/catalog", {})).json
    monkeypatch.setattr(routes_of_catalog, "_CATALOGUE_PAGE", 2)
    listed, target = [], "/catalog"
    while target:
        page = (await populated_exchange.send("GET", target, {})).json
        listed += datasets(page)
        following = [node["hydra:next"]["@id"] for node in page["@graph"] if "hydra:next" in node]
        target = following[0][following[0].index("/catalog") :] if following else ""
    assert listed == datasets(whole)
    assert len(listed) > 2


async def test_the_addresses_of_the_catalogue_lead_to_its_datasets(populated_exchange: PopulatedExchange) -> None:
    whole = (await populated_exchange.send("GET", "/catalog", {})).json
    named = {node["@id"]: node for node in whole["@graph"] if node["@type"] == "dcat:Dataset"}
    assert named
    for address, node in named.items():
        target = address[address.index("/catalog/") :]
        answer = await populated_exchange.send("GET", target, {})
        assert answer.headers["content-type"] == "application/ld+json"
        whole_node = answer.json["@graph"][0]  # with fields and terms, which the list leaves out
        assert {name: whole_node[name] for name in node if name != "dcat:distribution"} == {
            name: value for name, value in node.items() if name != "dcat:distribution"
        }
        assert node["dcat:distribution"][0].items() <= whole_node["dcat:distribution"][0].items()


async def test_nothing_unsigned_passes(populated_exchange: PopulatedExchange) -> None:
    before, size = await populated_exchange.read_state(), len(await populated_exchange.read_entries())
    tried = 0
    for path, methods, route in routes(APP):
        if not isinstance(route, SignedRoute | DeliveryRoute):
            continue
        for method in methods:
            target = re.sub(r"\{[^}]+\}", EXAMPLE, path)
            answer = await populated_exchange.send(method, target, {"content-type": "application/json"}, b"{}")
            assert (answer.status, answer.problem) == (401, "signature-missing"), (method, path)
            assert answer.headers["www-authenticate"].startswith("Signature")
            tried += 1
    assert tried > 40
    assert await populated_exchange.read_state() == before
    assert len(await populated_exchange.read_entries()) == size


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "DELETE", "PUT", "TRACE"])
async def test_methods_an_address_does_not_take(populated_exchange: PopulatedExchange, method: str) -> None:
    answer = await populated_exchange.send(method, "/api/v1/deliveries", {})
    assert answer.status == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "POST"}


async def test_the_first_address_leads_to_the_others(populated_exchange: PopulatedExchange) -> None:
    first = (await populated_exchange.send("GET", "/", {})).json
    led = [value for value in first.values() if value.startswith("/")]
    assert {"/docs", "/catalog", "/ledger/checkpoint", "/.well-known/data-exchange"} <= set(led)
    for target in led:
        assert (await populated_exchange.send("GET", target, {})).status == 200, target


@pytest.mark.parametrize("target", ["/", "/docs", "/catalog", "/livez", "/openapi.json", "/ledger/vkey", "/nothing"])
async def test_a_look_at_a_public_address(populated_exchange: PopulatedExchange, target: str) -> None:
    whole = await populated_exchange.send("GET", target, {})
    current = await populated_exchange.send("HEAD", target, {})
    assert (current.status, current.content) == (whole.status, b"")
    assert current.headers["content-type"] == whole.headers["content-type"]
    assert current.headers["content-length"] == whole.headers["content-length"]
    refused = await populated_exchange.send("PATCH", target, {})
    if whole.status == 200:
        assert refused.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("/nothing", "not-found"),
        ("/api/v1/deliveries/", "not-found"),
        ("//api/v1/deliveries", "not-found"),
        ("/api/v1/%64eliveries", "signature-missing"),
        ("/ledger/tile/0/1", "not-found"),
        ("/ledger/tile/../../etc/passwd", "not-found"),
        ("/ledger/tile/entries/999", "not-yet-covered"),
        ("/ledger/tile/0/999", "not-yet-covered"),
        ("/ledger/receipts/99999", "not-found"),
        ("/ledger/receipts/-1", "request-invalid"),
        (f"/ledger/entries/{10**30}", "request-invalid"),
        ("/ledger/entries/99999", "not-found"),
        ("/ledger/checkpoints?limit=0", "request-invalid"),
        ("/ledger/checkpoints?after=x", "request-invalid"),
        ("/ledger/checkpoints/99999.tsr", "not-found"),
        ("/ledger/checkpoints/x.tsr", "request-invalid"),
        ("/ledger/timestamps?limit=0", "request-invalid"),
        ("/catalog?after=%00", "request-invalid"),
        ("/catalog/x", "request-invalid"),
        (f"/catalog/{EXAMPLE}", "not-found"),
        ("/problems/nothing", "not-found"),
        ("/problems/%00", "not-found"),
    ],
)
async def test_public_addresses_that_lead_nowhere(
    populated_exchange: PopulatedExchange, target: str, problem: str
) -> None:
    answer = await populated_exchange.send("GET", target, {})
    assert answer.problem == problem
    assert answer.status == answer.json["status"]


async def test_problem_types_lead_to_their_pages(populated_exchange: PopulatedExchange) -> None:
    refused = await populated_exchange.fetch({"fields": ["salary"]})
    page = await populated_exchange.send("GET", refused.json["type"], {})
    assert page.status == 200
    assert page.content


async def test_the_docs_need_nothing_from_elsewhere(populated_exchange: PopulatedExchange) -> None:
    page = (await populated_exchange.send("GET", "/docs", {})).content.decode()
    assert "swagger" in page.lower()
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    for asset in re.findall(r"""(?:src|href)=["']?(/[^"'\s>]+)""", page):
        assert (await populated_exchange.send("GET", asset, {})).status == 200
