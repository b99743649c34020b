"""Derived datasets: what they come from, the limits of passing on, and the graph that a reader sees."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from exchange.catalog.lineage import service
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Party, document_for
from tests.support.exchanges.starting import delete_rows, start_exchange

CSV = b"code,name\n1,a\n2,b\n"
Input = tuple[dict[str, Any], str | None]
PURPOSES = {"purposes": ["talent-service"]}
MAY_PASS_ON = {"resharing": True, "purposes": ["talent-service", "statistics"]}


@dataclass
class Deriving:
    """An owner whose datasets `open` and `closed` a deriver has agreements over: one permits to pass on, one does not."""

    exchange: Exchange
    owner: Party
    deriver: Party
    stranger: Party
    source: dict[str, Any]
    open: dict[str, Any]
    closed: dict[str, Any]
    permitting: str
    closing: str

    def document(self, inputs: Sequence[Input], *, terms: dict[str, Any] = PURPOSES, **more: Any) -> dict[str, Any]:
        derived = [{"dataset": dataset["id"], "agreement": agreement} for dataset, agreement in inputs]
        return document_for(self.source["description"]["fields"], terms=terms, derived_from=derived) | more

    async def draft(self, handle: str, *inputs: Input, **more: Any) -> Answer:
        body = {"source": self.source["id"], "handle": handle, "document": self.document(inputs, **more)}
        return await self.exchange.call(self.deriver.steward, "POST", "/api/v1/datasets", body)

    async def redraft(self, dataset: dict[str, Any], *inputs: Input) -> Answer:
        body = {"source": self.source["id"], "handle": dataset["handle"], "document": self.document(inputs)}
        return await self.exchange.call(self.deriver.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft", body)

    async def publish(self, dataset: dict[str, Any]) -> Answer:
        return await self.exchange.call(self.deriver.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")

    async def derive(self, handle: str, *inputs: Input) -> dict[str, Any]:
        answer = await self.draft(handle, *inputs)
        assert answer.status == 201, answer.content.decode()
        answer = await self.publish(answer.json)
        assert answer.status == 200, answer.content.decode()
        published: dict[str, Any] = answer.json
        return published

    async def lineage(self, party: Party, dataset: dict[str, Any]) -> Any:
        return await self.exchange.call_ok(party.steward, "GET", f"/api/v1/datasets/{dataset['id']}/lineage")


@pytest.fixture(scope="module")
async def deriving(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deriving]:
    await delete_rows(database_url)
    settings = Settings(data=tmp_path_factory.mktemp("deriving"), database_url=database_url, checkpoint_interval=0.1)
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner", kind="enterprise", level="none")
        deriver = await exchange.admit("deriver", kind="enterprise", level="none")
        stranger = await exchange.admit("stranger", kind="enterprise", level="none")
        table = await exchange.register_file(owner, CSV)
        permitting = await exchange.publish_dataset(owner, table, "open", terms=MAY_PASS_ON)
        closing = await exchange.publish_dataset(owner, table, "closed")
        yield Deriving(
            exchange,
            owner,
            deriver,
            stranger,
            source=await exchange.register_file(deriver, CSV),
            open=permitting,
            closed=closing,
            permitting=(await exchange.conclude_agreement(deriver, owner, permitting))["id"],
            closing=(await exchange.conclude_agreement(deriver, owner, closing))["id"],
        )


def errors(answer: Answer) -> list[tuple[str, str]]:
    assert answer.problem == "dataset-invalid", answer.content.decode()
    return [(each["at"], each["error"]) for each in answer.json["errors"]]


async def test_a_derived_dataset_states_where_it_comes_from_everywhere(deriving: Deriving) -> None:
    derived = await deriving.derive("derived", (deriving.open, deriving.permitting))
    assert derived["document"]["derived_from"] == [{"dataset": deriving.open["id"], "agreement": deriving.permitting}]
    entry = [body for body in await deriving.exchange.read_entries() if body["type"] == "dataset.published"][-1]
    assert entry["derived_from"] == [{"dataset": deriving.open["id"], "version": 1, "agreement": deriving.permitting}]
    public = await deriving.exchange.client.get(f"/catalog/{derived['id']}")
    [source] = public.json()["@graph"][0]["dct:source"]
    assert source["@id"].endswith(deriving.open["id"])
    for party in (deriving.owner, deriving.stranger):
        graph = await deriving.lineage(party, deriving.open)
        assert {
            "input": deriving.open["id"],
            "input_version": 1,
            "dataset": derived["id"],
            "version": 1,
            "agreement": deriving.permitting,
        } in graph["edges"]
        assert {node["name"] for node in graph["nodes"]} >= {"owner/open", "deriver/derived"}


async def test_limits_of_passing_on_are_named_with_their_place(deriving: Deriving) -> None:
    [closed] = errors(await deriving.draft("x", (deriving.closed, deriving.closing)))
    assert closed[0] == "derived_from/0/agreement"
    assert "does not permit to pass the data on" in closed[1]
    [without] = errors(await deriving.draft("x", (deriving.open, deriving.permitting), (deriving.closed, None)))
    assert without[0] == "derived_from/1/agreement"
    assert "name your agreement over owner/closed" in without[1]
    [another] = errors(await deriving.draft("x", (deriving.open, deriving.closing)))
    assert "name your agreement over owner/open" in another[1]
    wide = await deriving.draft(
        "x", (deriving.open, deriving.permitting), terms={"purposes": ["talent-service", "statistics"]}
    )
    assert errors(wide)[0][0] == "terms/purposes/1"
    low = await deriving.draft("x", (deriving.open, deriving.permitting), fields=[
        {"name": "code", "type": "integer", "title": {"zh": "x", "en": "x"}, "level": "G1"}
    ], terms={"purposes": ["talent-service"], "fields": ["code"]})  # fmt: skip
    assert errors(low)[0][0] == "level"
    missing = await deriving.draft("x", ({"id": deriving.owner.id}, None))
    assert errors(missing) == [("derived_from/0/dataset", "no published dataset has this id")]
    twice = await deriving.draft("x", *[(deriving.open, deriving.permitting)] * 2)
    assert twice.problem == "request-invalid"


async def test_an_own_derived_dataset_hands_its_limits_on(deriving: Deriving) -> None:
    first = await deriving.derive("first", (deriving.open, deriving.permitting))
    wide = await deriving.draft("second", (first, None), terms={"purposes": ["statistics"]})
    assert errors(wide)[0][0] == "terms/purposes/0"
    second = await deriving.derive("second", (first, None))
    graph = await deriving.lineage(deriving.deriver, second)
    assert {(edge["input"], edge["dataset"]) for edge in graph["edges"]} == {
        (deriving.open["id"], first["id"]),
        (first["id"], second["id"]),
    }
    [cycle] = errors(await deriving.redraft(first, (deriving.open, deriving.permitting), (second, None)))
    assert cycle[0] == "derived_from/1/dataset"
    [itself] = errors(await deriving.redraft(first, (first, None)))
    assert "no dataset comes from itself" in itself[1]


async def test_the_limits_hold_at_publication_and_are_foreseen(deriving: Deriving) -> None:
    exchange = deriving.exchange
    agreement = (await exchange.conclude_agreement(deriving.deriver, deriving.owner, deriving.open))["id"]
    drafted = (await deriving.draft("later", (deriving.open, agreement))).json
    effects = f"/api/v1/datasets/{drafted['id']}/draft/effects"
    assert (await exchange.call_ok(deriving.deriver.steward, "POST", effects))["inputs"] == []
    ended = {"reason": "x"}
    await exchange.call_ok(deriving.owner.steward, "POST", f"/api/v1/agreements/{agreement}/termination", ended)
    [foreseen] = (await exchange.call_ok(deriving.deriver.steward, "POST", effects))["inputs"]
    [refused] = errors(await deriving.publish(drafted))
    assert (foreseen["at"], foreseen["error"]) == refused
    assert "is terminated" in refused[1]


async def test_a_higher_level_of_an_input_is_foreseen_with_what_is_derived_from_it(deriving: Deriving) -> None:
    derived = await deriving.derive("graded", (deriving.open, deriving.permitting))
    document = deriving.open["document"] | {"level": "G4"}
    source = deriving.open["source"]
    body = {"source": source, "handle": "open", "document": document}
    target = f"/api/v1/datasets/{deriving.open['id']}/draft"
    await deriving.exchange.call_ok(deriving.owner.steward, "PUT", target, body)
    effects = await deriving.exchange.call_ok(deriving.owner.steward, "POST", f"{target}/effects")
    assert {"dataset": derived["id"], "name": "deriver/graded", "level": "G3"} in effects["derived"]


async def test_an_input_that_a_reader_may_not_see_is_an_id_alone(deriving: Deriving) -> None:
    exchange = deriving.exchange
    base = await exchange.publish_dataset(deriving.deriver, deriving.source, "base", terms=PURPOSES)
    above = await deriving.derive("above", (base, None))
    await exchange.call_ok(
        deriving.deriver.steward, "POST", f"/api/v1/datasets/{base['id']}/withdrawal", {"reason": "x"}
    )
    names = {}
    for party in (deriving.deriver, deriving.stranger):
        nodes = (await deriving.lineage(party, above))["nodes"]
        names[party.handle] = {node["id"]: node["name"] for node in nodes}
    assert names == {
        "deriver": {base["id"]: "deriver/base", above["id"]: "deriver/above"},
        "stranger": {base["id"]: None, above["id"]: "deriver/above"},
    }


async def test_a_graph_is_bounded(deriving: Deriving, monkeypatch: pytest.MonkeyPatch) -> None:
    base = await deriving.derive("a", (deriving.open, deriving.permitting))
    following = await deriving.derive("b", (base, None))
    last = await deriving.derive("c", (following, None))
    assert not (await deriving.lineage(deriving.deriver, last))["is_cut"]
    monkeypatch.setattr(service, "MOST_STEPS", 2)
    graph = await deriving.lineage(deriving.deriver, last)
    assert (graph["is_cut"], len(graph["edges"])) == (True, 2)
