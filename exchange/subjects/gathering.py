"""Gathering: requests that ask for people's keys at once share the round trips, and the making of keys for new people.

What arrives while a round is on its way makes up the next one; a lone request waits for nobody. A consumer that asks for
thousands of people whom the exchange has not met costs a transaction for each round of them, not for each.
"""

import asyncio
from collections.abc import Collection

from exchange.kernel.keys.slots import SlotsMissing
from exchange.kernel.runtime import Runtime
from exchange.subjects import keys
from exchange.subjects.cipher import KeyUnusable, Subject
from exchange.subjects.errors import SubjectsUnsettled
from exchange.subjects.identity import Identity

_ROUND = 256  # identities, unless one request names more

_Found = dict[Identity, Subject]
_Waiting = tuple[Collection[Identity], "asyncio.Future[_Found]"]


class Gathering:
    """Asks for keys in rounds, one at a time; of one process and its event loop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: list[_Waiting] = []
        self._lane: asyncio.Task[None] | None = None

    async def ensure(self, identities: Collection[Identity]) -> _Found:
        """The subjects of identities as they are after this was called; raises as keys.ensure does."""
        future: asyncio.Future[_Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((identities, future))
        if self._lane is None:
            self._lane = asyncio.create_task(self._run(), name="subjects-gathering")
        return await future

    async def _run(self) -> None:
        one_round: list[_Waiting] = []
        try:
            while one_round := self._next():
                await self._answer(one_round)
        except asyncio.CancelledError:
            for _, future in [*one_round, *self._waiting]:
                future.cancel()
            self._waiting.clear()
            raise
        finally:
            self._lane = None

    def _next(self) -> list[_Waiting]:
        """Those who have waited longest, as many as a round takes."""
        count = size = 0
        for identities, _ in self._waiting:
            size += len(identities)
            if count and size > _ROUND:
                break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return [one for one in taken if not one[1].done()]

    async def _answer(self, one_round: list[_Waiting]) -> None:
        try:
            found = await keys.ensure(self._runtime, {one for identities, _ in one_round for one in identities})
        except (KeyUnusable, SlotsMissing, SubjectsUnsettled) as error:
            if len(one_round) == 1:
                _settle(one_round[0][1], error)
                return
            for one in one_round:  # what one of them asked for is not the others' affair
                if not one[1].done():
                    await self._answer([one])
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits has to hear of it, and at once
            for _, future in one_round:
                _settle(future, error)
            return
        for identities, future in one_round:
            _settle(future, {one: found[one] for one in identities})


def _settle(future: "asyncio.Future[_Found]", outcome: _Found | Exception) -> None:
    if future.done():  # who asked has gone
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
