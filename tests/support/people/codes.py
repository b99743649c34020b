"""People with codes: they issue them, and a window redeems them."""

from typing import Any
from uuid import UUID

from exchange.answers.codes import service
from exchange.answers.codes.schemas import CodeOut, NewCode
from exchange.kernel.work import Caller, Principal, Work
from exchange.participants.door.evidence import Founding
from exchange.subjects import numbers
from exchange.subjects.identity import Identity
from tests.support.exchanges.exchange import Answer, Key
from tests.support.people.asking import Asking

REDEMPTIONS = "/api/v1/answers/redemptions"


def identity_of(asking: Asking, value: str) -> Identity:
    """The identity of a person in the dataset."""
    return Identity(f"{asking.owner.id}/person_id", value)


async def number_of(asking: Asking, value: str) -> int:
    """The person's number."""
    runtime = asking.exchange.runtime
    async with runtime.database.pool.acquire() as connection:
        [number] = await numbers.ensure(connection, [identity_of(asking, value).lookup(runtime.seal)])
    return number


async def issue(asking: Asking, value: str = "P00003", **changes: Any) -> CodeOut:
    """Issue a code, as the person would: the act of nobody who is a member."""
    runtime = asking.exchange.runtime
    document = {
        "dataset": "owner/degrees",
        "recipient": asking.consumer.id,
        "purpose": "talent-service",
        "answers": ["holds-doctorate"],
    }
    number = await number_of(asking, value)
    async with runtime.database.sessions() as session:
        work = person_work(session, asking)
        new = NewCode.model_validate(document | changes)
        code = await service.issue(work, identities={identity_of(asking, value): number}, new=new)
        await work.commit()
    return code


def person_work(session: Any, asking: Asking) -> Work:
    """A work of a person, who is no member."""
    nobody = Principal(UUID(int=0), "person", "", UUID(int=0), "", "", ())
    return Work(session, Caller(nobody, Founding()), asking.exchange.runtime)


async def redeem(asking: Asking, code: str, *, key: Key | None = None, purpose: str = "talent-service") -> Answer:
    """Redeem a code as the consumer's system, or with another key."""
    sender = key or asking.consumer.system
    return await asking.exchange.call(sender, "POST", REDEMPTIONS, {"code": code}, purpose=purpose)
