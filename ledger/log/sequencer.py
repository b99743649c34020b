"""Group commit: the entries that arrive during a commit share the next one.

Each process has one sequencer; the head row's lock orders the batches of all processes.
"""

from collections.abc import Sequence

import asyncpg

from groundwork.rounds import Rounds
from ledger.log import store


class SequencerClosed(Exception):
    """The sequencer was stopped before the entry was durable; the entry may have been written or not."""


class Sequencer:
    """Appends submissions in batches of at most `batch` entries, each batch in one statement on a connection of `pool`."""

    def __init__(self, pool: asyncpg.Pool, *, batch: int = 512) -> None:
        self._rounds: Rounds[store.Submission, int, asyncpg.Connection] = Rounds(
            self._commit, connect=pool.acquire, most=batch, name="ledger-sequencer"
        )

    async def append(self, submission: store.Submission) -> int:
        """Append one entry and return its index once it is durable.

        Raises store.Replayed, store.Expired or store.FenceMoved if its conditions fail, SequencerClosed, and the
        database's errors.
        """
        return await self._rounds.ask(submission)

    async def stop(self) -> None:
        """Stop. Submissions that wait, or come later, fail with SequencerClosed."""
        await self._rounds.close(SequencerClosed())

    async def _commit(
        self, connection: asyncpg.Connection, submissions: list[store.Submission]
    ) -> Sequence[store.Outcome]:
        return await store.append(connection, submissions)
