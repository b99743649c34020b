"""Liveness and readiness for monitors of the process, and the pages that problem types link to."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from exchange.kernel.database import FAILURES
from exchange.kernel.problems import LedgerHalted, LedgerUnavailable, NotFound, problem_types
from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from ledger.log.head import read_head


@dataclass(frozen=True, slots=True)
class Alarms:
    """Alarms for the operator of a process that works. Rooms register sources: each gives a line, or None where all is well.

    A line begins with `alarm: ` where something has to be done now, with `warning: ` where there are weeks.
    """

    sources: list[Callable[[], str | None]] = field(default_factory=list)

    def raised(self) -> list[str]:
        """The lines of the alarms raised now."""
        return [line for source in self.sources if (line := source()) is not None]


public = APIRouter(tags=["exchange"], responses=problems(public=True))


@public.get("/livez", response_class=PlainTextResponse)
async def livez() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("ok\n")


@public.get("/readyz", response_class=PlainTextResponse)
async def readyz(request: Request) -> PlainTextResponse:
    """The process can work: its database answers, and the ledger in it continues what was signed. The answer lists
    alarms.
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
    """The meaning of a problem type."""
    texts = [f"{kind.title} ({kind.status})\n\n{kind.text}\n" for kind in problem_types() if kind.slug == slug]
    if texts:
        return PlainTextResponse("\n".join(texts))
    raise NotFound("There is no problem type of this name; docs/problems.md lists them.")
