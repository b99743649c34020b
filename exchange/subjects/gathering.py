"""Gathering: requests that need the keys of people at the same time share the round trips, and the creation of keys.

A consumer that asks for thousands of people new to the exchange costs one transaction a round, not one a person.
"""

from collections.abc import Collection

from exchange.kernel.keys.slots import SlotsMissing
from exchange.kernel.runtime import Runtime
from exchange.subjects import keys
from exchange.subjects.cipher import KeyUnusable, Subject
from exchange.subjects.errors import SubjectsUnsettled
from exchange.subjects.identity import Identity
from groundwork.rounds import Rounds, without_connection

_IDENTITIES = 256  # of one round, unless one request names more

_Subjects = dict[Identity, Subject]


class Gathering:
    """Looks up and creates keys of subjects in rounds; for one process and its event loop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._rounds: Rounds[Collection[Identity], _Subjects, None] = Rounds(
            self._answer, connect=without_connection, most=_IDENTITIES, weight=len, name="subjects-gathering"
        )

    async def ensure(self, identities: Collection[Identity]) -> _Subjects:
        """The subjects of identities as they are after this call. Raises as keys.ensure does."""
        return await self._rounds.ask(identities)

    async def _answer(self, _connection: None, requests: list[Collection[Identity]]) -> list[_Subjects | Exception]:
        try:
            subjects = await keys.ensure(self._runtime, {identity for request in requests for identity in request})
        except (KeyUnusable, SlotsMissing, SubjectsUnsettled) as error:
            if len(requests) == 1:
                return [error]
            # One bad item must not fail the batch: retry each alone.
            return [(await self._answer(None, [request]))[0] for request in requests]
        return [{identity: subjects[identity] for identity in request} for request in requests]
