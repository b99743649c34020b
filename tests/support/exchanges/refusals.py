"""The properties of every refusal: its form, its entry, and no other effect."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests.support.exchanges.exchange import Answer
from tests.support.exchanges.populated import CANARY, PopulatedExchange

Send = Callable[[PopulatedExchange], Awaitable[Answer]]


@dataclass(frozen=True)
class Bad:
    """A request that is wrong: the problem it has to get, who stands on the ledger for it, and how it is sent.

    `who` is a name of the scene's; `key:NAME` where only the key is known, "nobody" where not even that, and None where
    nobody claimed to have sent it, so that there is no entry.
    """

    name: str
    problem: str
    caller: str | None
    send: Send


def table(*rows: tuple[str, str, str | None, Send]) -> list[object]:
    """The rows as parameters of a test."""
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    return [pytest.param(Bad(*row), id=row[0]) for row in rows]


async def check_refused(exchange: PopulatedExchange, bad: Bad) -> None:
    """Send a bad request and hold the answer, the state and the ledger to what a refusal is."""
    before = await exchange.read_state()

    answer = await bad.send(exchange)

    assert answer.problem == bad.problem, answer.content.decode()
    assert answer.status == answer.json["status"]
    assert 400 <= answer.status < 600
    assert answer.status != 500
    assert answer.json["title"]
    assert answer.json["detail"]
    assert CANARY not in answer.content.decode()
    assert await exchange.read_state() == before
    entries = await exchange.read_entries()
    assert all(CANARY not in str(entry) for entry in entries)
    if bad.caller is None:
        assert "entry" not in answer.json
        return
    assert answer.json["entry"] == int(answer.headers["exchange-entry"]) == len(entries) - 1
    entry = entries[-1]
    assert entry["type"] in {"delivery.refused", "request.refused"}
    assert entry["problem"] == bad.problem
    assert entry["actor"] == _actor(exchange, bad.caller)


def _actor(exchange: PopulatedExchange, caller: str) -> dict[str, str]:
    if caller == "nobody":
        return {}
    kind, _, name = caller.rpartition(":")
    if name == "revoked":
        return {"key": exchange.revoked.keyid}
    if name == "suspended":
        return {"key": exchange.suspended.keyid, "principal": exchange.ids[name], "organisation": exchange.consumer.id}
    key = exchange.key_of(name).keyid
    if kind == "key":
        return {"key": key}
    party = None if name in exchange.keys else getattr(exchange, name.removesuffix("-system"))
    organisation = party.id if party else exchange.objects["operator"]
    return {"key": key, "principal": exchange.ids[name], "organisation": organisation}
