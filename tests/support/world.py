"""A small world on a real exchange: organisations with keys, and calls signed by them."""

import base64
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import nacl.signing
from fastapi import FastAPI

import signatures
from exchange.participants.uscc import check_character

URL = "http://localhost:8000"
_NUMBERS = itertools.count(1)


def code() -> str:
    """A fresh unified social credit code that checks."""
    first17 = f"12330000MB{next(_NUMBERS):07d}"
    return first17 + check_character(first17)


@dataclass(frozen=True)
class Key:
    """A key pair as its owner holds it."""

    signing: nacl.signing.SigningKey = field(default_factory=nacl.signing.SigningKey.generate)

    @property
    def public(self) -> str:
        return base64.urlsafe_b64encode(bytes(self.signing.verify_key)).decode().rstrip("=")

    @property
    def keyid(self) -> str:
        return signatures.thumbprint(bytes(self.signing.verify_key))

    @property
    def pair(self) -> bytes:
        return bytes(self.signing) + bytes(self.signing.verify_key)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: httpx2.Headers
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def problem(self) -> str:
        """The problem's slug, or "" where the answer is none."""
        if not self.headers.get("content-type", "").startswith("application/problem+json"):
            return ""
        return str(self.json["type"]).removeprefix("/problems/")


@dataclass
class Party:
    """An organisation with a member that has every role of its own, and a system."""

    id: str
    handle: str
    steward: Key
    system: Key
    system_id: str


