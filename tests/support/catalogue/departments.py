"""A department with a draft, on an exchange with or without a sharing authority."""

from dataclasses import dataclass
from typing import Any

from tests.support.exchanges.exchange import Answer, Exchange, Key, Party, assessment, document_for

CSV = b"person_id,name\nP1,a\nP2,b\n"
CLASS = {"kind": "department", "path": ["教育", "学历"]}
METHODS = {"attribute": "conditional", "scope": "省内", "use": "人才服务", "methods": ["api"]}


@dataclass
class Department:
    """A department with a draft on an exchange whose authority has `authority`'s key."""

    exchange: Exchange
    owner: Party
    authority: Key
    source: dict[str, Any]
    dataset: str

    def document(self, **changes: Any) -> dict[str, Any]:
        fields = self.source["description"]["fields"]
        return document_for(fields, sharing=METHODS, **{"classification": CLASS, **changes})

    async def act(self, verb: str, document: Any = None, *, key: Key | None = None) -> Answer:
        return await self.exchange.call(
            key or self.owner.steward, "POST", f"/api/v1/datasets/{self.dataset}/{verb}", document
        )

    async def act_ok(self, verb: str, document: Any = None) -> dict[str, Any]:
        answer = await self.act(verb, document)
        assert answer.status == 200, answer.content.decode()
        filing: dict[str, Any] = answer.json
        return filing

    async def file(self) -> dict[str, Any]:
        await self.act_ok("assessment", {"secrecy": assessment()})
        await self.act_ok("consent")
        return await self.act_ok("filing")

    async def redraft(self, **changes: Any) -> Answer:
        body = {"source": self.source["id"], "handle": "degrees", "document": self.document(**changes)}
        return await self.exchange.call(self.owner.steward, "PUT", f"/api/v1/datasets/{self.dataset}/draft", body)

    async def review(self, filing: dict[str, Any], verb: str, document: Any = None) -> Answer:
        return await self.exchange.call(self.authority, "POST", f"/api/v1/filings/{filing['id']}/{verb}", document)

    async def types(self) -> list[str]:
        return [body["type"] for body in await self.exchange.read_entries()]


async def appoint(exchange: Exchange, party: Party) -> Key:
    """Appoint a member of an organisation as the sharing authority: its key."""
    key = Key()
    document = {
        "kind": "member",
        "handle": "reviewer",
        "title": "Reviewer",
        **exchange.registration(key, party.handle, "reviewer"),
        "roles": [],
    }
    member = await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)
    role = {"role": "authority", "domain": "exchange"}
    await exchange.call_ok(exchange.keys["security"], "POST", f"/api/v1/principals/{member['id']}/roles", role)
    return key


async def draft(exchange: Exchange, *, has_authority: bool = True) -> Department:
    owner = await exchange.admit("owner")
    authority = await appoint(exchange, await exchange.admit("bureau")) if has_authority else Key()
    source = await exchange.register_file(owner, CSV)
    department = Department(exchange, owner, authority, source, "")
    body = {"source": source["id"], "handle": "degrees", "document": department.document()}
    department.dataset = (await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", body))["id"]
    return department
