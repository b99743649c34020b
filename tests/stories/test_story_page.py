"""The page docs/story.md, word for word: its requests in order, each as the one who sends it, with the answers that it states."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.exchanges.starting import start_exchange
from tests.support.sharing.departments import FRIDAY, YEAR, load_year

_PAGE = Path(__file__).parents[2] / "docs" / "story.md"
_BLOCK = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_YEARS = re.compile(r"\b20\d\d(?=-)")
_HEADER = re.compile(r"^([a-z-]+): (\S+)$")


class Story:
    """Who acts, and the words that the page keeps."""

    def __init__(self, exchange: Exchange, clock: SettableClock, keys: dict[str, Key], words: dict[str, Any]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._keys = keys
        self.words = words

    async def run(self, block: str) -> None:
        """Send one request, or set the clock. The years of the page become the test's."""
        block = _YEARS.sub(lambda year: f"{int(year[0]) + YEAR - 2026}", block)
        for word, value in self.words.items():
            block = block.replace(f"{{{word}}}", str(value))
        first, *rest = block.splitlines()
        who, _, act = first.partition(": ")
        if who == "clock":
            self._clock.move(datetime.fromisoformat(act).astimezone(UTC) - self._clock.now())
            return
        method, _, target = act.partition(" ")
        claims = [line.removeprefix("→ ") for line in rest if line.startswith("→ ")]
        lines = [line for line in rest if not line.startswith("→ ")]
        purpose = None
        if lines and (header := _HEADER.match(lines[0])) is not None:
            assert header[1] == "exchange-purpose", lines[0]
            purpose = header[2]
            lines = lines[1:]
        body = "\n".join(lines)
        document = json.loads(body) if body.startswith("{") else body.encode() or None
        answer = await self._exchange.call(self._keys[who], method, target, document, purpose=purpose)
        stated = {**answer.json, "problem": answer.problem or None, "entry": answer.headers.get("exchange-entry")}
        assert claims, f"nothing is stated of the answer to {first}"
        for claim in claims:
            self._check(claim, stated, f"{first}\n{answer.content.decode()}")
        assert answer.status < 300 or any(claim.startswith("problem: ") for claim in claims), answer.content.decode()

    def _check(self, claim: str, stated: Any, asked: str) -> None:
        path, sign, value = re.fullmatch(r"(\S+?)(:| =) (.+)", claim).groups()  # type: ignore[union-attr]
        for name in path.split("."):
            assert isinstance(stated, dict | list), f"{claim}\n{asked}"
            stated = stated[int(name)] if isinstance(stated, list) else stated.get(name)
        if sign == ":":
            assert str(stated) == value, f"{claim}\n{asked}"
        else:
            assert stated is not None, f"{claim}\n{asked}"
            self.words[value] = stated


async def enrol(exchange: Exchange, party: Party, handle: str, *roles: str) -> Key:
    """Enrol another member of an organisation."""
    key = Key()
    registration = exchange.registration(key, party.handle, handle)
    document = {"kind": "member", "handle": handle, "title": handle, **registration, "roles": list(roles)}
    await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)
    return key


@pytest.fixture
async def story(settings: Settings) -> AsyncIterator[Story]:
    """An exchange on which everybody of the page is enrolled."""
    clock = SettableClock(FRIDAY)
    async with start_exchange(settings, clock=clock) as exchange:
        await load_year(exchange)
        education = await exchange.admit("education", roles=("steward", "security_administrator"))
        talent = await exchange.admit("talent", level="city", roles=("steward", "consumer", "security_administrator"))
        bureau = await exchange.admit("bureau")
        enterprise = await exchange.admit("enterprise", kind="enterprise", level="none")
        reviewer = await exchange.find_principal(bureau.steward)
        role = {"role": "authority", "domain": "exchange"}
        await exchange.call_ok(exchange.keys["security"], "POST", f"/api/v1/principals/{reviewer}/roles", role)
        keys = {
            **exchange.keys,
            "steward": education.steward,
            "head": await enrol(exchange, education, "head", "approver"),
            "authority": bureau.steward,
            "officer": talent.steward,
            "talent-head": await enrol(exchange, talent, "head", "approver"),
            "system": talent.system,
            "stranger": enterprise.system,
        }
        yield Story(exchange, clock, keys, {"education": education.id})


async def test_the_story_happens_as_the_page_tells_it(story: Story) -> None:
    blocks = _BLOCK.findall(_PAGE.read_text(encoding="utf-8"))
    assert len(blocks) > 20
    for block in blocks:
        await story.run(block)
