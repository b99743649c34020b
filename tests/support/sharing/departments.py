"""An exchange of departments, with a sharing authority and a clock that tests move: for share requests and what follows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from exchange.calendar import queries
from exchange.calendar.hooks import DeadlineDependents
from exchange.calendar.notices import Days, read_seeded
from exchange.calendar.tasks import sweep
from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Key, Party
from tests.support.exchanges.filled import start_filled

YEAR = 2093
"""A year ahead of every real clock, whose days fall on the weekdays of 2026, and which gets the calendar of 2026."""
LAST_YEAR = YEAR + 2
"""The last year that tests may load; the later ones have the days of 2026 too, on other weekdays."""
FRIDAY = datetime(YEAR, 2, 13, 2, tzinfo=UTC)
"""Ten o'clock in China, before a Saturday on which people work, as 2026-02-14, and the holidays of the Spring Festival."""
_TERM = timedelta(days=300)

CSV = b"code,name\n1,a\n2,b\n"
APPLICATIONS = "/api/v1/applications"
AGREEMENTS = "/api/v1/agreements"
REASON = {"reason": "核查"}


@dataclass(kw_only=True)
class DepartmentsExchange(Exchange):
    """Two departments, a dataset `owner/codes` that is shared under conditions, and one that is shared without any.

    `below` is a dataset of the demander, a department of a lower level.
    """

    clock: SettableClock
    owner: Party
    demander: Party
    stranger: Party
    authority: Key
    conditional: dict[str, Any]
    unconditional: dict[str, Any]
    below: dict[str, Any]

    def move_to(self, at: datetime) -> None:
        """Move the clock to a time."""
        self.clock.move(at - self.clock.now())

    async def sweep(self) -> None:
        """Mark the deadlines that are over now, as the exchange's loop does."""
        async with self.runtime.database.sessions() as session:
            await sweep(session, self.runtime[DeadlineDependents], self.clock.now())

    async def draft(self, dataset: dict[str, Any] | None = None, **more: Any) -> Any:
        """Draft an application of the demander."""
        document = self.draft_application(dataset or self.conditional) | more
        return await self.call_ok(self.demander.steward, "POST", APPLICATIONS, document)

    async def ask(self, dataset: dict[str, Any] | None = None, **more: Any) -> Any:
        """Submit an application of the demander, for a term that outlasts every clock of its lifecycle."""
        term = {"not_after": (self.now + _TERM).isoformat()}
        return await self.apply(self.demander, dataset or self.conditional, **term | more)

    async def grant(self, **approval: Any) -> Any:
        """Conclude an agreement of the demander on the dataset that is shared under conditions."""
        application = await self.ask()
        target = f"{APPLICATIONS}/{application['id']}/approval"
        return (await self.call_ok(self.owner.steward, "POST", target, approval))["agreement"]

    async def act(self, who: str, path: str, document: Any = None) -> Answer:
        """Post a document as the owner, the demander or the authority."""
        return await self.call(self.key_of(who), "POST", f"/api/v1{path}", document)

    async def act_ok(self, who: str, path: str, document: Any = None) -> Any:
        """Post a document as the owner, the demander or the authority, which has to succeed."""
        return await self.call_ok(self.key_of(who), "POST", f"/api/v1{path}", document)

    async def read(self, who: str, path: str) -> Any:
        """Read as the owner, the demander or the authority."""
        return await self.call_ok(self.key_of(who), "GET", f"/api/v1{path}")

    def key_of(self, who: str) -> Key:
        """The key of a department's steward, or of the authority's member."""
        parties = {"owner": self.owner, "demander": self.demander, "stranger": self.stranger}
        return self.authority if who == "authority" else parties[who].steward


@asynccontextmanager
async def start_departments(settings: Settings, *, at: datetime = FRIDAY) -> AsyncIterator[DepartmentsExchange]:
    """Start an exchange of departments on an empty database at a time."""
    async with start_filled(settings, _fill, clock=SettableClock(at)) as exchange:
        yield exchange


async def _fill(exchange: Exchange) -> DepartmentsExchange:
    await load_year(exchange)
    owner = await exchange.admit("owner")
    demander = await exchange.admit("demander", level="city")
    bureau = await exchange.admit("bureau")
    stranger = await exchange.admit("stranger")
    source = await exchange.register_file(owner, CSV)
    free = {"attribute": "unconditional"}
    conditional = await exchange.publish_dataset(owner, source, "codes")
    unconditional = await exchange.publish_dataset(owner, source, "free", sharing=free)
    own = await exchange.register_file(demander, CSV)
    below = await exchange.publish_dataset(demander, own, "below")
    await _appoint(exchange, bureau)  # from now on, it reviews what departments publish
    return DepartmentsExchange(
        exchange.app,
        exchange.client,
        exchange.keys,
        url=exchange.url,
        clock=exchange.settable_clock,
        owner=owner,
        demander=demander,
        stranger=stranger,
        authority=bureau.steward,
        conditional=conditional,
        unconditional=unconditional,
        below=below,
    )


async def _appoint(exchange: Exchange, bureau: Party) -> None:
    principal = await exchange.find_principal(bureau.steward)
    role = {"role": "authority", "domain": "exchange"}
    await exchange.call_ok(exchange.keys["security"], "POST", f"/api/v1/principals/{principal}/roles", role)


@cache
def exceptions(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """The weekdays off and the days of weekends worked in a year of these tests: those of 2026."""
    [days] = [days for days in read_seeded() if days.year == 2026]
    off, worked = (frozenset(day.replace(year=year) for day in some) for some in (days.off, days.worked))
    return off, worked


async def load_year(exchange: Exchange, year: int = YEAR) -> None:
    """Load a year of these tests into the calendar."""
    off, worked = exceptions(year)
    async with exchange.runtime.database.sessions() as session:
        days = Days(year, tuple(sorted(off)), tuple(sorted(worked)))
        await queries.write_days(session, days, source="as 2026", now=exchange.now)
        await session.commit()
