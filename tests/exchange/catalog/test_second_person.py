"""Two people: in an organisation that separates its duties, nobody publishes what they drafted."""

from typing import Any

from tests.support.exchanges.exchange import Exchange, Key, Party, code, document_for

DUTIES = ("steward", "approver", "security_administrator")


async def register(exchange: Exchange) -> tuple[Party, dict[str, Key]]:
    """An organisation that separates its duties, with a member for each."""
    keys = {duty: Key() for duty in DUTIES}
    first, *further = [
        {
            "kind": "member",
            "handle": duty.replace("_", "-"),
            "title": duty,
            **exchange.registration(key, "owner", duty.replace("_", "-")),
            "roles": [duty],
        }
        for duty, key in keys.items()
    ]
    document = {
        "handle": "owner",
        "kind": "department",
        "code": code(),
        "level": "province",
        "name_zh": "单位",
        "name_en": "Unit",
        "first_member": first,
        "further_members": further,
        "separates_duties": True,
    }
    registered = await exchange.call_ok(exchange.keys["operator"], "POST", "/api/v1/organisations", document)
    await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/organisations/{registered['id']}/admission")
    return Party(registered["id"], "owner", keys["steward"], keys["steward"], ""), keys


async def test_who_drafted_does_not_publish_where_duties_are_separated(exchange: Exchange) -> None:
    owner, keys = await register(exchange)
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
