"""A whole exchange in use, for tests that only look at what it refuses: built once, and not changed by any of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from exchange.settings import Settings
from tests.support.founded import founded
from tests.support.world import Answer, Key, Party, World, code

CANARY = "值-canary-7731"
"""Put into requests that are refused; neither an answer nor the ledger nor a log may repeat it."""

DELIVERIES = "/api/v1/deliveries"
STATE = (
    "organisations", "principals", "keys", "role_assignments", "sources", "datasets", "dataset_versions", "applications",
    "agreements", "agreement_statements", "delivery_streams", "subjects", "subject_holds", "subject_erasures",
    "policy_modules",
)  # fmt: skip
_STATE = "SELECT " + ", ".join(
    f"(SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t) AS {table}"
    for table in STATE
)
CSV = "person_id,name,city,score\n" + "".join(f"P{n:05d},陈{n},3301{n % 4}0,{n / 4}\n" for n in range(1, 41))
CITATION = {"kind": "law", "title": "中华人民共和国统计法", "article": "第二十五条"}


@dataclass
class Scene:
    """Who and what there is. `people` is a table, `degrees` a file; both are granted to the consumer."""

    world: World
    owner: Party
    consumer: Party
    stranger: Party
    newcomer: Party
    suspended: Key
    revoked: Key
    keys: dict[str, str]
    objects: dict[str, Any]

    async def ask(
        self,
        document: Any = None,
        *,
        key: Key | None = None,
        purpose: str = "talent-service",
        accept: str | None = None,
    ) -> Answer:
        """A delivery of the table, asked for by the consumer's system; bytes are sent as they are."""
        if isinstance(document, dict):
            document = {"dataset": "owner/people", **document}
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return await self.raw("POST", DELIVERIES, body, key=key, purpose=purpose, accept=accept)

    async def look(self, query: str, *, purpose: str = "talent-service") -> Answer:
        """The plain form of a delivery."""
        return await self.raw("GET", f"{DELIVERIES}?{query}", None, purpose=purpose)

    async def raw(
        self,
        method: str,
        target: str,
        body: bytes | None,
        *,
        key: Key | None = None,
        purpose: str | None = None,
        accept: str | None = None,
        media_type: str = "application/json",
    ) -> Answer:
        """A signed request with a body as it is."""
        headers = {} if body is None else {"content-type": media_type}
        headers |= {"exchange-purpose": purpose} if purpose else {}
        headers |= {"accept": accept} if accept else {}
        signed = self.world.signed(key or self.consumer.system, method, target, body=body, headers=headers)
        return await self.world.send(method, target, signed, body)

    async def say(self, who: str, method: str, target: str, document: Any = None) -> Answer:
        """A call on the control plane by somebody: owner, consumer, stranger, newcomer, or an administrator."""
        return await self.world.call(self.key_of(who), method, f"/api/v1{target}", document)

    def key_of(self, who: str) -> Key:
        """The key somebody signs with: a member's, or where the name ends in `-system` the system's."""
        if who in self.world.keys:
            return self.world.keys[who]
        party: Party = getattr(self, who.removesuffix("-system"))
        return party.system if who.endswith("-system") else party.steward

    async def state(self) -> dict[str, str]:
        """A digest of every table that the refused may not change."""
        async with self.world.app.state.runtime.database.pool.acquire() as connection:
            return dict(await connection.fetchrow(_STATE))


def organisation(**changes: Any) -> dict[str, Any]:
    """An organisation that could be registered."""
    document = {
        "handle": "another",
        "kind": "enterprise",
        "code": code(),
        "level": "none",
        "name_zh": "另一单位",
        "name_en": "Another",
        "first_member": {"kind": "member", "handle": "first", "title": "First", "public_key": Key().public},
    }
    return {name: value for name, value in (document | changes).items() if value is not ...}


