"""Notices and decisions of people, on an exchange whose owner has a dataset about people."""

from datetime import datetime, timedelta
from typing import Any

from tests.support.exchanges.exchange import Answer, Exchange, Party

PROOF = "ab" * 32


def notice_for(dataset: str, recipient: str, /, **changes: Any) -> dict[str, Any]:
    """A complete notice for all fields of the tests' people. A change to `...` leaves the member out."""
    document = {
        "dataset": dataset,
        "recipient": recipient,
        "purpose": "talent-service",
        "fields": ["person_id", "name", "score"],
        "version": "1",
        "text": "我们将您的信息提供给人才服务中心，用于人才服务。您可以随时撤回同意。",
        "controller": {"name": "省教育厅", "contact": "0571-00000000"},
        "recipient_contact": {"name": "人才服务中心", "contact": "0571-11111111"},
        "purpose_text": "人才服务",
        "processing": "接口查询",
        "retention_days": 365,
        "retention_basis": "服务期",
        "at_expiry": "删除",
        "term_days": 730,
        "rights": "向数据处室提出",
        "withdrawal": "与同意同样方便",
        "in_use_since": "2020-01-01T00:00:00+08:00",
    }
    return {name: value for name, value in (document | changes).items() if value is not ...}


async def publish_notice(exchange: Exchange, owner: Party, dataset: str, recipient: str, /, **changes: Any) -> Any:
    """Publish a notice."""
    return await exchange.call_ok(
        owner.steward, "POST", "/api/v1/consent-notices", notice_for(dataset, recipient, **changes)
    )


async def decide(
    exchange: Exchange,
    owner: Party,
    notice: dict[str, Any],
    value: str | int,
    decision: str = "given",
    *,
    at: datetime | None = None,
    **more: Any,
) -> Answer:
    """Record what a person decided, with a proof where it is given."""
    document: dict[str, Any] = {"notice": notice["id"], "value": value, "decision": decision}
    document |= {"at": at.isoformat()} if at is not None else {}
    document |= {"method": "window", "proof": PROOF} if decision == "given" else {}
    document = {name: member for name, member in (document | more).items() if member is not ...}
    return await exchange.call(owner.steward, "POST", "/api/v1/consents/decisions", document)


async def decide_ok(
    exchange: Exchange, owner: Party, notice: dict[str, Any], value: str | int, decision: str = "given", **more: Any
) -> dict[str, Any]:
    """Record a decision that has to be accepted: the record."""
    answer = await decide(exchange, owner, notice, value, decision, **more)
    assert answer.status == 200, answer.content.decode()
    record: dict[str, Any] = answer.json
    return record


def ago(exchange: Exchange, **span: float) -> datetime:
    """A time before the exchange's present."""
    return exchange.now - timedelta(**span)
