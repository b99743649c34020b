"""Drafts: faults are reported at once, at their place in the document that was sent, with the field's name."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Party, document_for
from tests.support.exchanges.filled import start_filled

CSV = b"id,born,name\n1,1990-01-01,a\n2,1991-01-01,b\n"


class Filled(NamedTuple):
    exchange: Exchange
    owner: Party
    source: dict[str, Any]


@pytest.fixture
async def filled(settings: Settings) -> AsyncIterator[Filled]:
    async with start_filled(settings, fill) as filled:
        yield filled


async def fill(exchange: Exchange) -> Filled:
    owner = await exchange.admit("owner")
    return Filled(exchange, owner, await exchange.register_file(owner, CSV))


@pytest.fixture
def exchange(filled: Filled) -> Exchange:
    return filled.exchange


@pytest.fixture
def owner(filled: Filled) -> Party:
    return filled.owner


@pytest.fixture
def source(filled: Filled) -> dict[str, Any]:
    return filled.source


async def draft(exchange: Exchange, owner: Party, source: dict[str, Any], document: Any) -> Answer:
    body = {"source": source["id"], "handle": "people", "document": document}
    return await exchange.call(owner.steward, "POST", "/api/v1/datasets", body)


def resolve(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer without its first slash. Raises where there is none."""
    for token in pointer.split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


async def test_each_wrong_mask_has_its_place_and_names_its_field(
    exchange: Exchange, owner: Party, source: dict[str, Any]
) -> None:
    masks = {
        "born": {"kind": "bucket", "size": 10},
        "name": {"kind": "year"},
        "id": {"kind": "bucket", "size": 0},
        "a/b~c": {"kind": "null"},
    }
    document = document_for(source["description"]["fields"], terms={"masks": masks})
    answer = await draft(exchange, owner, source, document)
    assert (answer.status, answer.problem) == (422, "dataset-invalid")
    errors = {error["at"]: error["error"] for error in answer.json["errors"]}
    assert errors.keys() == {"terms/masks/born", "terms/masks/name", "terms/masks/id/size", "terms/masks/a~1b~0c"}
    for pointer, error in errors.items():
        assert resolve(document, pointer) is not None
        assert f'"{pointer.split("/")[2].replace("~1", "/").replace("~0", "~")}"' in error


async def test_fields_are_checked_against_the_source_with_the_draft(
    exchange: Exchange, owner: Party, source: dict[str, Any]
) -> None:
    """A field that the source lacks, and one of another type, are named before the publication."""
    fields = [*source["description"]["fields"], {"name": "salary", "type": "integer"}]
    document = document_for([{**field, "type": "string"} if field["name"] == "id" else field for field in fields])
    answer = await draft(exchange, owner, source, document)
    errors = {error["at"]: error["error"] for error in answer.json["errors"]}
    assert errors.keys() == {"fields/0/type", "fields/3/name"}
    assert [resolve(document, pointer) for pointer in errors] == ["string", "salary"]
    assert '"id" is integer, not string' in errors["fields/0/type"]
    assert '"salary"' in errors["fields/3/name"]


async def test_a_draft_under_another_handle_is_refused(
    exchange: Exchange, owner: Party, source: dict[str, Any]
) -> None:
    document = document_for(source["description"]["fields"])
    drafted = await draft(exchange, owner, source, document)
    body = {"source": source["id"], "handle": "persons", "document": document}
    answer = await exchange.call(owner.steward, "PUT", f"/api/v1/datasets/{drafted.json['id']}/draft", body)
    assert (answer.status, [error["at"] for error in answer.json["errors"]]) == (422, ["handle"])
    assert '"people"' in answer.json["errors"][0]["error"]
