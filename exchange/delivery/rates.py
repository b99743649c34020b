"""Rates: the terms' caps on how often an agreement's data may be asked for."""

from uuid import UUID

from exchange.delivery import queries
from exchange.delivery.errors import RateExceeded
from exchange.delivery.stages import Planned
from exchange.kernel.runtime import Runtime

_MIDNIGHT_IN_CHINA = 8 * 3600


async def count(runtime: Runtime, planned: Planned) -> None:
    """Count a request against every rate, before anything is read. Raises RateExceeded.

    A request counts once it is allowed, whether or not it is answered, so that no more are answered than the terms say.
    """
    agreement, local = UUID(planned.agreement), planned.known.admitted.asked.now + _MIDNIGHT_IN_CHINA
    async with runtime.database.sessions.begin() as session:
        for rate in sorted(planned.rates, key=lambda rate: rate.seconds):
            period, elapsed = divmod(local, rate.seconds)
            if not await queries.count(session, agreement, seconds=rate.seconds, period=period, most=rate.requests):
                left = rate.seconds - elapsed
                raise RateExceeded("Ask again in the next period.", headers={"Retry-After": str(left)})
