"""Each address tried by a stranger, the other side, the owner and an auditor: who is let in, and what the others see."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from exchange.app import create_app
from exchange.delivery.routes import DeliveryRoute
from exchange.participants.door.admit import SignedRoute
from exchange.settings import Settings
from tests.support.scene import Scene, organisation
from tests.support.world import Key

OK, R, N = "", "role-missing", "not-found"
WHO = ("stranger", "consumer", "owner", "auditor")
Document = Callable[[Scene], Any]


def nothing(_: Scene) -> Any:
    return None


def reason(_: Scene) -> Any:
    return {"reason": "核查"}


def principal(_: Scene) -> Any:
    return {"kind": "system", "handle": "another", "title": "Another", "public_key": Key().public}


def role(scene: Scene) -> Any:
    return {"role": "approver", "domain": scene.owner.id}


def dataset(scene: Scene) -> Any:
    return {"source": scene.objects["table"]["id"], "handle": "x", "document": scene.objects["people"]["document"]}


def module(scene: Scene) -> Any:
    return {"organisation": scene.owner.id, "module": "package exchange.owner", "tests": "package exchange.owner_test"}


def hold(_: Scene) -> Any:
    return {"dataset": "owner/people", "value": 1, "basis": "litigation", "reason": "x"}


def question(scene: Scene) -> Any:
    return {"system": scene.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}


def file_source(scene: Scene) -> Any:
    return {"organisation": scene.owner.id, "source": {"kind": "file", "title": "x"}}


# What the owner's steward and the consumer's may do changes the exchange, so it is for other tests: None here.
TABLE: list[tuple[str, str, Document, tuple[str | None, str | None, str | None, str | None]]] = [
    ("GET", "/me", nothing, (OK, OK, OK, OK)),
    ("GET", "/organisations", nothing, (OK, OK, OK, OK)),
    ("POST", "/organisations", lambda _: organisation(), (R, R, R, R)),
    ("GET", "/organisations/{organisation_id}", nothing, (OK, OK, OK, OK)),
    ("POST", "/organisations/{organisation_id}/admission", nothing, (R, R, R, R)),
    ("POST", "/organisations/{organisation_id}/suspension", nothing, (R, R, R, R)),
    ("POST", "/organisations/{organisation_id}/reinstatement", nothing, (R, R, R, R)),
    ("POST", "/organisations/{organisation_id}/departure", nothing, (R, R, R, R)),
    ("GET", "/organisations/{organisation_id}/principals", nothing, (OK, OK, OK, OK)),
    ("POST", "/organisations/{organisation_id}/principals", principal, (R, R, None, R)),
    ("POST", "/principals/{principal_id}/suspension", nothing, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/reinstatement", nothing, (N, N, "conflict", R)),
    ("GET", "/principals/{principal_id}/keys", nothing, (N, N, OK, OK)),
    ("POST", "/principals/{principal_id}/keys", lambda _: {"public_key": Key().public}, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/keys/{keyid}/revocation", nothing, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/roles", role, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/roles/revocation", role, (N, N, None, R)),
    ("GET", "/sources", nothing, (OK, OK, OK, OK)),
    ("POST", "/sources", file_source, (R, R, None, R)),
    ("GET", "/sources/{source_id}", nothing, (N, N, OK, N)),
    ("PUT", "/sources/{source_id}/content", lambda _: b"a,b\n1,2\n", (N, N, "conflict", N)),
    ("POST", "/sources/{source_id}/withdrawal", nothing, (N, N, "conflict", N)),
    ("GET", "/datasets", nothing, (OK, OK, OK, OK)),
    ("POST", "/datasets", dataset, (N, N, None, N)),
    ("GET", "/datasets/{dataset_id}", nothing, (N, N, OK, N)),
    ("GET", "/datasets/by-handle/{organisation}/{handle}", nothing, (N, N, OK, N)),
    ("PUT", "/datasets/{dataset_id}/draft", dataset, (N, N, None, N)),
    ("GET", "/datasets/{dataset_id}/odrl", nothing, (N, N, OK, N)),
    ("PUT", "/datasets/{dataset_id}/draft/odrl", lambda _: {}, (N, N, "dataset-invalid", N)),
    ("POST", "/datasets/{dataset_id}/publication", nothing, (N, N, None, N)),
    ("POST", "/datasets/{dataset_id}/withdrawal", reason, (N, N, "conflict", N)),
    ("GET", "/policy-modules", nothing, (OK, OK, OK, OK)),
    ("POST", "/policy-modules", module, (R, R, None, R)),
    ("GET", "/policy-modules/{digest}", nothing, (N, N, N, N)),
    ("GET", "/applications", nothing, (OK, OK, OK, OK)),
    ("POST", "/applications", lambda s: s.world.application_for(s.objects["secret"]), ("dataset-not-shared",) * 3 + (R,)),
    ("GET", "/applications/{application_id}", nothing, (N, OK, OK, N)),
    ("POST", "/applications/{application_id}/approval", lambda _: {}, (N, R, None, N)),
    ("POST", "/applications/{application_id}/refusal", lambda _: {"reasons": "x"}, (N, R, None, N)),
    ("POST", "/applications/{application_id}/supplement-request", lambda _: {"missing": "x"}, (N, R, None, N)),
    ("POST", "/applications/{application_id}/supplement", lambda _: {"supplement": "x"}, (N, "conflict", R, N)),
    ("POST", "/applications/{application_id}/withdrawal", nothing, (N, None, R, N)),
    ("GET", "/agreements", nothing, (OK, OK, OK, OK)),
    ("GET", "/agreements/{agreement_id}", nothing, (N, OK, OK, OK)),
    ("GET", "/agreements/{agreement_id}/odrl", nothing, (N, OK, OK, OK)),
    ("GET", "/agreements/{agreement_id}/statements", nothing, (N, OK, OK, OK)),
    ("POST", "/agreements/{agreement_id}/suspension", reason, (N, R, None, R)),
    ("POST", "/agreements/{agreement_id}/resumption", reason, (N, R, "conflict", R)),
    ("POST", "/agreements/{agreement_id}/termination", reason, (N, None, None, R)),
    ("GET", "/deliveries/{stream_id}", nothing, (N, N, N, N)),
    ("POST", "/subjects/details", lambda _: {"entry": 0}, (N, N, N, N)),
    ("POST", "/subjects/erasure", lambda _: {"subject": "0" * 64, "basis": "other-law"}, (R, R, R, R)),
    ("GET", "/subjects/holds", nothing, (R, R, R, R)),
    ("POST", "/subjects/holds", hold, (R, R, R, R)),
    ("POST", "/subjects/holds/{hold_id}/lifting", reason, (R, R, R, R)),
    ("GET", "/audit/entries", nothing, (OK, OK, OK, OK)),
    ("GET", "/audit/entries/{index}/replay", nothing, (N, N, OK, OK)),
    ("POST", "/policy/explanations", question, (N, OK, OK, OK)),
    ("POST", "/datasets/{dataset_id}/draft/effects", nothing, (N, N, OK, N)),
]  # fmt: skip
ROWS = [
    pytest.param(method, path, document, who, outcome, id=f"{who} {method} {path}")
    for method, path, document, outcomes in TABLE
    for who, outcome in zip(WHO, outcomes, strict=True)
    if outcome is not None
]


def address(scene: Scene, path: str) -> str:
    """The address of something of the owner's."""
    return path.format(
        organisation_id=scene.owner.id,
        principal_id=scene.owner.system_id,
        keyid=scene.owner.system.keyid,
        source_id=scene.objects["table"]["id"],
        dataset_id=scene.objects["draft"]["id"],
        digest="0" * 64,
        organisation="owner",
        handle="draft",
        application_id=scene.objects["application"]["id"],
        agreement_id=scene.objects["agreement"]["id"],
        index=scene.objects["published"],
        stream_id="01930b2e-6f1a-7000-8000-000000000001",
        hold_id="01930b2e-6f1a-7000-8000-000000000001",
    )


