"""One-time codes: exactly what the person chose, to one recipient, once, for minutes; and who may not redeem them."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from data_exchange_client.proofs import AnswerProof, ProofInvalid
from data_exchange_client.trust import WELL_KNOWN, Trust
from exchange.answers.codes import queries, service, tasks
from exchange.kernel.clock import SettableClock
from exchange.kernel.database import driver
from exchange.kernel.problems import NotFound, RequestInvalid
from exchange.settings import Settings
from signatures import sd_jwt
from tests.support.exchanges.owner import MORNING
from tests.support.people.asking import Asking, start_asking
from tests.support.people.codes import issue, number_of, person_work, redeem


@pytest.fixture
async def asking(settings: Settings) -> Any:
    async with start_asking(settings, clock=SettableClock(MORNING)) as asking:
        yield asking


async def test_a_code_shows_what_the_person_chose_once(asking: Asking) -> None:
    issued = await issue(asking)
    answer = await redeem(asking, issued.code)
    assert answer.status == 200, answer.content.decode()
    assert answer.json["people"] == [{"holds-doctorate": "yes"}]
    entry = (await asking.exchange.read_entries())[int(answer.headers["exchange-entry"])]
    assert (entry["type"], entry["code"], entry["answers"]) == ("code.redeemed", str(issued.id), ["holds-doctorate"])
    assert (await redeem(asking, issued.code)).problem == "code-unknown"
    text = json.dumps(await asking.exchange.read_entries())
    assert "P00003" not in text
    assert issued.code not in text
    async with asking.exchange.runtime.database.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT state, person FROM answer_codes")
    assert (row["state"], row["person"]) == ("redeemed", None)


async def test_redeemed_twice_at_once_it_is_redeemed_once(asking: Asking) -> None:
    for value in ("P00003", "P00006"):
        issued = await issue(asking, value)
        tries = await asyncio.gather(*(redeem(asking, issued.code) for _ in range(5)))
        assert Counter(answer.status for answer in tries) == {200: 1, 404: 4}
    types = Counter(entry["type"] for entry in await asking.exchange.read_entries())
    assert types["code.redeemed"] == 2


async def test_others_and_other_purposes_learn_nothing_and_use_nothing_up(asking: Asking) -> None:
    issued = await issue(asking)
    other = await asking.exchange.admit("other", kind="institution", level="none")
    assert (await redeem(asking, issued.code, key=other.system)).problem == "code-unknown"
    assert (await redeem(asking, issued.code, purpose="statistics")).problem == "code-unknown"
    assert (await redeem(asking, "A" * 26)).problem == "code-unknown"
    assert (await redeem(asking, issued.code)).status == 200


async def test_a_refused_redemption_leaves_the_code(asking: Asking) -> None:
    issued = await issue(asking)
    address = f"/api/v1/agreements/{asking.agreement['id']}"
    await asking.exchange.call_ok(asking.owner.steward, "POST", f"{address}/suspension", {"reason": "核查"})
    assert (await redeem(asking, issued.code)).problem == "agreement-suspended"
    await asking.exchange.call_ok(asking.owner.steward, "POST", f"{address}/resumption", {"reason": "核查"})
    assert (await redeem(asking, issued.code)).status == 200


async def test_a_code_ends_with_its_minutes(asking: Asking) -> None:
    issued = await issue(asking)
    clock = asking.exchange.runtime.clock
    assert isinstance(clock, SettableClock)
    clock.move(issued.expires_at - clock.now())
    assert (await redeem(asking, issued.code)).problem == "code-unknown"
    await tasks.expire_overdue(asking.exchange.runtime)
    ended = [entry for entry in await asking.exchange.read_entries() if entry["type"] == "code.expired"]
    assert [entry["object"]["id"] for entry in ended] == [str(issued.id)]
    assert await tasks.expire_overdue(asking.exchange.runtime) == 0


async def test_a_person_revokes_a_code_and_nobody_else_does(asking: Asking) -> None:
    issued, number = await issue(asking), await number_of(asking, "P00003")
    async with asking.exchange.runtime.database.sessions() as session:
        with pytest.raises(NotFound):
            await service.revoke(person_work(session, asking), issued.id, subjects=[number + 1])
    async with asking.exchange.runtime.database.sessions() as session:
        work = person_work(session, asking)
        await service.revoke(work, issued.id, subjects=[number])
        await work.commit()
    assert (await redeem(asking, issued.code)).problem == "code-unknown"
    assert (await asking.exchange.read_entries())[-2]["type"] in {"code.revoked", "answer.refused"}


async def test_an_erasure_ends_the_codes_of_the_person(asking: Asking) -> None:
    issued = await issue(asking)
    document = {"dataset": "owner/degrees", "value": "P00003", "basis": "consent-withdrawn"}
    await asking.exchange.call_ok(asking.exchange.keys["operator"], "POST", "/api/v1/subjects/erasure", document)
    assert (await redeem(asking, issued.code)).problem == "code-unknown"
    async with asking.exchange.runtime.database.sessions() as session:
        connection = await driver(session)
        assert await connection.fetchval("SELECT state FROM answer_codes") == "revoked"
        assert await queries.lock_of_person(session, 0) == []


async def test_a_code_is_about_answers_that_are_offered_and_a_person_who_is_known_so(asking: Asking) -> None:
    with pytest.raises(RequestInvalid):
        await issue(asking, answers=["is-rich"])
    with pytest.raises(RequestInvalid):
        await issue(asking, field="degree")


async def test_what_a_window_gets_verifies_without_the_exchange(asking: Asking) -> None:
    """For the organisation that redeemed it, with the published key alone, for some minutes."""
    issued = await issue(asking, answers=["scores-ten", "holds-doctorate"])
    text = (await redeem(asking, issued.code)).json["proof"]
    trust = Trust.parse((await asking.exchange.send("GET", WELL_KNOWN, {})).json)
    now = asking.exchange.runtime.clock.now()
    proof = AnswerProof.verify(text, trust, now=now, recipient=asking.consumer.id)
    assert proof.answers == {"scores-ten": "no", "holds-doctorate": "yes"}
    assert (proof.dataset, proof.purpose) == ("owner/degrees", "talent-service")
    assert "P00003" not in str(sd_jwt.verify(text, key_of=trust.public_key))
    with pytest.raises(ProofInvalid, match="another organisation"):
        AnswerProof.verify(text, trust, now=now, recipient=asking.owner.id)
    with pytest.raises(ProofInvalid, match="over"):
        AnswerProof.verify(text, trust, now=now + timedelta(minutes=10))
    assert (await asking.ask("P00003")).json["proof"] is None
