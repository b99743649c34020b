"""The public catalogue: what a consumer has to know before it applies, what changed when, and a search that refuses slips."""

import json
from typing import Any
from urllib.parse import quote

from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.populated import DELIVERIES

CSV = b"person_id,city\n1,a\n2,b\n"


async def read(exchange: Exchange, path: str) -> Any:
    answer = await exchange.send("GET", path, {})
    assert answer.status == 200, answer.content.decode()
    return json.loads(answer.content)


async def names(exchange: Exchange, query: str) -> list[str]:
    graph = (await read(exchange, f"/catalog?q={quote(query)}"))["@graph"]
    return [node["dct:identifier"] for node in graph if node["@type"] == "dcat:Dataset"]


async def test_the_catalogue_shows_fields_and_terms_and_when_the_content_changed(exchange: Exchange) -> None:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, CSV)
    terms = {"masks": {"person_id": {"kind": "null"}}, "row_filter": "city = 'a'"}
    dataset = await exchange.publish_dataset(owner, source, "people", terms=terms)
    await exchange.conclude_agreement(consumer, owner, dataset)
    [node] = [n for n in (await read(exchange, f"/catalog/{dataset['id']}"))["@graph"] if n["@type"] == "dcat:Dataset"]
    columns = node["dcat:distribution"][0]["csvw:tableSchema"]["csvw:column"]
    assert [(column["csvw:name"], column["dx:type"], column["dx:level"]) for column in columns] == [
        ("person_id", "string", "G3"),
        ("city", "string", "G1"),
    ]
    assert {title["@value"] for title in columns[1]["dct:title"]} == {"city"}
    assert node["dx:purpose"] == ["talent-service", "statistics"]
    assert (node["dx:level"], node["dcat:version"], node["dx:contentVersion"]) == ("G3", "1", 1)
    assert node["dx:terms"]["masks"] == {"person_id": {"kind": "null"}}
    assert (node["dx:terms"]["row_filter"], node["dx:withheld"]) == (None, ["terms/row_filter"])

    modified = node["dct:modified"]["@value"]
    target = f"/api/v1/sources/{source['id']}/content?filename=data.csv"
    await exchange.call_ok(owner.steward, "PUT", target, b"person_id,city\n3,a\n")
    [node] = [n for n in (await read(exchange, "/catalog"))["@graph"] if n["@type"] == "dcat:Dataset"]
    assert (node["dcat:version"], node["dx:contentVersion"]) == ("1", 2)
    assert node["dct:modified"]["@value"] > modified
    page = await exchange.call(
        consumer.system, "POST", DELIVERIES, {"dataset": "owner/people"}, purpose="talent-service"
    )
    assert (page.json["version"], page.json["content_version"]) == (1, 2)


async def test_the_catalogue_is_searched_in_both_languages(exchange: Exchange) -> None:
    owner = await exchange.admit("owner")
    source = await exchange.register_file(owner, CSV)
    titles = {"degrees": ("学历证书", "Degrees"), "towns": ("100%_城镇", "Towns")}
    for handle, (chinese, english) in titles.items():
        title = {"zh": chinese, "en": english}
        await exchange.publish_dataset(owner, source, handle, title=title, keywords=[f"key-{handle}"])
    for query, handles in (
        ("历证", ["owner/degrees"]),
        ("DEGREE", ["owner/degrees"]),
        ("towns owner", ["owner/towns"]),
        ("key-towns", ["owner/towns"]),
        ("person_id", ["owner/degrees", "owner/towns"]),
        ("owner单位", ["owner/degrees", "owner/towns"]),
        ("100%_", ["owner/towns"]),
        ("%", ["owner/towns"]),
        ("_城", ["owner/towns"]),
        ("degrees towns", []),
        ("subject_key", []),
        ("' OR 1=1 --", []),
    ):
        assert sorted(await names(exchange, query)) == handles, query
        listed = await exchange.call_ok(owner.steward, "GET", f"/api/v1/datasets?q={quote(query)}")
        assert sorted(row["handle"] for row in listed) == [name.partition("/")[2] for name in handles]
    for path in ("/catalog?query=x", "/catalog?q=a&sort=b"):
        answer = await exchange.send("GET", path, {})
        assert (answer.status, answer.problem) == (422, "request-invalid")
        assert answer.json["errors"][0]["at"].startswith("query/")
    assert (await exchange.call(owner.steward, "GET", "/api/v1/datasets?query=x")).problem == "request-invalid"
