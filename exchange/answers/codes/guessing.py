"""Short codes at a window: 8 digits could be guessed, so wrong tries are bounded, and end the codes that they could hit.

A try, its count and what it does to the recipient's codes are one transaction under the lock of the counts, so that tries at
the same time are bounded as one after another, and nothing gives a wrong one back. A right try counts nothing.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from exchange.answers.codes import queries
from exchange.answers.codes.errors import CodeTriesExceeded
from exchange.answers.codes.models import AnswerCode, WrongTries
from exchange.answers.codes.service import short_digest
from exchange.answers.settings import AnswerSettings
from exchange.kernel.runtime import Runtime

ALL: Final = UUID(int=0)
"""The organisation under which the wrong tries of all are counted."""
_MINUTE: Final = 60
_DAY: Final = 86_400


async def find(runtime: Runtime, text: str, *, recipient: UUID, purpose: str, now: datetime) -> AnswerCode | None:
    """The short code of a text, if this organisation may redeem it for this purpose now. Raises CodeTriesExceeded."""
    settings, seconds = runtime[AnswerSettings], int(now.timestamp())
    async with runtime.database.sessions.begin() as session:
        all_tries = await queries.lock_tries(session, ALL, minute=seconds // _MINUTE)
        own_tries = await queries.lock_tries(session, recipient, minute=seconds // _MINUTE)
        _check(settings, own_tries, all_tries, seconds=seconds)
        digest = short_digest(runtime.seal, text, recipient)
        code = await queries.usable(session, digest, recipient=recipient, purpose=purpose, now=now)
        if code is not None:
            return code
        for tries in (all_tries, own_tries):
            tries.in_minute += 1
            tries.in_day += 1
        for exposed in await queries.lock_short(session, recipient, now=now):
            exposed.wrong += 1
    return None


def _check(settings: AnswerSettings, own: WrongTries, everybody: WrongTries, *, seconds: int) -> None:
    """Refuse any short code, right or wrong, once too many were wrong. Raises CodeTriesExceeded."""
    is_day_over = own.in_day >= settings.answers_wrong_day or everybody.in_day >= settings.answers_wrong_day_all
    if is_day_over or own.in_minute >= settings.answers_wrong_minute:
        period = _DAY if is_day_over else _MINUTE
        raise CodeTriesExceeded(
            "Type codes with more care, and scan the QR code meanwhile.",
            headers={"Retry-After": str(period - seconds % period)},
        )
