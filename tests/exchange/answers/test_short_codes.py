"""Short codes: typed at a window, once; and what guessing them costs and gains."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from exchange.answers.codes import service
from exchange.answers.codes.errors import CodesExceeded
from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from tests.support.exchanges.owner import MORNING
from tests.support.people.asking import Asking, start_asking
from tests.support.people.codes import issue, number_of, person_work, redeem


@pytest.fixture
async def asking(settings: Settings) -> Any:
    changed = settings.model_copy(update={"answers_wrong_day": 30, "answers_code_seconds": 600})
    async with start_asking(changed, clock=SettableClock(MORNING)) as asking:
        yield asking


def other_than(code: str, count: int) -> list[str]:
    return [f"{(int(code) + step) % 10**8:08}" for step in range(1, count + 1)]


def move(asking: Asking, **span: float) -> None:
    clock = asking.exchange.runtime.clock
    assert isinstance(clock, SettableClock)
    clock.move(timedelta(**span))


async def read_code(asking: Asking) -> Any:
    async with asking.exchange.runtime.database.pool.acquire() as connection:
        return await connection.fetchrow("SELECT * FROM answer_codes")


async def test_a_short_code_is_redeemed_once_and_not_kept_as_it_is(asking: Asking) -> None:
    issued = await issue(asking, form="digits")
    assert len(issued.code) == 8
    row = await read_code(asking)
    seal = asking.exchange.runtime.seal
    assert row["digest"] not in {service.digest_of(issued.code), issued.code.encode()}
    assert row["digest"] == service.short_digest(seal, issued.code, row["recipient_id"])
    tries = await asyncio.gather(*(redeem(asking, issued.code) for _ in range(4)))
    assert Counter(answer.status for answer in tries) == {200: 1, 404: 3}
    row = await read_code(asking)
    assert (row["state"], row["person"], row["digest"]) == ("redeemed", None, None)
    assert issued.code not in str(await asking.exchange.read_entries())


async def test_another_organisation_neither_redeems_it_nor_counts_against_it(asking: Asking) -> None:
    issued = await issue(asking, form="digits")
    other = await asking.exchange.admit("other", kind="institution", level="none")
    for _ in range(5):
        assert (await redeem(asking, issued.code, key=other.system)).problem == "code-unknown"
    assert (await redeem(asking, issued.code, key=other.system)).problem == "code-tries-exceeded"
    row = await read_code(asking)
    assert row["wrong"] == 0
    assert (await redeem(asking, issued.code)).status == 200


async def test_after_too_many_wrong_tries_in_a_minute_a_right_code_waits_too(asking: Asking) -> None:
    """Else the window would tell right from wrong for nothing. A code to scan is redeemed meanwhile."""
    issued, scanned = await issue(asking, form="digits"), await issue(asking, "P00006")
    tries = await asyncio.gather(*(redeem(asking, code) for code in other_than(issued.code, 9)))
    assert Counter(answer.problem for answer in tries) == {"code-unknown": 5, "code-tries-exceeded": 4}
    refused = await redeem(asking, issued.code)
    assert (refused.status, refused.problem) == (429, "code-tries-exceeded")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert (await redeem(asking, scanned.code)).status == 200
    move(asking, minutes=1)
    assert (await redeem(asking, issued.code)).status == 200


async def test_a_code_is_void_after_twenty_wrong_tries_of_its_window(asking: Asking) -> None:
    issued = await issue(asking, form="digits")
    wrong = other_than(issued.code, 20)
    for minute in range(4):
        for code in wrong[minute * 5 : minute * 5 + 5]:
            assert (await redeem(asking, code)).problem == "code-unknown"
        move(asking, minutes=1)
    assert (await redeem(asking, issued.code)).problem == "code-unknown"
    runtime, number = asking.exchange.runtime, await number_of(asking, "P00003")
    async with runtime.database.sessions() as session:
        [shown] = await service.of_person(person_work(session, asking), [number])
    assert shown.state == "void"
    assert (await read_code(asking))["wrong"] == 20
    for code in wrong[:4]:
        assert (await redeem(asking, code)).problem == "code-unknown"
    move(asking, minutes=1)
    for code in wrong[:5]:
        assert (await redeem(asking, code)).problem == "code-unknown"
    exceeded = await redeem(asking, wrong[0])
    assert exceeded.problem == "code-tries-exceeded", "thirty a day"
    assert int(exceeded.headers["retry-after"]) > 60
    move(asking, days=1)
    again = await issue(asking, form="digits")
    assert (await redeem(asking, again.code)).status == 200


async def test_wrong_tries_of_all_are_bounded(settings: Settings) -> None:
    changed = settings.model_copy(update={"answers_wrong_day_all": 6})
    async with start_asking(changed, clock=SettableClock(MORNING)) as asking:
        other = await asking.exchange.admit("other", kind="institution", level="none")
        issued = await issue(asking, form="digits")
        for key in (None, other.system):
            for code in other_than(issued.code, 3):
                assert (await redeem(asking, code, key=key)).problem == "code-unknown"
        assert (await redeem(asking, issued.code)).problem == "code-tries-exceeded"


async def test_a_person_has_ten_codes_at_once(asking: Asking) -> None:
    for _ in range(10):
        await issue(asking, form="digits")
    with pytest.raises(CodesExceeded):
        await issue(asking)
