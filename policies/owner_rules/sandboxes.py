"""The sandboxed processes of owners' modules: one for each module of an owner in use, started for its first question.

A module that takes too much time or memory, or that brings its engine down, loses its process and the question, which is
denied (policies/owner_rules/narrowing_engine.py). The next question starts a new process. Owners share no process, so no
module slows down another owner's or sees its questions.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from policies.owner_rules.form import MODULE, TESTS
from policies.owner_rules.modules import CheckResult, Diagnostic, OwnerModule, check_size
from policies.owner_rules.process import STARTING, NoAnswer, SandboxedProcess

_CHECKS = 2  # modules that are checked at the same time
_MAX_FAILURES = 3
_PAUSE = 2.0
_ASK = {"ask": True}

Check = Callable[[OwnerModule, Mapping[str, int]], Awaitable[tuple[Diagnostic, ...]]]
"""A further check of a module and the lines of its tests."""


@dataclass(slots=True)
class _Module:
    """A module in use: its process, where it has one, and how often it failed in a row."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    is_busy: bool = False
    process: SandboxedProcess | None = None
    failures: int = 0
    paused_until: float = 0.0


class Sandboxes:
    """
    Asks modules, each in a process of its own. For one event loop; `open_sandboxes` makes one and ends its processes.

    `seconds`: the processor time that one question may take; the answer has to come within twenty times as much time on the
    clock. `most`: how many processes run at a time, beside those that check modules. A module that fails three times in a
    row is paused for two seconds.
    """

    def __init__(self, *, seconds: float = 0.05, most: int = 8, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._within = 20 * seconds
        self._most = most
        self._clock = clock
        self._modules: OrderedDict[tuple[str, str], _Module] = OrderedDict()
        self._processes = 0
        self._slots = asyncio.Semaphore(most)
        self._starting = asyncio.Lock()
        self._checking = asyncio.Semaphore(_CHECKS)
        self._owners: dict[str, tuple[asyncio.Lock, int]] = {}

    async def ask(self, module: OwnerModule, question: dict[str, Any], *, owner: str = "") -> Any:
        """The exported rules of an owner's module for a question, unchecked. Raises NoAnswer."""
        key = owner, module.digest
        running = self._modules.setdefault(key, _Module())
        self._modules.move_to_end(key)
        running.waiting += 1
        try:
            async with self._turn(running):
                return await self._ask(running, module, question)
        finally:
            running.waiting -= 1
            self._forget()

    @asynccontextmanager
    async def _turn(self, running: _Module) -> AsyncIterator[None]:
        """Wait until the module is free and fewer than `most` modules are being asked. Raises NoAnswer."""
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(self._within + STARTING * (running.process is None)):
                    await turn.enter_async_context(running.turn)
                    await turn.enter_async_context(self._slots)
            except TimeoutError:
                raise NoAnswer("it waited too long for its turn") from None
            running.is_busy = True
            try:
                yield
            finally:
                running.is_busy = False

    async def _ask(self, running: _Module, module: OwnerModule, question: dict[str, Any]) -> Any:
        if running.failures >= _MAX_FAILURES and self._clock() < running.paused_until:
            raise NoAnswer("it failed several times in a row and is paused")
        try:
            process = running.process or await self._start(running, module)
            answer = await process.ask(_ASK, question, within=self._within)
        except BaseException as problem:
            if isinstance(problem, NoAnswer) and problem.detail is not None and running.process is not None:
                raise
            if isinstance(problem, Exception):  # not where the request was cancelled
                running.failures += 1
                running.paused_until = self._clock() + _PAUSE
            await self._end(running)
            if isinstance(problem, OSError):
                raise NoAnswer(f"no process could be started ({type(problem).__name__})") from problem
            raise
        running.failures = 0
        return answer

    async def _start(self, running: _Module, module: OwnerModule) -> SandboxedProcess:
        """Start a process; where `most` run already, end the one that has been idle for longest."""
        async with self._starting:
            while self._processes >= self._most:
                # Each busy sandbox holds a slot, so at most `most` - 1 others are busy.
                await self._end(
                    next(other for other in self._modules.values() if other.process is not None and not other.is_busy)
                )
            self._processes += 1
        try:
            running.process = await SandboxedProcess.start(module, seconds=self._seconds)
        finally:
            if running.process is None:
                self._processes -= 1
        return running.process

    async def _end(self, running: _Module) -> None:
        process, running.process = running.process, None
        if process is not None:
            try:
                await process.end()
            finally:
                self._processes -= 1

    def _forget(self) -> None:
        """Forget modules that have no process and no question waiting, the longest unused first, down to `most`."""
        idle = [key for key, running in self._modules.items() if not running.waiting and running.process is None]
        for key in idle[: max(len(self._modules) - self._most, 0)]:
            del self._modules[key]

    async def check(self, module: OwnerModule, *, owner: str = "", then: Check | None = None) -> CheckResult:
        """
        Check a module: its size, its syntax, its compilation, the tests it brings, and `then`.

        A step runs only where the steps before found nothing to correct. Owners take turns: of one owner's modules, one is
        checked at a time. Raises OSError, and what `then` raises.
        """
        diagnostics = check_size(module)
        if diagnostics:
            return CheckResult(diagnostics, {})
        async with self._turn_of(owner), self._checking:
            try:
                inspection = await SandboxedProcess.inspect(module)
            except NoAnswer as problem:
                return CheckResult((_diagnostic(problem, MODULE),), {})
            tests = {str(name): int(line) for name, line in inspection["tests"].items()}
            diagnostics = tuple(Diagnostic(at, error) for at, error in inspection["diagnostics"])
            diagnostics = diagnostics or await self._run_tests(module, tests, inspection["exports"])
            if not diagnostics and then is not None:
                diagnostics = await then(module, tests)
            return CheckResult(diagnostics, tests)

    @asynccontextmanager
    async def _turn_of(self, owner: str) -> AsyncIterator[None]:
        """Wait until no other module of an owner is being checked."""
        turn, waiting = self._owners.get(owner) or (asyncio.Lock(), 0)
        self._owners[owner] = turn, waiting + 1
        try:
            async with turn:
                yield
        finally:
            _, waiting = self._owners.pop(owner)
            if waiting > 1:
                self._owners[owner] = turn, waiting - 1

    async def _run_tests(
        self, module: OwnerModule, tests: Mapping[str, int], exports: list[tuple[str, int]]
    ) -> tuple[Diagnostic, ...]:
        """Every test has to pass, and some test has to fail for a copy of the module whose rules have no effect."""
        outcome = await self._test(module, tests)
        if outcome.diagnostics:
            return outcome.diagnostics
        outcome = await self._test(module.without_exports(exports), tests)
        if not outcome.is_compiled:
            error = "an exported rule may not be used by another rule; put a rule between them that both use"
            return (Diagnostic(MODULE, error),)
        if not outcome.diagnostics:
            error = "all tests pass although no rule has an effect; add a test of what the module denies or narrows"
            return (Diagnostic(TESTS, error),)
        return ()

    async def _test(self, module: OwnerModule, tests: Mapping[str, int]) -> "_Outcome":
        """Compile a module, evaluate it once, and run its tests, up to one that ends the process."""
        diagnostics: list[Diagnostic] = []
        is_compiled = False
        location = MODULE
        process: SandboxedProcess | None = None
        try:
            process = await SandboxedProcess.start(module, seconds=self._seconds)
            await process.ask(_ASK, {}, within=self._within)
            is_compiled = True
            for name, line in tests.items():
                location = f"{TESTS}:{line}"
                if await process.ask({"test": name}, within=self._within) is not True:
                    diagnostics.append(Diagnostic(location, f"{name} does not pass"))
        except NoAnswer as problem:
            diagnostics.append(_diagnostic(problem, location))
        finally:
            if process is not None:
                await process.end()
        return _Outcome(tuple(diagnostics), is_compiled=is_compiled)

    async def close(self) -> None:
        """End all processes."""
        modules = [*self._modules.values()]
        self._modules.clear()
        await asyncio.gather(*(self._end(running) for running in modules))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The outcome of running tests; `is_compiled` where the module compiled and could be evaluated."""

    diagnostics: tuple[Diagnostic, ...]
    is_compiled: bool


def _diagnostic(problem: NoAnswer, location: str) -> Diagnostic:
    return Diagnostic(problem.location or location, problem.detail or str(problem))


@asynccontextmanager
async def open_sandboxes(*, seconds: float = 0.05, most: int = 8) -> AsyncIterator[Sandboxes]:
    """Sandboxes for as long as the block lasts; see Sandboxes."""
    sandboxes = Sandboxes(seconds=seconds, most=most)
    try:
        yield sandboxes
    finally:
        await sandboxes.close()
