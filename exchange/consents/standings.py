"""Look-ups of who consents, for pages and answers: those of the same moment share a statement.

A look-up sees every withdrawal that was committed before it was asked for, in whichever process.
"""

from collections.abc import Collection
from typing import NamedTuple

from exchange.consents import queries
from exchange.consents.view import Standing
from exchange.kernel.runtime import Runtime
from groundwork.rounds import Rounds, without_connection

_PEOPLE = 1024  # of one round, unless one look-up names more
_LANES = 2


class _Question(NamedTuple):
    scopes: tuple[int, ...]
    lookups: Collection[bytes]


class Standings:
    """Looks up who consents, in rounds; for one process and its event loop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._rounds: Rounds[_Question, Standing, None] = Rounds(
            self._answer,
            connect=without_connection,
            most=_PEOPLE,
            lanes=_LANES,
            weight=lambda question: len(question.lookups),
            group=lambda question: question.scopes,
            name="consent-standings",
        )

    async def look_up(self, scopes: tuple[int, ...], lookups: Collection[bytes]) -> Standing:
        """Those of some people, by their lookups, who may be delivered now under one of these scopes."""
        return await self._rounds.ask(_Question(scopes, lookups))

    async def _answer(self, _connection: None, questions: list[_Question]) -> list[Standing]:
        """The answers to questions about the same scopes, from one snapshot."""
        wanted = list({lookup for question in questions for lookup in question.lookups})
        now = self._runtime.clock.now()
        async with self._runtime.database.pool.acquire() as connection:
            standing = await queries.standing(connection, scopes=questions[0].scopes, lookups=wanted, now=now)
        consenting = standing.consenting
        return [
            Standing(
                epochs=standing.epochs,
                consenting={lookup: consenting[lookup] for lookup in question.lookups if lookup in consenting},
                newest=standing.newest,
            )
            for question in questions
        ]
