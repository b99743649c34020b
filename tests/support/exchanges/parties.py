"""Two parties with a dataset between them, and what holds of concurrent requests."""

from collections.abc import Sequence
from typing import Any

from tests.support.exchanges.exchange import Answer, Exchange, Key, Party, code

DUTIES = ("steward", "approver", "security_administrator")
CSV = b"code,name\n1,a\n2,b\n"


async def admit_parties(exchange: Exchange) -> tuple[Party, Party, dict[str, Any]]:
    """Admit an owner and a consumer, and publish the owner's dataset `codes`."""
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    dataset = await exchange.publish_dataset(owner, await exchange.register_file(owner, CSV), "codes")
    return owner, consumer, dataset


async def admit_separated(exchange: Exchange) -> tuple[Party, dict[str, Key]]:
    """Admit the organisation `owner`, which separates its duties; returns a key for each duty."""
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


def check_one_succeeded(answers: Sequence[Answer]) -> Answer:
    """Check that one of several concurrent requests succeeded, and the others met a conflict; returns the successful one."""
    succeeded = [answer for answer in answers if answer.status < 300]
    assert len(succeeded) == 1, [answer.content.decode() for answer in answers]
    assert {answer.problem for answer in answers if answer is not succeeded[0]} == {"conflict"}
    return succeeded[0]


async def count_entries(exchange: Exchange, type_: str) -> int:
    """Count the entries of a type."""
    return sum(entry["type"] == type_ for entry in await exchange.read_entries())
