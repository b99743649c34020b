"""Items: what is available is not collected twice, and the authority names an item's source department (Article 19)."""

from typing import Any

from tests.support.catalogue.departments import CSV, appoint
from tests.support.exchanges.exchange import Exchange, Party, document_for

ITEMS = {"items": [{"name": "姓名", "type": "string"}, {"name": "NAME"}, {"name": "月份", "type": "date"}]}


async def publish(exchange: Exchange, party: Party, zh: str, **more: Any) -> dict[str, Any]:
    source = await exchange.register_file(party, CSV)
    document = document_for(source["description"]["fields"], **more)
    for field in document["fields"]:
        field["title"]["zh"], field["level"], field["personal"], field["subject_key"] = zh, "G1", False, False
    body = {"source": source["id"], "handle": f"of-{party.handle}", "document": document}
    dataset: dict[str, Any] = await exchange.call_ok(party.steward, "POST", "/api/v1/datasets", body)
    await exchange.call_ok(party.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    return dataset


async def test_what_is_available_is_listed_with_its_source_first(exchange: Exchange) -> None:
    first, second = await exchange.admit("first"), await exchange.admit("second")
    await publish(exchange, first, "姓名")
    own = await publish(exchange, second, "学生姓名", level="G2", update_frequency="yearly")
    matches = await exchange.call_ok(first.steward, "POST", "/api/v1/catalogue/matches", ITEMS)
    by_name = {match["name"]: match for match in matches}
    assert [(each["reference"], each["match"], each["same_type"]) for each in by_name["姓名"]["available"]] == [
        *[("first/of-first", "equal", True)] * 2,
        *[("second/of-second", "contains", True)] * 2,
    ]
    assert {each["field"] for each in by_name["NAME"]["available"]} == {"name"}
    assert by_name["月份"]["available"] == []
    without = await exchange.call_ok(first.steward, "POST", "/api/v1/catalogue/matches", ITEMS | {"without": own["id"]})
    assert {each["reference"] for each in without[0]["available"]} == {"first/of-first"}
    authority = await appoint(exchange, await exchange.admit("bureau"))
    named = {"item": "姓名", "organisation": second.id, "reason": "法定职责"}
    refused = await exchange.call(first.steward, "PUT", "/api/v1/catalogue/item-sources", named)
    assert refused.problem == "role-missing"
    await exchange.call_ok(authority, "PUT", "/api/v1/catalogue/item-sources", named | {"organisation": first.id})
    await exchange.call_ok(authority, "PUT", "/api/v1/catalogue/item-sources", named)
    entry = (await exchange.read_entries())[-1]
    assert (entry["type"], entry["item"], entry["object"]["id"]) == ("item_source.named", "姓名", second.id)
    [source] = await exchange.call_ok(first.steward, "GET", "/api/v1/catalogue/item-sources")
    assert source["organisation"] == second.id, "the later one holds"
    [match, *_] = await exchange.call_ok(first.steward, "POST", "/api/v1/catalogue/matches", ITEMS)
    assert (match["source"], match["available"][0]["is_source"]) == (second.id, True)


async def test_the_catalogue_is_searched_by_attribute_provider_frequency_and_grade(exchange: Exchange) -> None:
    first, second = await exchange.admit("first"), await exchange.admit("second")
    await publish(exchange, first, "姓名", sharing={"attribute": "unconditional"})
    await publish(exchange, second, "姓名", level="G2", update_frequency="yearly")
    expected = {
        "attribute=unconditional": {"first/of-first"},
        "attribute=conditional": {"second/of-second"},
        "attribute=not_shared": set(),
        "provider=second": {"second/of-second"},
        "frequency=yearly": {"second/of-second"},
        "level=G1": {"first/of-first"},
        "level=G2": {"second/of-second"},
        "level=G3": set(),
        "provider=first&level=G2": set(),
        "q=姓名": {"first/of-first", "second/of-second"},
    }
    for query, references in expected.items():
        answer = await exchange.client.get(f"/catalog?{query}")
        graph = answer.json()["@graph"]
        listed = {node["dct:identifier"] for node in graph if node["@type"] == "dcat:Dataset"}
        assert listed == references, query
        rows = await exchange.call_ok(first.steward, "GET", f"/api/v1/datasets?{query}") if query.isascii() else []
        assert {f"{row['organisation']}/{row['handle']}" for row in rows} == (references if query.isascii() else set())
