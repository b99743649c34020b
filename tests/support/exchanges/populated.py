"""An exchange with datasets, agreements and applications, for tests that leave it unchanged."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from exchange.settings import Settings
from tests.support.exchanges.exchange import URL, Answer, Exchange, Key, Party, code, registration_of
from tests.support.exchanges.filled import start_filled
from tests.support.people.consenting import decide_ok, publish_notice

CANARY = "值-canary-7731"
"""A value in refused requests. No response, entry or log line may repeat it."""

DELIVERIES = "/api/v1/deliveries"
STATE = (
    "organisations", "principals", "keys", "role_assignments", "sources", "datasets", "dataset_versions", "applications",
    "catalog_filings", "catalog_changes", "catalog_item_sources", "corrections", "correction_people",
    "agreements", "agreement_statements", "delivery_streams", "subjects", "subject_holds", "subject_erasures",
    "policy_modules", "consent_scopes", "consent_notices", "consents", "consent_events", "consent_now", "consent_withdrawn",
    "deletion_tasks", "consent_loads", "rights_applications", "rights_parties", "rights_statements", "rights_objections",
    "rights_records", "rights_holdings", "rights_certificates", "rights_record_objections",
    "trade_listings", "trade_offers", "trade_orders",
)  # fmt: skip
_STATE = "SELECT " + ", ".join(
    f"(SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t) AS {table}"
    for table in STATE
)
CSV = "person_id,name,city,score\n" + "".join(f"P{n:05d},陈{n},3301{n % 4}0,{n / 4}\n" for n in range(1, 41))
CITATION = {"kind": "law", "title": "中华人民共和国统计法", "article": "第二十五条"}


@dataclass(kw_only=True)
class PopulatedExchange(Exchange):
    """An exchange whose owner has a table `people` and a file `degrees`, both granted to the consumer.

    `ids` are principals' identifiers by name; `objects` are the documents of what was registered and published.
    """

    owner: Party
    consumer: Party
    stranger: Party
    newcomer: Party
    suspended: Key
    revoked: Key
    ids: dict[str, str]
    objects: dict[str, Any]

    async def fetch(
        self,
        document: Any = None,
        *,
        key: Key | None = None,
        purpose: str = "talent-service",
        accept: str | None = None,
    ) -> Answer:
        """Request a delivery of the table as the consumer's system; bytes are sent unchanged."""
        if isinstance(document, dict):
            document = {"dataset": "owner/people", **document}
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return await self.send_signed("POST", DELIVERIES, body, key=key, purpose=purpose, accept=accept)

    async def fetch_by_query(self, query: str, *, purpose: str = "talent-service") -> Answer:
        """Request a delivery by GET, with the parameters in the query."""
        return await self.send_signed("GET", f"{DELIVERIES}?{query}", None, purpose=purpose)

    async def send_signed(
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
        """Send a signed request with these bytes as its body."""
        headers = {} if body is None else {"content-type": media_type}
        headers |= {"exchange-purpose": purpose} if purpose else {}
        headers |= {"accept": accept} if accept else {}
        signed = self.sign(key or self.consumer.system, method, target, body=body, headers=headers)
        return await self.send(method, target, signed, body)

    async def call_as(self, caller: str, method: str, target: str, document: Any = None) -> Answer:
        """Call the control plane as `who`: owner, consumer, stranger, newcomer, or an administrator."""
        return await self.call(self.key_of(caller), method, f"/api/v1{target}", document)

    def key_of(self, caller: str) -> Key:
        """The key that `who` signs with: the steward's, or the system's if the name ends in `-system`."""
        if caller in self.keys:
            return self.keys[caller]
        party: Party = getattr(self, caller.removesuffix("-system"))
        return party.system if caller.endswith("-system") else party.steward

    async def read_state(self) -> dict[str, str]:
        """Read a digest of every table that a refused request must not change."""
        async with self.runtime.database.pool.acquire() as connection:
            return dict(await connection.fetchrow(_STATE))


def organisation(*, handle: str = "another", key: Key | None = None, url: str = URL, **changes: Any) -> dict[str, Any]:
    """An organisation to register at the exchange of a URL, whose first member has the key."""
    document = {
        "handle": handle,
        "kind": "enterprise",
        "code": code(),
        "level": "none",
        "name_zh": "另一单位",
        "name_en": "Another",
        "first_member": {
            "kind": "member",
            "handle": "first",
            "title": "First",
            **registration_of(key or Key(), handle, "first", url=url),
            "roles": ["steward", "consumer", "security_administrator"],
        },
    }
    return {name: value for name, value in (document | changes).items() if value is not ...}


@asynccontextmanager
async def start_populated_exchange(settings: Settings, dsn: str) -> AsyncIterator[PopulatedExchange]:
    """Start an exchange on an empty database, filled."""
    async with start_filled(settings, populate, dsn) as exchange:
        yield exchange


async def populate(exchange: Exchange, dsn: str) -> PopulatedExchange:
    """Fill an exchange that was just founded."""
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    stranger = await exchange.admit("stranger", kind="enterprise", level="none")
    objects: dict[str, Any] = {"dsn": dsn}
    table = objects["table"] = await exchange.register_table(owner, dsn, "people")
    mask = {"masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}}
    people = objects["people"] = await exchange.publish_dataset(owner, table, "people", terms=mask)
    file = objects["file"] = await exchange.register_file(owner, CSV.encode())
    degrees = objects["degrees"] = await exchange.publish_dataset(owner, file, "degrees")
    objects["published"] = [body["type"] for body in await exchange.read_entries()].index("dataset.published")
    await exchange.conclude_agreement(consumer, owner, degrees)
    objects["agreement"] = await exchange.conclude_agreement(consumer, owner, people)
    objects["application"] = await exchange.apply(consumer, people)
    waiting = objects["waiting"] = await exchange.apply(consumer, degrees)
    target = f"/api/v1/applications/{waiting['id']}"
    await exchange.call_ok(owner.steward, "POST", f"{target}/supplement-request", {"missing": "使用依据"})
    ended = objects["ended"] = await exchange.conclude_agreement(consumer, owner, people)
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/agreements/{ended['id']}/termination", {"reason": "期满"})
    secret = {"attribute": "not_shared", "reason": "法律规定", "citation": CITATION}
    objects["secret"] = await exchange.publish_dataset(owner, file, "secret", sharing=secret)
    objects["departments"] = await exchange.publish_dataset(
        owner, file, "departments", terms={"consumers": {"kinds": ["department"]}}
    )
    objects["unread"] = await _unread(exchange, owner)
    objects["draft"] = await _draft(exchange, owner, people, table)
    notice = await publish_notice(exchange, owner, "owner/people", "consumer", fields=["person_id", "name"])
    objects["notice"], objects["consent"] = notice, await decide_ok(exchange, owner, notice, 1)
    await decide_ok(exchange, owner, notice, 2)
    await decide_ok(exchange, owner, notice, 2, "withdrawn")
    [objects["deletion"]] = await exchange.call_ok(owner.steward, "GET", "/api/v1/deletions")
    suspended, revoked = Key(), Key()
    parties = {"owner": owner, "consumer": consumer, "stranger": stranger}
    ids = {name: await exchange.find_principal(party.steward) for name, party in parties.items()}
    ids |= {f"{name}-system": party.system_id for name, party in parties.items()}
    ids["suspended"] = await _enrol(exchange, consumer, "suspended", suspended)
    ids["revoked"] = await _enrol(exchange, consumer, "revoked", revoked)
    await exchange.call_ok(consumer.steward, "POST", f"/api/v1/principals/{ids['suspended']}/suspension")
    await exchange.call_ok(
        consumer.steward, "POST", f"/api/v1/principals/{ids['revoked']}/keys/{revoked.keyid}/revocation"
    )
    newcomer, ids["newcomer"] = await _newcomer(exchange)
    for name, key in exchange.keys.items():
        me = await exchange.call_ok(key, "GET", "/api/v1/me")
        ids[name] = me["principal"]["id"]
        objects["operator"] = me["organisation"]["id"]
    return PopulatedExchange(
        exchange.app,
        exchange.client,
        exchange.keys,
        url=exchange.url,
        owner=owner,
        consumer=consumer,
        stranger=stranger,
        newcomer=newcomer,
        suspended=suspended,
        revoked=revoked,
        ids=ids,
        objects=objects,
    )


async def _unread(exchange: Exchange, owner: Party) -> Any:
    document = {"organisation": owner.id, "source": {"kind": "file", "title": "尚无内容"}}
    return await exchange.call_ok(owner.steward, "POST", "/api/v1/sources", document)


async def _draft(exchange: Exchange, owner: Party, people: Any, table: Any) -> Any:
    document = {"source": table["id"], "handle": "draft", "document": people["document"]}
    return await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", document)


async def _enrol(exchange: Exchange, party: Party, handle: str, key: Key) -> str:
    registration = exchange.registration(key, party.handle, handle)
    document = {"kind": "system", "handle": handle, "title": handle, **registration, "roles": ["consumer"]}
    enrolled = await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)
    return str(enrolled["id"])


async def _newcomer(exchange: Exchange) -> tuple[Party, str]:
    """An organisation that has registered and is not admitted, and its first member's identifier."""
    key = Key()
    registered = await exchange.call_ok(
        exchange.keys["operator"],
        "POST",
        "/api/v1/organisations",
        organisation(handle="newcomer", key=key, url=exchange.url),
    )
    members = await exchange.call_ok(
        exchange.keys["operator"], "GET", f"/api/v1/organisations/{registered['id']}/principals"
    )
    return Party(registered["id"], "newcomer", key, key, ""), str(members[0]["id"])
