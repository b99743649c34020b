"""Signs of life for whatever watches the process, and the pages that problem types point to."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from exchange.kernel.database import FAILURES
from exchange.kernel.problems import LedgerHalted, LedgerUnavailable, NotFound, all_problems
from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from ledger.log.head import read_head


@dataclass(frozen=True, slots=True)
class Alarms:
    """What an operator has to know, though the process works. Rooms register; each says a line, or None where all is well."""

    sources: list[Callable[[], str | None]] = field(default_factory=list)

    def raised(self) -> list[str]:
        """The lines of the alarms that are raised now."""
        return [line for source in self.sources if (line := source()) is not None]


public = APIRouter(tags=["exchange"], responses=problems(public=True))


@public.get("/livez", response_class=PlainTextResponse)
async def livez() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("ok\n")


@public.get("/readyz", response_class=PlainTextResponse)
async def readyz(request: Request) -> PlainTextResponse:
    """The process can work: its database answers, and the ledger in it continues what was signed.

    It is told here too where checkpoints wait for witnesses.
    """
    runtime = runtime_of(request)
    try:
        async with runtime.database.pool.acquire(timeout=2) as connection:
            halted = (await read_head(connection)).halted
    except FAILURES as error:
        raise LedgerUnavailable("The database does not answer.") from error
    if halted is not None:
        raise LedgerHalted(f"Nothing is signed or taken in: {halted}.")
    return PlainTextResponse("".join(f"{line}\n" for line in ("ok", *runtime[Alarms].raised())))


@public.get("/problems/{slug}", response_class=PlainTextResponse)
async def problem(slug: str) -> PlainTextResponse:
    """What a problem type means."""
    for kind in all_problems():
        if kind.slug == slug:
            return PlainTextResponse(f"{kind.title} ({kind.status})\n\n{' '.join((kind.__doc__ or '').split())}\n")
    raise NotFound("There is no problem type of this name; docs/problems.md lists them.")
