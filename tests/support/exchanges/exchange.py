"""A running exchange, organisations with keys on it, and the requests that they sign."""

import itertools
import json
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import nacl.signing
from fastapi import FastAPI

import signatures
from exchange.kernel.clock import Clock, SettableClock
from exchange.kernel.runtime import Runtime
from exchange.participants.uscc import check_character
from groundwork import base64url

URL = "http://localhost:8000"
_NUMBERS = itertools.count(1)


def code() -> str:
    """A new unified social credit code with a valid check character."""
    first17 = f"12330000MB{next(_NUMBERS):07d}"
    return first17 + check_character(first17)


@dataclass(frozen=True)
class Key:
    """A key pair as its owner holds it."""

    signing: nacl.signing.SigningKey = field(default_factory=nacl.signing.SigningKey.generate)

    @property
    def public(self) -> str:
        return base64url.encode(bytes(self.signing.verify_key))

    @property
    def keyid(self) -> str:
        return signatures.thumbprint(bytes(self.signing.verify_key))

    @property
    def pair(self) -> bytes:
        return bytes(self.signing) + bytes(self.signing.verify_key)


def registration_of(
    key: Key, organisation: str, principal: str, *, url: str = URL, at: datetime | None = None, seconds: int = 86_400
) -> dict[str, Any]:
    """The members `public_key` and `proof` of a key's registration, which the key itself signs."""
    expires = int((at or datetime.now(UTC)).timestamp()) + seconds
    public = bytes(key.signing.verify_key)
    registration = signatures.Registration(url, organisation, principal, public, expires)
    signature = base64url.encode(signatures.prove_possession(key.pair, registration))
    return {"public_key": key.public, "proof": {"expires": expires, "signature": signature}}


@dataclass
class Answer:
    """A response."""

    status: int
    headers: httpx2.Headers
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def problem(self) -> str:
        """The slug of the problem, or "" if the response is none."""
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


