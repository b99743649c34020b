"""Two people: in an organisation that separates its duties, nobody publishes what they drafted."""

from typing import Any

from tests.support.exchanges.exchange import Exchange, document_for
from tests.support.exchanges.parties import admit_separated


async def test_who_drafted_does_not_publish_where_duties_are_separated(exchange: Exchange) -> None:
    owner, keys = await admit_separated(exchange)
    source: dict[str, Any] = await exchange.register_file(owner, b"code,name\n1,a\n2,b\n")
    body = {
        "source": source["id"],
        "handle": "codes",
        "document": document_for(source["description"]["fields"]),
    }
    dataset = await exchange.call_ok(keys["steward"], "POST", "/api/v1/datasets", body)
    target = f"/api/v1/datasets/{dataset['id']}"
    for _ in range(2):  # a draft that is replaced is still the drafter's
        refused = await exchange.call(keys["steward"], "POST", f"{target}/publication")
        assert (refused.status, refused.problem) == (403, "second-person-needed")
        await exchange.call_ok(keys["steward"], "PUT", f"{target}/draft", body)
    published = await exchange.call_ok(keys["approver"], "POST", f"{target}/publication")
    assert (published["state"], published["version"]) == ("published", 1)
