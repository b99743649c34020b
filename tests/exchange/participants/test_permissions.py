"""Each address tried by a stranger, the other side, the owner and an auditor: who is let in, and what the others see."""

import pytest
from fastapi.routing import iter_route_contexts

from exchange.app import create_app
from exchange.delivery.routes import DeliveryRoute
from exchange.participants.door.routes import SignedRoute
from exchange.settings import Settings
from tests.support.exchanges.endpoints import OK, TABLE, WHO, Document, address
from tests.support.exchanges.populated import PopulatedExchange

ROWS = [
    pytest.param(method, path, document, caller, outcome, id=f"{caller} {method} {path}")
    for method, path, document, outcomes in TABLE
    for caller, outcome in zip(WHO, outcomes, strict=True)
    if outcome is not None
]


@pytest.mark.parametrize(("method", "path", "document", "caller", "outcome"), ROWS)
async def test_who_may(
    populated_exchange: PopulatedExchange, method: str, path: str, document: Document, caller: str, outcome: str
) -> None:
    before = await populated_exchange.read_state()
    answer = await populated_exchange.call_as(
        caller, method, address(populated_exchange, path), document(populated_exchange)
    )
    assert answer.problem == outcome, answer.content.decode()
    assert (answer.status < 300) == (outcome == OK)
    assert await populated_exchange.read_state() == before


def test_the_table_has_every_address() -> None:
    signed = {
        (method, str(context.path).removeprefix("/api/v1"))
        for context in iter_route_contexts(create_app(Settings()).routes)
        if isinstance(context.original_route, SignedRoute | DeliveryRoute)
        for method in context.methods or ()
    }
    assert {(method, path) for method, path, _, _ in TABLE} == signed - {
        ("GET", "/deliveries"),
        ("POST", "/deliveries"),
        ("POST", "/answers"),
        ("POST", "/answers/redemptions"),
    }


async def test_lists_hold_what_is_ones_own(populated_exchange: PopulatedExchange) -> None:
    """Lists leave out whatever their reader cannot open."""
    assert await populated_exchange.call_ok(populated_exchange.stranger.steward, "GET", "/api/v1/sources") == []
    assert await populated_exchange.call_ok(populated_exchange.stranger.steward, "GET", "/api/v1/applications") == []
    assert await populated_exchange.call_ok(populated_exchange.stranger.steward, "GET", "/api/v1/agreements") == []
    members = f"/api/v1/organisations/{populated_exchange.owner.id}/principals"
    assert await populated_exchange.call_ok(populated_exchange.stranger.steward, "GET", members) == []
    assert len(await populated_exchange.call_ok(populated_exchange.owner.steward, "GET", members)) == 2
    drafts = {
        dataset["handle"]
        for dataset in await populated_exchange.call_ok(populated_exchange.stranger.steward, "GET", "/api/v1/datasets")
    }
    assert drafts == {"people", "degrees", "secret", "departments"}
    assert (
        len(await populated_exchange.call_ok(populated_exchange.consumer.steward, "GET", "/api/v1/applications")) == 5
    )


async def test_nobody_can_tell_what_is_hidden_from_what_is_not_there(populated_exchange: PopulatedExchange) -> None:
    missing = "01930b2e-6f1a-7000-8000-000000000001"
    for kind, hidden in (
        ("applications", populated_exchange.objects["application"]["id"]),
        ("agreements", populated_exchange.objects["agreement"]["id"]),
        ("sources", populated_exchange.objects["table"]["id"]),
        ("datasets", populated_exchange.objects["draft"]["id"]),
    ):
        answers = [
            (await populated_exchange.call_as("stranger", "GET", f"/{kind}/{identifier}")).json
            for identifier in (hidden, missing)
        ]
        assert [answer | {"entry": 0} for answer in answers[:1]] == [answer | {"entry": 0} for answer in answers[1:]]
    hidden_draft = await populated_exchange.fetch({"dataset": "owner/draft"}, key=populated_exchange.stranger.system)
    not_there = await populated_exchange.fetch({"dataset": "owner/nothing"}, key=populated_exchange.stranger.system)
    assert hidden_draft.json | {"entry": 0} == not_there.json | {"entry": 0}


async def test_an_owner_never_sees_anothers_source_address(populated_exchange: PopulatedExchange) -> None:
    """A source's login is sealed: no answer holds it, its owner's included."""
    answer = await populated_exchange.call_as("owner", "GET", f"/sources/{populated_exchange.objects['table']['id']}")
    assert "dsn" not in answer.json
    assert populated_exchange.objects["dsn"] not in answer.content.decode()