@pytest.mark.parametrize(("method", "path", "document", "who", "outcome"), ROWS)
async def test_who_may(scene: Scene, method: str, path: str, document: Document, who: str, outcome: str) -> None:
    before = await scene.state()
    answer = await scene.say(who, method, address(scene, path), document(scene))
    assert answer.problem == outcome, answer.content.decode()
    assert (answer.status < 300) == (outcome == OK)
    assert await scene.state() == before


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
    }


async def test_lists_hold_what_is_ones_own(scene: Scene) -> None:
    """What a stranger cannot open does not stand in its lists either."""
    assert await scene.world.done(scene.stranger.steward, "GET", "/api/v1/sources") == []
    assert await scene.world.done(scene.stranger.steward, "GET", "/api/v1/applications") == []
    assert await scene.world.done(scene.stranger.steward, "GET", "/api/v1/agreements") == []
    members = f"/api/v1/organisations/{scene.owner.id}/principals"
    assert await scene.world.done(scene.stranger.steward, "GET", members) == []
    assert len(await scene.world.done(scene.owner.steward, "GET", members)) == 2
    drafts = {one["handle"] for one in await scene.world.done(scene.stranger.steward, "GET", "/api/v1/datasets")}
    assert drafts == {"people", "degrees", "secret", "departments"}
    assert len(await scene.world.done(scene.consumer.steward, "GET", "/api/v1/applications")) == 5


async def test_nobody_can_tell_what_is_hidden_from_what_is_not_there(scene: Scene) -> None:
    missing = "01930b2e-6f1a-7000-8000-000000000001"
    for kind, hidden in (
        ("applications", scene.objects["application"]["id"]),
        ("agreements", scene.objects["agreement"]["id"]),
        ("sources", scene.objects["table"]["id"]),
        ("datasets", scene.objects["draft"]["id"]),
    ):
        answers = [
            (await scene.say("stranger", "GET", f"/{kind}/{identifier}")).json for identifier in (hidden, missing)
        ]
        assert [answer | {"entry": 0} for answer in answers[:1]] == [answer | {"entry": 0} for answer in answers[1:]]
    hidden_draft = await scene.ask({"dataset": "owner/draft"}, key=scene.stranger.system)
    not_there = await scene.ask({"dataset": "owner/nothing"}, key=scene.stranger.system)
    assert hidden_draft.json | {"entry": 0} == not_there.json | {"entry": 0}


async def test_an_owner_never_sees_anothers_source_address(scene: Scene) -> None:
    """A source's login is sealed: no answer holds it, its owner's included."""
    answer = await scene.say("owner", "GET", f"/sources/{scene.objects['table']['id']}")
    assert "dsn" not in answer.json
    assert scene.objects["dsn"] not in answer.content.decode()