@dataclass
class Exchange:
    """An exchange that is called in the test's process or at `url`.

    `keys` are those of its administrators: operator, security and auditor.
    """

    app: FastAPI
    client: httpx2.AsyncClient
    keys: dict[str, Key]
    _: KW_ONLY
    url: str = URL

    @property
    def runtime(self) -> Runtime:
        """The parts of the running application; of no use for an exchange in another process."""
        runtime: Runtime = self.app.state.runtime
        return runtime

    @property
    def now(self) -> datetime:
        """The time by the running application's clock; the present for an exchange that only another process serves."""
        runtime: Runtime | None = getattr(self.app.state, "runtime", None)
        return (Clock() if runtime is None else runtime.clock).now()

    @property
    def settable_clock(self) -> SettableClock:
        """The clock, of an exchange whose clock tests move."""
        clock = self.runtime.clock
        assert isinstance(clock, SettableClock)
        return clock

    def sign(
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
        """Sign a request: its headers."""
        signed = {name.lower(): value for name, value in (headers or {}).items()}
        if body is not None:
            signed.setdefault("content-digest", signatures.content_digest(body))
        begun = created if created is not None else int(self.now.timestamp())
        return signed | signatures.sign_request(
            key=key.pair,
            keyid=key.keyid,
            method=method,
            target_uri=self.url + target,
            headers=signed,
            created=begun,
            expires=begun + lifetime,
            nonce=nonce or signatures.new_nonce(),
        )

    async def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """Send a request unchanged."""
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
        content_type: str = "application/octet-stream",
    ) -> Answer:
        """Send a signed request with a JSON document, or with bytes of a media type."""
        headers: dict[str, str] = {}
        body: bytes | None = None
        if isinstance(document, bytes):
            body = document
            headers["content-type"] = content_type
        elif document is not None:
            body = json.dumps(document, ensure_ascii=False).encode()
            headers["content-type"] = "application/json"
        if purpose is not None:
            headers["exchange-purpose"] = purpose
        if accept is not None:
            headers["accept"] = accept
        return await self.send(method, target, self.sign(key, method, target, body=body, headers=headers), body)

    async def call_ok(self, key: Key, method: str, target: str, document: Any = None) -> Any:
        """Send a signed request that has to succeed: the JSON of its response."""
        answer = await self.call(key, method, target, document)
        assert answer.status < 300, answer.content.decode()
        return json.loads(answer.content or b"null")

    def registration(self, key: Key, organisation: str, principal: str) -> dict[str, Any]:
        """The members of a key's registration at this exchange, for a member or system; both are given by handle."""
        return registration_of(key, organisation, principal, url=self.url, at=self.now)

    async def admit(
        self,
        handle: str,
        *,
        kind: str = "department",
        level: str = "province",
        roles: tuple[str, ...] = ("steward", "approver", "consumer", "security_administrator"),
    ) -> Party:
        """Register and admit an organisation, with a steward and a system."""
        steward, system = Key(), Key()
        organisation = await self.call_ok(
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
                    **self.registration(steward, handle, "steward"),
                    "roles": list(roles),
                },
            },
        )
        await self.call_ok(self.keys["operator"], "POST", f"/api/v1/organisations/{organisation['id']}/admission")
        enrolled = await self.call_ok(
            steward,
            "POST",
            f"/api/v1/organisations/{organisation['id']}/principals",
            {
                "kind": "system",
                "handle": "service",
                "title": "Service",
                **self.registration(system, handle, "service"),
                "roles": ["consumer"],
            },
        )
        return Party(organisation["id"], handle, steward, system, enrolled["id"])

    async def find_principal(self, key: Key) -> str:
        """Find the identifier of the principal who holds a key."""
        me = await self.call_ok(key, "GET", "/api/v1/me")
        return str(me["principal"]["id"])

    async def register_table(self, party: Party, dsn: str, table: str) -> dict[str, Any]:
        """Register a PostgreSQL source."""
        source: dict[str, Any] = await self.call_ok(
            party.steward,
            "POST",
            "/api/v1/sources",
            {
                "organisation": party.id,
                "source": {"kind": "postgresql", "title": table, "dsn": dsn, "table": table},
            },
        )
        return source

    async def register_file(self, party: Party, content: bytes, filename: str = "data.csv") -> dict[str, Any]:
        """Register a file source and upload its content."""
        source = await self.call_ok(
            party.steward,
            "POST",
            "/api/v1/sources",
            {"organisation": party.id, "source": {"kind": "file", "title": filename}},
        )
        uploaded: dict[str, Any] = await self.call_ok(
            party.steward, "PUT", f"/api/v1/sources/{source['id']}/content?filename={filename}", content
        )
        return uploaded

    async def publish_dataset(
        self, party: Party, source: dict[str, Any], handle: str, *, terms: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Publish everything in a source as a dataset.

        Fields whose name has `name` or `person` in it are personal; one with `person` identifies them.
        """
        document = document_for(source["description"]["fields"], terms=terms, **more)
        dataset = await self.call_ok(
            party.steward,
            "POST",
            "/api/v1/datasets",
            {"source": source["id"], "handle": handle, "document": document},
        )
        published: dict[str, Any] = await self.call_ok(
            party.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication"
        )
        return published

    async def conclude_agreement(
        self, consumer: Party, provider: Party, dataset: dict[str, Any], **approval: Any
    ) -> dict[str, Any]:
        """Apply for everything the terms offer, for the purpose talent-service, and approve it: the agreement."""
        application = await self.apply(consumer, dataset)
        approved = await self.call_ok(
            provider.steward, "POST", f"/api/v1/applications/{application['id']}/approval", approval
        )
        agreement: dict[str, Any] = approved["agreement"]
        return agreement

    async def apply(self, consumer: Party, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Submit an application; between departments, draft it and consent to the draft."""
        application: dict[str, Any] = await self.call_ok(
            consumer.steward, "POST", "/api/v1/applications", self.draft_application(dataset) | more
        )
        if application["state"] == "drafted":
            target = f"/api/v1/applications/{application['id']}/consent"
            application = await self.call_ok(consumer.steward, "POST", target)
        return application

    def draft_application(self, dataset: dict[str, Any]) -> dict[str, Any]:
        """An application for everything that a dataset offers."""
        return {
            "dataset": dataset["id"],
            "fields": dataset["document"]["terms"]["fields"],
            "answers": [answer["name"] for answer in dataset["document"]["terms"].get("answers", ())],
            "purpose": "talent-service",
            "basis": "浙江省公共数据条例",
            "scenario": "talent service",
            "scope": "applicants of the service",
            "not_after": (self.now + timedelta(days=30)).isoformat(),
        }

    async def read_entries(self) -> list[dict[str, Any]]:
        """Read the bodies of all entries, by index."""
        async with self.runtime.database.pool.acquire() as connection:
            rows = await connection.fetch("SELECT leaf FROM ledger_entry ORDER BY seq")
        return [json.loads(row["leaf"])["body"] for row in rows]


def document_for(fields: list[dict[str, Any]], *, terms: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The document of a dataset over the fields of a source."""
    names = [field["name"] for field in fields]
    return {
        "title": {"zh": "数据集", "en": "Dataset"},
        "description": {"zh": "说明", "en": "Description"},
        "fields": [
            {
                "name": field["name"],
                "type": field["type"],
                "title": {"zh": field["name"], "en": field["name"]},
                "level": "G3" if "name" in field["name"] or "person" in field["name"] else "G1",
                "personal": "name" in field["name"] or "person" in field["name"],
                "subject_key": "person" in field["name"],
            }
            for field in fields
        ],
        "sharing": {"attribute": "conditional", "scope": "省内", "use": "人才服务"},
        "assessments": {"impact": assessment()},
        "terms": {
            "purposes": ["talent-service", "statistics"],
            "fields": names,
            "basis": "statutory-duty",
            **(terms or {}),
        },
        **more,
    }


def assessment(**changes: Any) -> dict[str, Any]:
    """An assessment on file."""
    return {"reference": "评估 2026-1", "digest": "ab" * 32, "concluded_on": "2026-01-31"} | changes


def in_days(days: float) -> str:
    """The time in so many days."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()
