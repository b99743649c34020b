"""Versions under agreements: a version that an agreement does not fit, and terms that grow wider or narrower under it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Party, document_for
from tests.support.exchanges.filled import start_filled

CSV = "id,name,score,city\n" + "".join(f"{n},陈{n},{n}.5,3301{n % 3:02d}\n" for n in range(1, 31))
OTHER = "id,name,city\n" + "".join(f"A{n},陈{n},330100\n" for n in range(1, 31))
TYPES = {"id": "integer", "name": "string", "score": "number", "city": "integer"}


@dataclass
class Shared:
    """A dataset between an owner and a consumer."""

    exchange: Exchange
    owner: Party
    consumer: Party
    source: dict[str, Any]
    dataset: dict[str, Any]

    async def redraft(self, source: dict[str, Any], **terms: Any) -> None:
        document = document_for(source["description"]["fields"], terms=terms)
        await self.exchange.call_ok(
            self.owner.steward,
            "PUT",
            f"/api/v1/datasets/{self.dataset['id']}/draft",
            {"source": source["id"], "handle": self.dataset["handle"], "document": document},
        )

    async def publish(self, body: Any = None) -> Answer:
        return await self.exchange.call(
            self.owner.steward, "POST", f"/api/v1/datasets/{self.dataset['id']}/publication", body
        )

    async def foresee(self) -> Any:
        return await self.exchange.call_ok(
            self.owner.steward, "POST", f"/api/v1/datasets/{self.dataset['id']}/draft/effects"
        )

    async def fetch(self, **question: Any) -> Answer:
        return await self.exchange.call(
            self.consumer.system,
            "POST",
            "/api/v1/deliveries",
            {"dataset": self.dataset["id"], "limit": 30, **question},
            purpose="talent-service",
        )

    async def read(self, agreement: dict[str, Any], *, by: Party | None = None) -> Any:
        steward = (by or self.consumer).steward
        return await self.exchange.call_ok(steward, "GET", f"/api/v1/agreements/{agreement['id']}")

    async def statements(self, agreement: dict[str, Any], *, by: Party | None = None) -> list[Any]:
        steward = (by or self.consumer).steward
        statements: list[Any] = await self.exchange.call_ok(
            steward, "GET", f"/api/v1/agreements/{agreement['id']}/statements"
        )
        return statements


async def share(exchange: Exchange, **terms: Any) -> Shared:
    """Publish a table of people under terms."""
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, CSV.encode())
    assert {field["name"]: field["type"] for field in source["description"]["fields"]} == TYPES
    dataset = await exchange.publish_dataset(owner, source, "people", terms=terms)
    return Shared(exchange, owner, consumer, source, dataset)


@pytest.fixture
async def shared(settings: Settings) -> AsyncIterator[Shared]:
    async with start_filled(settings, share) as shared:
        yield shared


async def make_unfit(shared: Shared) -> dict[str, Any]:
    """Draft a version in which `id` is text and `score` is gone, over another source."""
    source = await shared.exchange.register_file(shared.owner, OTHER.encode())
    await shared.redraft(source)
    return source


@pytest.mark.parametrize(
    ("approval", "field", "word"),
    [
        ({"masks": {"id": {"kind": "bucket", "size": 10}}}, "id", "bucket"),
        pytest.param(
            {"row_filter": {"field": "score", "op": "gt", "value": 1}}, "score", "filter", marks=pytest.mark.endurance
        ),
        pytest.param(
            {"row_filter": {"field": "id", "op": "gt", "value": 1}}, "id", "filter", marks=pytest.mark.endurance
        ),
        pytest.param({"fields": ["score", "name"]}, "score", "does not describe", marks=pytest.mark.endurance),
        ({"fields": ["id", "name"]}, "id", "type string instead of integer"),
    ],
)
async def test_a_version_that_an_active_agreement_does_not_fit_is_foreseen_and_refused(
    shared: Shared, approval: dict[str, Any], field: str, word: str
) -> None:
    """Masks and filters that the new fields do not fit, dropped and retyped fields: the refusal names agreement and field."""
    exchange = shared.exchange
    agreement = await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset, **approval)
    assert (await shared.fetch()).status == 200
    await make_unfit(shared)
    [change] = (await shared.foresee())["agreements"]
    if "mask" in str(approval) or "row_filter" in approval:
        assert (change["before"], change["after"], change["reasons"]) == ("allow", "deny", ["agreement-unfit"])
    assert change["agreement"] == agreement["id"]
    assert field in [misfit["field"] for misfit in change["unfit"]]
    refused = await shared.publish()
    assert (refused.status, refused.problem) == (409, "agreements-unfit"), refused.content.decode()
    [listed] = refused.json["agreements"]
    assert (listed["agreement"], listed["consumer"]) == (agreement["id"], shared.consumer.id)
    assert any(word in misfit["error"] for misfit in listed["fields"] if misfit["field"] == field)
    assert agreement["id"] in refused.json["detail"]
    assert (await shared.fetch()).json["version"] == 1


@pytest.mark.parametrize(("choice", "state"), [("suspend", "suspended"), ("terminate", "terminated")])
async def test_the_owner_states_what_becomes_of_agreements_that_a_version_does_not_fit(
    shared: Shared, choice: str, state: str
) -> None:
    exchange = shared.exchange
    masks = {"masks": {"id": {"kind": "bucket", "size": 10}}}
    unfit = await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset, **masks)
    fits = await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset, fields=["name"])
    await make_unfit(shared)
    for half in ({"unfit": choice}, {"reason": "编码改版"}, {"unfit": "forget", "reason": "x"}):
        assert (await shared.publish(half)).problem == "request-invalid"
    published = await shared.publish({"unfit": choice, "reason": "编码改版"})
    assert (published.status, published.json["version"]) == (200, 2)
    for by in (shared.owner, shared.consumer):
        assert (await shared.read(unfit, by=by))["state"] == state
        assert (await shared.read(fits, by=by))["state"] == "active"
        affected, ended = await shared.statements(unfit, by=by)
        assert (affected["type"], ended["type"], ended["reason"]) == (
            "agreement.affected",
            f"agreement.{state}",
            "编码改版",
        )
        assert 'field "id"' in affected["reason"]
        assert await shared.statements(fits, by=by) == []
    types = [entry["type"] for entry in await exchange.read_entries()][-3:]
    assert types == ["agreement.affected", f"agreement.{state}", "dataset.published"]
    if choice == "suspend":
        target = f"/api/v1/agreements/{unfit['id']}/resumption"
        resumed = await exchange.call(shared.owner.steward, "POST", target, {"reason": "x"})
        assert (resumed.status, resumed.problem) == (409, "agreements-unfit")
        await shared.redraft(shared.source)
        assert (await shared.publish()).status == 200
        assert (await exchange.call_ok(shared.owner.steward, "POST", target, {"reason": "x"}))["state"] == "active"
        assert (await shared.fetch()).status == 200


async def test_an_agreement_that_is_kept_delivers_what_fits_and_refuses_the_rest(shared: Shared) -> None:
    """The refusal is a 403 that names agreement and field, on the ledger; the explanation says the same."""
    exchange = shared.exchange
    masks = {"masks": {"id": {"kind": "bucket", "size": 10}}}
    agreement = await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset, **masks)
    await make_unfit(shared)
    assert (await shared.publish({"unfit": "keep", "reason": "x"})).status == 200
    assert (await shared.fetch(fields=["name", "city"])).status == 200
    refused = await shared.fetch()
    assert (refused.status, refused.problem) == (403, "agreement-unfit"), refused.content.decode()
    [reason] = refused.json["reasons"]
    assert (reason["ref"], reason["rule"]) == (agreement["id"], "agreement.fits")
    assert 'The field "id"' in reason["remedy"]
    entry = (await exchange.read_entries())[int(refused.headers["exchange-entry"])]
    assert (entry["type"], entry["problem"]) == ("delivery.refused", "agreement-unfit")
    assert entry["decision"]["reasons"] == [{"code": "agreement-unfit", "ref": agreement["id"]}]
    question = {"system": shared.consumer.system_id, "dataset": shared.dataset["id"], "purpose": "talent-service"}
    explained = await exchange.call_ok(shared.owner.steward, "POST", "/api/v1/policy/explanations", question)
    denying = [rule for rule in explained["rules"] if rule["says"] == "deny"]
    assert (explained["outcome"], [rule["code"] for rule in denying]) == ("deny", ["agreement-unfit"])
    assert denying[0]["remedy"] == reason["remedy"]


async def test_terms_that_grow_wider_do_not_widen_an_agreement(exchange: Exchange) -> None:
    """Masks, row filter, rate and cap of the terms under which an agreement was concluded stay part of it."""
    narrow = {
        "masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}, "id": {"kind": "hash"}},
        "row_filter": {"field": "city", "op": "eq", "value": 330101},
        "row_cap": 8,  # of ten rows, three with names of two characters: both lengths are among any eight
        "rate": {"requests": 6, "per": "hour"},
    }
    shared = await share(exchange, **narrow)
    agreement = await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset)
    before = await shared.fetch()
    assert before.status == 200
    await shared.redraft(shared.source)
    [foreseen] = (await shared.foresee())["agreements"]
    assert all("keeps" in change for change in foreseen["changes"])  # nothing that is delivered changes
    assert (await shared.publish()).status == 200
    after = await shared.fetch()
    assert (after.status, after.json["version"]) == (200, 2)
    assert after.json["rows"] == before.json["rows"]
    assert {row["name"] for row in after.json["rows"]} == {"陈*", "陈**"}
    [statement] = await shared.statements(agreement)
    assert statement["type"] == "agreement.affected"
    for words in ("the terms mask name by nothing; the agreement keeps partial", "the agreement keeps its filter"):
        assert words in statement["reason"]
    assert "330101" not in statement["reason"]
    for by, terms_filter in ((shared.owner, narrow["row_filter"]), (shared.consumer, None)):
        read = await shared.read(agreement, by=by)
        assert (read["in_force"]["terms_filter"], read["in_force"]["has_terms_filter"]) == (terms_filter, True)
        assert read["in_force"]["masks"] == narrow["masks"]
    # A condition that only its owner sees is not shown by an explanation either.
    question = {"system": shared.consumer.system_id, "dataset": shared.dataset["id"], "purpose": "talent-service"}
    for steward, is_shown in ((shared.owner.steward, True), (shared.consumer.steward, False)):
        explanation = await exchange.call_ok(steward, "POST", "/api/v1/policy/explanations", question)
        [condition] = [obligation for obligation in explanation["obligations"] if obligation["kind"] == "row_filter"]
        assert (condition["value"] is not None, condition["withheld"]) == (is_shown, not is_shown)
    # The rate: two of six were used by now, and an attempt that is repeated counts again.
    answers = [(await shared.fetch()).problem for _ in range(5)]
    assert (answers[0], answers[-1]) == ("", "rate-exceeded")
    # A new agreement is granted under the present terms.
    wide = await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset)
    assert wide["in_force"]["masks"] == {}


async def test_terms_that_grow_narrower_hold_at_once(shared: Shared) -> None:
    agreement = await shared.exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset)
    await shared.redraft(shared.source, fields=["id", "name"], masks={"name": {"kind": "null"}}, row_cap=3)
    assert (await shared.publish()).status == 200
    rows = (await shared.fetch()).json["rows"]
    assert (len(rows), {row["name"] for row in rows}, set(rows[0])) == (3, {None}, {"id", "name"})
    [statement] = await shared.statements(agreement)
    for words in ("column city is withheld", "column name is masked by null instead of nothing", "at most 3 rows"):
        assert words in statement["reason"]


async def test_consent_that_was_demanded_is_not_forgotten(exchange: Exchange) -> None:
    """An agreement over records whose people have to consent needs their consent also once the terms no longer ask for it."""
    shared = await share(exchange, consent=True)
    await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset)
    assert (await shared.fetch()).problem == "consent-missing"
    await shared.redraft(shared.source)
    assert (await shared.publish()).status == 200
    assert (await shared.fetch()).problem == "consent-missing"
    await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset)
    assert (await shared.fetch()).status == 200


async def test_a_basis_that_is_stated_later_does_not_widen_an_agreement(exchange: Exchange) -> None:
    """Without a basis people's consent is needed on this lane; an agreement that was concluded so goes on needing it."""
    shared = await share(exchange, basis=None)
    await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset)
    assert (await shared.fetch()).problem == "consent-missing"
    await shared.redraft(shared.source, basis="contract")
    assert (await shared.publish()).status == 200
    assert (await shared.fetch()).problem == "consent-missing"
    await exchange.conclude_agreement(shared.consumer, shared.owner, shared.dataset)
    assert (await shared.fetch()).status == 200
