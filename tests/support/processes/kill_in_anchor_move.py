"""A process that is killed at one step of moving the anchor.

`python -m tests.support.processes.kill_in_anchor_move VERB STEP`.

With the verb `sign` it is an exchange, which signs as it starts; with `close` it is `exchange ledger new-incarnation`.
What it works on is in its environment, as for any exchange.
"""

import asyncio
import fcntl
import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from exchange.app import from_environment
from exchange.migrations import incarnation
from ledger.log import publication
from ledger.log.anchor import Anchor
from tests.support.processes.commands import run_in_process


class Step(NamedTuple):
    """The n-th call of a function, after which a process is killed, or before."""

    place: Any
    name: str
    is_done: bool
    call: int = 1


WRITING = {
    "locked": Step(fcntl, "flock", True),
    "half-written": Step(os, "fsync", False),
    "written": Step(os, "fsync", False),
    "synced": Step(os, "fsync", True),
    "replaced": Step(os, "replace", True),
    "lasting": Step(os, "fsync", True, 2),
}
SIGNING = {
    **WRITING,
    "swapped": Step(Anchor, "swap", True),
    "recorded": Step(publication, "record", True),
}
CLOSING = {
    **WRITING,
    "closed": Step(Anchor, "close", True),
    "begun": Step(incarnation, "begin", True),
}
_LONGEST = 60


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fatal(name: str, step: Step) -> None:
    """Have the process be killed at a step."""
    function: Callable[..., Any] = getattr(step.place, step.name)
    calls = iter(range(1, step.call + 1))

    def before(*values: Any) -> bool:
        is_it = next(calls, 0) == step.call
        if is_it and not step.is_done:
            if name == "half-written":
                os.ftruncate(values[0], os.fstat(values[0]).st_size // 2)
            _die()
        return is_it

    @functools.wraps(function)
    async def later(*values: Any, **named: Any) -> Any:
        is_it = before(*values)
        result = await function(*values, **named)
        return _die() if is_it else result

    @functools.wraps(function)
    def now(*values: Any, **named: Any) -> Any:
        is_it = before(*values)
        result = function(*values, **named)
        return _die() if is_it else result

    setattr(step.place, step.name, later if asyncio.iscoroutinefunction(function) else now)


def _armed(verb: str, arm: Callable[[], None]) -> None:
    """Arm when the anchor is moved, so that no other file's calls are counted."""
    function = getattr(Anchor, verb)

    @functools.wraps(function)
    def armed(*values: Any) -> None:
        arm()
        function(*values)

    setattr(Anchor, verb, armed)


async def _serve() -> None:
    app = from_environment()
    async with app.router.lifespan_context(app):
        await asyncio.sleep(_LONGEST)


def main(verb: str, name: str) -> None:
    """Come to the step, and no further."""
    step = (SIGNING if verb == "sign" else CLOSING)[name]
    if name in WRITING:
        _armed("swap" if verb == "sign" else "close", lambda: _fatal(name, step))
    else:
        _fatal(name, step)
    if verb == "sign":
        asyncio.run(_serve())
    else:
        run_in_process("ledger", "new-incarnation", "--yes", "--data", os.environ["EXCHANGE_DATA"])


if __name__ == "__main__":
    main(*sys.argv[1:])
