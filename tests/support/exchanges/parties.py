"""Two parties with a dataset between them, and what holds of concurrent requests."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.support.exchanges.exchange import Answer, Exchange, Key, Party, code

DUTIES = ("steward", "approver", "security_administrator")
CSV = b"code,name\n1,a\n2,b\n"


class Pair(NamedTuple):
    """An owner and a consumer of one exchange."""

    exchange: Exchange
    owner: Party
    consumer: Party


async def admit_pair(exchange: Exchange) -> Pair:
    """Admit a department as the owner and an institution as the consumer."""
    owner = await exchange.admit("owner")
    return Pair(exchange, owner, await exchange.admit("consumer", kind="institution", level="none"))


async def admit_parties(exchange: Exchange) -> tuple[Party, Party, dict[str, Any]]:
    """Admit an owner and a consumer, and publish the owner's dataset `codes`."""
    pair = await admit_pair(exchange)
    dataset = await exchange.publish_dataset(pair.owner, await exchange.register_file(pair.owner, CSV), "codes")
    return pair.owner, pair.consumer, dataset


class Offer(NamedTuple):
    """An owner and a consumer of one exchange, and the owner's dataset `codes`."""

    exchange: Exchange
    owner: Party
    consumer: Party
    dataset: dict[str, Any]


async def offer_codes(exchange: Exchange) -> Offer:
    """Admit an owner and a consumer, and publish the owner's dataset `codes`."""
    return Offer(exchange, *await admit_parties(exchange))


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


async def enrol_with_role(exchange: Exchange, party: Party, role: str) -> Key:
    """Enrol a member of a party who holds one role there, or with "" none; the member's key."""
    key, handle = Key(), (role or "nobody").replace("_", "-")
    document = {
        "kind": "member",
        "handle": f"only-{handle}",
        "title": handle,
        **exchange.registration(key, party.handle, f"only-{handle}"),
        "roles": [role] if role else [],
    }
    await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)
    return key


def check_one_succeeded(answers: Sequence[Answer]) -> Answer:
    """Check that one of several concurrent requests succeeded, and the others met a conflict; returns the successful one."""
    succeeded = [answer for answer in answers if answer.status < 300]
    assert len(succeeded) == 1, [answer.content.decode() for answer in answers]
    assert {answer.problem for answer in answers if answer is not succeeded[0]} == {"conflict"}
    return succeeded[0]


async def count_entries(exchange: Exchange, type_: str) -> int:
    """Count the entries of a type."""
    return sum(entry["type"] == type_ for entry in await exchange.read_entries())
