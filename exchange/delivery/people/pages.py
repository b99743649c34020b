"""Rows of pages and of single records: released by a look-up of their people, and once more where an epoch moved.

A record that is asked for by its person is read only if the person consents, so that a person without consent and one whom
nobody knows get the same answer in the same way.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from adapters.contract import Rows
from adapters.plan.plan import typed_value
from exchange.consents.standings import Standings
from exchange.delivery.people import answered
from exchange.delivery.people.grounds import Ground, named_values
from exchange.kernel.runtime import Runtime
from ledger.log import store


class PageRelease:
    """The release of one page: `withheld` counts the rows that were withheld, `epochs` are what it rests on, by scope."""

    def __init__(self, runtime: Runtime, ground: Ground) -> None:
        self._runtime = runtime
        self._ground = ground
        self._named: dict[bytes, int] | None = None
        self._consenting: dict[bytes, int] = {}
        self.epochs: dict[int, int] = {}
        self.people: dict[bytes, int] = {}
        self.withheld = 0
        self.newest = -1

    async def admits(self, filters: Iterable[Any]) -> bool:
        """Whether the page can have rows: of a question that names people, whether one of them consents."""
        field = self._ground.field
        values = named_values(filters, field)
        if values is None:
            return True
        typed = [typed_value(field.type, value, "/value") for value in values]
        self._named = await self._look_up(self._ground.all_lookups(typed))
        return bool(self._named)

    async def keep(self, values: Sequence[Any]) -> Sequence[bool]:
        """Decide about rows by their people."""
        lookups = self._ground.all_lookups(values)
        consenting = self._named if self._named is not None else await self._look_up(lookups)
        verdicts = [lookup in consenting for lookup in lookups]
        self.withheld += len(verdicts) - sum(verdicts)
        return verdicts

    def settle(self, rows: Rows) -> None:
        """Take down the people whom the rows of the answer are about, by lookup, with their numbers."""
        lookups = self._ground.all_lookups(rows.beside)
        self.people = {lookup: self._consenting[lookup] for lookup in lookups if lookup is not None}

    async def still_holds(self) -> bool:
        """After an epoch moved: whether everybody in the answer consents still. The epochs are the new ones then."""
        before, self.epochs = self.people, {}
        return await self._look_up(list(before)) == before

    def entry(self, *, names_one: bool) -> tuple[dict[str, Any], store.People]:
        """The fields of the entry about people, and what is kept beside it; see answered.beside.

        An entry that names the one person in question (`names_one`) needs no commitment to a set.
        """
        numbers = sorted(set(self.people.values()))
        fields, people = answered.beside(
            None if names_one else answered.bitmap_of_few(numbers, newest=self.newest),
            withheld=self.withheld,
            buckets=answered.BUCKETS_OF_A_PAGE,
            seal=self._runtime.seal,
            numbers=numbers,
        )
        return {"consents": answered.spans(self.epochs, self.epochs), **fields}, people

    async def _look_up(self, lookups: Iterable[bytes | None]) -> dict[bytes, int]:
        """Those of the people who consent, with their numbers. The epochs stay those of the first look-up."""
        wanted = {lookup for lookup in lookups if lookup is not None}
        standing = await self._runtime[Standings].look_up(self._ground.scopes, wanted)
        self.epochs = self.epochs or standing.epochs
        self.newest = standing.newest
        self._consenting |= standing.consenting
        return standing.consenting
