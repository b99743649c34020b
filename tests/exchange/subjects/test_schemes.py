"""A declared scheme of identifiers: two owners mean one person, each reads its own part, and one erasure reaches both."""

from typing import Any

from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Party, document_for
from tests.support.exchanges.starting import start_exchange

NUMBERS = ("11010519491231002X", "440524188001010014", "not-a-number")
CSV = "person_id,name\n" + "".join(f"{number},陈\n" for number in NUMBERS)


def document(source: dict[str, Any], *, identifier: str | None = "cn-resident-id") -> dict[str, Any]:
    described = document_for(source["description"]["fields"])
    for field in described["fields"]:
        if field["subject_key"] and identifier is not None:
            field["identifier"] = identifier
    return described


async def publish(
    exchange: Exchange, owner: Party, consumer: Party, *, identifier: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    source = await exchange.register_file(owner, CSV.encode())
    described = document(source, identifier=identifier)
    new = {"source": source["id"], "handle": "people", "document": described}
    drafted = await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", new)
    dataset = await exchange.call_ok(owner.steward, "POST", f"/api/v1/datasets/{drafted['id']}/publication")
    await exchange.conclude_agreement(consumer, owner, dataset)
    return source, dataset


async def fetch(exchange: Exchange, consumer: Party, owner: str, value: str) -> list[str]:
    """Ask about one person; the pseudonyms in the entry."""
    question = {"dataset": f"{owner}/people", "filters": [{"field": "person_id", "op": "eq", "value": value}]}
    answer = await exchange.call(consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
    assert answer.status == 200, answer.content.decode()
    body = (await exchange.read_entries())[int(answer.headers["exchange-entry"])]
    named: list[str] = body["subjects"]
    return named


async def test_two_owners_mean_one_person(settings: Settings) -> None:
    async with start_exchange(settings.model_copy(update={"retention_days": 0})) as exchange:
        first, second = await exchange.admit("first"), await exchange.admit("second")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        for owner in (first, second):
            await publish(exchange, owner, consumer, identifier="cn-resident-id")

        here = await fetch(exchange, consumer, "first", "11010519491231002X")
        assert here == await fetch(exchange, consumer, "second", "11010519491231002X")
        assert here == await fetch(exchange, consumer, "second", "110105491231002"), "the 15 digits are the same person"
        assert here != await fetch(exchange, consumer, "first", "440524188001010014")
        strays = [await fetch(exchange, consumer, owner, "not-a-number") for owner in ("first", "second")]
        assert strays[0] != strays[1], "what is no identifier of the scheme means nobody beyond its owner"

        about = {"dataset": "first/people", "value": "11010519491231002x"}
        own = await exchange.call(first.steward, "POST", "/api/v1/subjects/details", {**about, "limit": 1})
        assert len(own.json["details"]) == 1
        rest = await exchange.call(
            first.steward, "POST", "/api/v1/subjects/details", {**about, "after": own.json["next"]}
        )
        assert rest.json == {"details": [], "next": None}, "the other owner's deliveries do not show"
        report = await exchange.call(first.steward, "POST", "/api/v1/audit/people", about)
        assert sum(recipient["deliveries"] for recipient in report.json["named"]) == 1

        wrong = await exchange.call(
            exchange.keys["operator"], "POST", "/api/v1/subjects/erasure",
            {"dataset": "first/people", "value": "110105194912310021", "basis": "consent-withdrawn"},
        )  # fmt: skip
        assert wrong.status == 422
        assert wrong.json["errors"][0]["at"] == "body/value"
        erased = await exchange.call(
            exchange.keys["operator"], "POST", "/api/v1/subjects/erasure", {**about, "basis": "consent-withdrawn"}
        )
        assert (erased.json["outcome"], erased.json["details"]) == ("executed", 3)


async def test_what_is_from_before_the_declaration_is_found_by_the_field(settings: Settings) -> None:
    async with start_exchange(settings.model_copy(update={"retention_days": 0})) as exchange:
        owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer")
        source, dataset = await publish(exchange, owner, consumer, identifier=None)
        before = await fetch(exchange, consumer, "owner", "11010519491231002X")
        draft = await exchange.call(
            owner.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft",
            {"source": source["id"], "handle": "people", "document": document(source)},
        )  # fmt: skip
        assert draft.status in {200, 201}, draft.content.decode()
        published = await exchange.call(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication", {})
        assert published.status == 200, published.content.decode()
        after = await fetch(exchange, consumer, "owner", "11010519491231002X")
        assert before != after
        erasure = {"dataset": "owner/people", "value": "11010519491231002X", "basis": "consent-withdrawn"}
        for more, subject in (({}, after), ({"by_field": True}, before)):
            answer = await exchange.call(
                exchange.keys["operator"], "POST", "/api/v1/subjects/erasure", {**erasure, **more}
            )
            assert [answer.json["subject"]] == subject
