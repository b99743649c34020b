"""What holds of every refusal, whatever was wrong: its form, its entry, and that nothing else came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests.support.scene import CANARY, Scene
from tests.support.world import Answer

Send = Callable[[Scene], Awaitable[Answer]]


@dataclass(frozen=True)
class Bad:
    """A request that is wrong: the problem it has to get, who stands on the ledger for it, and how it is sent.

    `who` is a name of the scene's; `key:NAME` where only the key is known, "nobody" where not even that, and None where
    nobody claimed to have sent it, so that there is no entry.
    """

    name: str
    problem: str
    who: str | None
    send: Send


def table(*rows: tuple[str, str, str | None, Send]) -> list[object]:
    """The rows as parameters of a test."""
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    return [pytest.param(Bad(*row), id=row[0]) for row in rows]


async def check_refused(scene: Scene, bad: Bad) -> None:
    """Send a bad request and hold the answer, the state and the ledger to what a refusal is."""
    before = await scene.state()

    answer = await bad.send(scene)

    assert answer.problem == bad.problem, answer.content.decode()
    assert answer.status == answer.json["status"]
    assert 400 <= answer.status < 600
    assert answer.status != 500
    assert answer.json["title"]
    assert answer.json["detail"]
    assert CANARY not in answer.content.decode()
    assert await scene.state() == before
    entries = await scene.world.entries()
    assert all(CANARY not in str(entry) for entry in entries)
    if bad.who is None:
        assert "entry" not in answer.json
        return
    assert answer.json["entry"] == int(answer.headers["exchange-entry"]) == len(entries) - 1
    entry = entries[-1]
    assert entry["type"] in {"delivery.refused", "request.refused"}
    assert entry["problem"] == bad.problem
    assert entry["actor"] == _actor(scene, bad.who)


def _actor(scene: Scene, who: str) -> dict[str, str]:
    if who == "nobody":
        return {}
    kind, _, name = who.rpartition(":")
    if name == "revoked":
        return {"key": scene.revoked.keyid}
    if name == "suspended":
        return {"key": scene.suspended.keyid, "principal": scene.keys[name], "organisation": scene.consumer.id}
    key = scene.key_of(name).keyid
    if kind == "key":
        return {"key": key}
    party = None if name in scene.world.keys else getattr(scene, name.removesuffix("-system"))
    organisation = party.id if party else scene.objects["operator"]
    return {"key": key, "principal": scene.keys[name], "organisation": organisation}