@asynccontextmanager
async def staged(settings: Settings, dsn: str) -> AsyncIterator[Scene]:
    """The scene on an empty database."""
    async with founded(settings) as world:
        owner = await world.party("owner")
        consumer = await world.party("consumer", kind="institution", level="none")
        stranger = await world.party("stranger", kind="enterprise", level="none")
        objects: dict[str, Any] = {"dsn": dsn}
        table = objects["table"] = await world.table_source(owner, dsn, "people")
        mask = {"masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}}
        people = objects["people"] = await world.dataset(owner, table, "people", terms=mask)
        file = objects["file"] = await world.file_source(owner, CSV.encode())
        degrees = objects["degrees"] = await world.dataset(owner, file, "degrees")
        objects["published"] = [one["type"] for one in await world.entries()].index("dataset.published")
        await world.agreement(consumer, owner, degrees)
        objects["agreement"] = await world.agreement(consumer, owner, people)
        objects["application"] = await world.apply(consumer, people)
        waiting = objects["waiting"] = await world.apply(consumer, degrees)
        target = f"/api/v1/applications/{waiting['id']}"
        await world.done(owner.steward, "POST", f"{target}/supplement-request", {"missing": "使用依据"})
        ended = objects["ended"] = await world.agreement(consumer, owner, people)
        await world.done(owner.steward, "POST", f"/api/v1/agreements/{ended['id']}/termination", {"reason": "期满"})
        secret = {"attribute": "not_shared", "reason": "法律规定", "citation": CITATION}
        objects["secret"] = await world.dataset(owner, file, "secret", sharing=secret)
        objects["departments"] = await world.dataset(
            owner, file, "departments", terms={"consumers": {"kinds": ["department"]}}
        )
        objects["unread"] = await _unread(world, owner)
        objects["draft"] = await _draft(world, owner, people, table)
        suspended, revoked = Key(), Key()
        parties = {"owner": owner, "consumer": consumer, "stranger": stranger}
        keys = {name: await world.who(party.steward) for name, party in parties.items()}
        keys |= {f"{name}-system": party.system_id for name, party in parties.items()}
        keys["suspended"] = await _enrol(world, consumer, "suspended", suspended)
        keys["revoked"] = await _enrol(world, consumer, "revoked", revoked)
        await world.done(consumer.steward, "POST", f"/api/v1/principals/{keys['suspended']}/suspension")
        await world.done(
            consumer.steward, "POST", f"/api/v1/principals/{keys['revoked']}/keys/{revoked.keyid}/revocation"
        )
        newcomer, keys["newcomer"] = await _newcomer(world)
        for name, key in world.keys.items():
            me = await world.done(key, "GET", "/api/v1/me")
            keys[name] = me["principal"]["id"]
            objects["operator"] = me["organisation"]["id"]
        yield Scene(world, owner, consumer, stranger, newcomer, suspended, revoked, keys, objects)


async def _unread(world: World, owner: Party) -> Any:
    document = {"organisation": owner.id, "source": {"kind": "file", "title": "尚无内容"}}
    return await world.done(owner.steward, "POST", "/api/v1/sources", document)


async def _draft(world: World, owner: Party, people: Any, table: Any) -> Any:
    document = {"source": table["id"], "handle": "draft", "document": people["document"]}
    return await world.done(owner.steward, "POST", "/api/v1/datasets", document)


async def _enrol(world: World, party: Party, handle: str, key: Key) -> str:
    document = {"kind": "system", "handle": handle, "title": handle, "public_key": key.public, "roles": ["consumer"]}
    enrolled = await world.done(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)
    return str(enrolled["id"])


async def _newcomer(world: World) -> tuple[Party, str]:
    """An organisation that has registered and is not admitted, and its first member's identifier."""
    key = Key()
    first = {
        "kind": "member",
        "handle": "first",
        "title": "First",
        "public_key": key.public,
        "roles": ["steward", "consumer"],
    }
    registered = await world.done(
        world.keys["operator"], "POST", "/api/v1/organisations", organisation(handle="newcomer", first_member=first)
    )
    members = await world.done(world.keys["operator"], "GET", f"/api/v1/organisations/{registered['id']}/principals")
    return Party(registered["id"], "newcomer", key, key, ""), str(members[0]["id"])