class World:
    """One exchange and everybody on it."""

    def __init__(self, app: FastAPI, client: httpx2.AsyncClient, keys: dict[str, Key], *, url: str = URL) -> None:
        self.app = app
        self.url = url
        self.client = client
        self.keys = keys

    @property
    def now(self) -> datetime:
        now: datetime = self.app.state.runtime.clock.now()
        return now

    def signed(
        self,
        key: Key,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        created: int | None = None,
        lifetime: int = 60,
        nonce: str | None = None,
    ) -> dict[str, str]:
        """The headers of a signed request."""
        found = {name.lower(): value for name, value in (headers or {}).items()}
        if body is not None:
            found.setdefault("content-digest", signatures.content_digest(body))
        begun = created if created is not None else int(self.now.timestamp())
        return found | signatures.sign_request(
            key=key.pair,
            keyid=key.keyid,
            method=method,
            target_uri=self.url + target,
            headers=found,
            created=begun,
            expires=begun + lifetime,
            nonce=nonce or signatures.new_nonce(),
        )

    async def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """Send a request as it is."""
        response = await self.client.request(method, target, headers=headers, content=body)
        return Answer(response.status_code, response.headers, response.content)

    async def call(
        self,
        key: Key,
        method: str,
        target: str,
        document: Any = None,
        *,
        purpose: str | None = None,
        accept: str | None = None,
    ) -> Answer:
        """Send a signed request with a JSON document, or with bytes as they are."""
        headers: dict[str, str] = {}
        body: bytes | None = None
        if isinstance(document, bytes):
            body = document
            headers["content-type"] = "application/octet-stream"
        elif document is not None:
            body = json.dumps(document, ensure_ascii=False).encode()
            headers["content-type"] = "application/json"
        if purpose is not None:
            headers["exchange-purpose"] = purpose
        if accept is not None:
            headers["accept"] = accept
        return await self.send(method, target, self.signed(key, method, target, body=body, headers=headers), body)

    async def done(self, key: Key, method: str, target: str, document: Any = None) -> Any:
        """A call that has to succeed; its JSON."""
        answer = await self.call(key, method, target, document)
        assert answer.status < 300, answer.content.decode()
        return json.loads(answer.content or b"null")

    async def party(
        self,
        handle: str,
        *,
        kind: str = "department",
        level: str = "province",
        roles: tuple[str, ...] = ("steward", "approver", "consumer", "security_administrator"),
    ) -> Party:
        """An admitted organisation."""
        steward, system = Key(), Key()
        organisation = await self.done(
            self.keys["operator"],
            "POST",
            "/api/v1/organisations",
            {
                "handle": handle,
                "kind": kind,
                "code": code(),
                "level": level,
                "name_zh": f"{handle}单位",
                "name_en": handle,
                "first_member": {
                    "kind": "member",
                    "handle": "steward",
                    "title": "Steward",
                    "public_key": steward.public,
                    "roles": list(roles),
                },
            },
        )
        await self.done(self.keys["operator"], "POST", f"/api/v1/organisations/{organisation['id']}/admission")
        enrolled = await self.done(
            steward,
            "POST",
            f"/api/v1/organisations/{organisation['id']}/principals",
            {
                "kind": "system",
                "handle": "service",
                "title": "Service",
                "public_key": system.public,
                "roles": ["consumer"],
            },
        )
        return Party(organisation["id"], handle, steward, system, enrolled["id"])

    async def who(self, key: Key) -> str:
        """The identifier of the one who holds a key."""
        me = await self.done(key, "GET", "/api/v1/me")
        return str(me["principal"]["id"])

    async def table_source(self, party: Party, dsn: str, table: str) -> dict[str, Any]:
        """A PostgreSQL source."""
        source: dict[str, Any] = await self.done(
            party.steward,
            "POST",
            "/api/v1/sources",
            {
                "organisation": party.id,
                "source": {"kind": "postgresql", "title": table, "dsn": dsn, "table": table},
            },
        )
        return source

    async def file_source(self, party: Party, content: bytes, filename: str = "data.csv") -> dict[str, Any]:
        """A file source with its content."""
        source = await self.done(
            party.steward,
            "POST",
            "/api/v1/sources",
            {"organisation": party.id, "source": {"kind": "file", "title": filename}},
        )
        uploaded: dict[str, Any] = await self.done(
            party.steward, "PUT", f"/api/v1/sources/{source['id']}/content?filename={filename}", content
        )
        return uploaded

    async def dataset(
        self, party: Party, source: dict[str, Any], handle: str, *, terms: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """A published dataset of everything in a source; fields whose name has `name` or `person` are personal.

        One whose name has `person` identifies them.
        """
        document = document_for(source["description"]["fields"], terms=terms, **more)
        dataset = await self.done(
            party.steward,
            "POST",
            "/api/v1/datasets",
            {"source": source["id"], "handle": handle, "document": document},
        )
        published: dict[str, Any] = await self.done(
            party.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication"
        )
        return published

    async def agreement(
        self, consumer: Party, provider: Party, dataset: dict[str, Any], **approval: Any
    ) -> dict[str, Any]:
        """An agreement over everything the terms offer, for the purpose talent-service."""
        application = await self.apply(consumer, dataset)
        approved = await self.done(
            provider.steward, "POST", f"/api/v1/applications/{application['id']}/approval", approval
        )
        agreement: dict[str, Any] = approved["agreement"]
        return agreement

    async def apply(self, consumer: Party, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
        """An application."""
        application: dict[str, Any] = await self.done(
            consumer.steward, "POST", "/api/v1/applications", self.application_for(dataset) | more
        )
        return application

    def application_for(self, dataset: dict[str, Any]) -> dict[str, Any]:
        """What an application for everything a dataset offers says."""
        return {
            "dataset": dataset["id"],
            "fields": dataset["document"]["terms"]["fields"],
            "purpose": "talent-service",
            "basis": "浙江省公共数据条例",
            "scenario": "talent service",
            "scope": "applicants of the service",
            "not_after": (self.now + timedelta(days=30)).isoformat(),
        }

    async def entries(self) -> list[dict[str, Any]]:
        """Every body on the ledger, by index."""
        async with self.app.state.runtime.database.pool.acquire() as connection:
            rows = await connection.fetch("SELECT leaf FROM ledger_entry ORDER BY seq")
        return [json.loads(row["leaf"])["body"] for row in rows]


def document_for(fields: list[dict[str, Any]], *, terms: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A dataset's document over fields that were found in a source."""
    names = [one["name"] for one in fields]
    return {
        "title": {"zh": "数据集", "en": "Dataset"},
        "description": {"zh": "说明", "en": "Description"},
        "fields": [
            {
                "name": one["name"],
                "type": one["type"],
                "title": {"zh": one["name"], "en": one["name"]},
                "level": "G3" if "name" in one["name"] or "person" in one["name"] else "G1",
                "personal": "name" in one["name"] or "person" in one["name"],
                "subject_key": "person" in one["name"],
            }
            for one in fields
        ],
        "sharing": {"attribute": "conditional", "scope": "省内", "use": "人才服务"},
        "assessments": {"impact": assessment()},
        "terms": {"purposes": ["talent-service", "statistics"], "fields": names, **(terms or {})},
        **more,
    }


def assessment(**changes: Any) -> dict[str, Any]:
    """An assessment that is on file."""
    return {"reference": "评估 2026-1", "digest": "ab" * 32, "concluded_on": "2026-01-31"} | changes


def in_days(days: float) -> str:
    """A time so many days from now."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()
