"""The processes in which owners' modules run: one for each module of an owner in use, started when it is first asked.

A module that takes too long, too much memory, or that brings its engine down loses its process and the question: whoever
asked is told that there is no answer, which is a denial (policies/owner_rules/narrowed.py). The next question starts a new one. Owners
share no process, so none can slow down or look into what another's module is asked.
"""

import asyncio
import json
import re
import sys
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from policies.owner_rules.modules import MODULE, TESTS, Fault, OwnerModule, faults
from policies.owner_rules.sandbox import MOST_SAID

_STARTING = 15.0  # seconds for a process to start and compile a module
# What the engine's allocator keeps ahead, in KiB: by default a gibibyte, which would not count against the bound on memory.
_ENVIRONMENT = {"MIMALLOC_ARENA_RESERVE": "16384"}
_CHECKS = 2  # modules that are checked at the same time
_FAILURES = 3
_REST = 2.0
_COMPILING = ""
_ASK = {"ask": True}
_PLACE = re.compile(r"owner(_test)?\.rego:[0-9]{1,6}")


Check = Callable[[OwnerModule], Awaitable[tuple[Fault, ...]]]


class NoAnswer(Exception):
    """A module gave no answer. The message says how and, with `place`, where in the module; it holds no value."""

    def __init__(self, how: str, *, told: str | None = None, place: str | None = None) -> None:
        super().__init__(f"{how} at {place}" if place else how)
        self.told = told
        """The same for the module's owner, in words of the module; where there are any, the process is none the worse."""
        self.place = place


class _Worker:
    """One process with one module in it. One question at a time; what went wrong once is not asked again."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: OwnerModule, *, seconds: float) -> "_Worker":
        """Start a process and compile the module in it. Raises NoAnswer, OSError."""
        creating = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", "policies.owner_rules.sandbox"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                limit=2 * MOST_SAID,
            )
        )
        try:
            worker = cls(await asyncio.shield(creating))
        except asyncio.CancelledError:
            # A process that is half created cannot be ended, and would be waited for without end.
            await cls(await creating).end()
            raise
        files = {path: content.decode() for path, content in module.bundle.files.items()}
        try:
            await worker.ask({"load": files, "seconds": seconds}, within=_STARTING)
        except BaseException:
            await worker.end()
            raise
        return worker

    async def ask(self, order: dict[str, Any], question: Any = None, *, within: float) -> Any:
        """The value that an order is answered with, to a question where it asks one. Raises NoAnswer."""
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
        lines = [order] if question is None else [order, question]
        try:
            async with asyncio.timeout(within):
                for line in lines:
                    self._process.stdin.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                await self._process.stdin.drain()
                answered = await self._process.stdout.readline()
        except TimeoutError:
            raise NoAnswer("it was not ready in time") from None
        except (OSError, ValueError):  # the pipe is broken; the line is longer than anybody reads
            raise NoAnswer("its process ended") from None
        try:
            answer = json.loads(answered) if answered.endswith(b"\n") else {}
        except ValueError:
            answer = {}
        if "value" in answer:
            return answer["value"]
        if "error" in answer:
            place = f"{answer.get('file')}:{answer.get('line')}"
            is_one = _PLACE.fullmatch(place) is not None
            raise NoAnswer("it failed", told=str(answer["error"]), place=place if is_one else None)
        raise NoAnswer("it took more time or memory than a module may, or called itself without end")

    async def end(self) -> None:
        """End the process, whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
        # Its pipes are closed when both ends are read out and the process is waited for.
        await self._process.communicate()


@dataclass(slots=True)
class _Place:
    """Where a module runs: its process, when it has one, and whether it is left alone for a while."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    is_busy: bool = False
    worker: _Worker | None = None
    failures: int = 0
    until: float = 0.0


class Sandbox:
    """
    Asks modules, each in a process of its own. For one event loop; `sandbox` makes one and ends its processes.

    `seconds`: the processor's time that one question may take; it has to be answered within twenty times that of anybody's
    time. `most`: how many processes there are at a time, beside those that check modules. A module that fails three times in
    a row is left alone for two seconds.
    """

    def __init__(self, *, seconds: float = 0.05, most: int = 8, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._within = 20 * seconds
        self._most = most
        self._clock = clock
        self._places: OrderedDict[tuple[str, str], _Place] = OrderedDict()
        self._processes = 0
        self._slots = asyncio.Semaphore(most)
        self._starting = asyncio.Lock()
        self._checking = asyncio.Semaphore(_CHECKS)

    async def ask(self, module: OwnerModule, question: dict[str, Any], *, owner: str = "") -> Any:
        """What a module of an owner says to a question, unchecked. Raises NoAnswer."""
        key = owner, module.digest
        place = self._places.setdefault(key, _Place())
        self._places.move_to_end(key)
        place.waiting += 1
        try:
            async with self._turn(place):
                return await self._ask(place, module, question)
        finally:
            place.waiting -= 1
            self._forget()

    @asynccontextmanager
    async def _turn(self, place: _Place) -> AsyncIterator[None]:
        """The turn of a question: no other is put to the module, and at most so many modules are asked. Raises NoAnswer."""
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(self._within + _STARTING * (place.worker is None)):
                    await turn.enter_async_context(place.turn)
                    await turn.enter_async_context(self._slots)
            except TimeoutError:
                raise NoAnswer("it or other modules were asked for too long") from None
            place.is_busy = True
            try:
                yield
            finally:
                place.is_busy = False

    async def _ask(self, place: _Place, module: OwnerModule, question: dict[str, Any]) -> Any:
        if place.failures >= _FAILURES and self._clock() < place.until:
            raise NoAnswer("it failed several times in a row and is left alone for a while")
        try:
            if place.worker is None:
                await self._start(place, module)
            assert place.worker is not None  # noqa: S101 - it was started
            answer = await place.worker.ask(_ASK, question, within=self._within)
        except BaseException as problem:
            if isinstance(problem, NoAnswer) and problem.told is not None and place.worker is not None:
                raise
            if isinstance(problem, Exception):  # and not that nobody waits any more
                place.failures += 1
                place.until = self._clock() + _REST
            await self._end(place)
            if isinstance(problem, OSError):
                raise NoAnswer(f"no process could be started ({type(problem).__name__})") from problem
            raise
        place.failures = 0
        return answer

    async def _start(self, place: _Place, module: OwnerModule) -> None:
        """Start a process, in place of the one that has been idle for longest where there are enough."""
        async with self._starting:
            while self._processes >= self._most:
                # Of the others at most one fewer is busy, as each of those holds a slot too.
                await self._end(
                    next(one for one in self._places.values() if one.worker is not None and not one.is_busy)
                )
            self._processes += 1
        try:
            place.worker = await _Worker.start(module, seconds=self._seconds)
        finally:
            if place.worker is None:
                self._processes -= 1

    async def _end(self, place: _Place) -> None:
        worker, place.worker = place.worker, None
        if worker is not None:
            try:
                await worker.end()
            finally:
                self._processes -= 1

    def _forget(self) -> None:
        """Forget the modules, beyond those that are kept, that have no process and that nobody asks."""
        idle = [key for key, place in self._places.items() if not place.waiting and place.worker is None]
        for key in idle[: max(len(self._places) - self._most, 0)]:
            del self._places[key]

    async def check(self, module: OwnerModule, *, then: Check | None = None) -> tuple[Fault, ...]:
        """Everything that is wrong with a module: by its text, when it is compiled, by the tests it brings, and `then`."""
        found = await asyncio.to_thread(faults, module)
        if found:
            return found
        async with self._checking:
            found = await self._faults(module)
            return found if found or then is None else await then(module)

    async def _faults(self, module: OwnerModule) -> tuple[Fault, ...]:
        failing = await self._failing(module)
        if failing:
            return tuple(failing.values())
        silent = await self._failing(await asyncio.to_thread(module.unheard))
        if _COMPILING in silent:
            return (Fault(MODULE, "a rule that is listened to may not be used by another; put a rule between them"),)
        if not silent:
            return (
                Fault(TESTS, "no test fails when the module says nothing: test that it denies or narrows something"),
            )
        return ()

    async def _failing(self, module: OwnerModule) -> dict[str, Fault]:
        """What is wrong with compiling a module, and with each of its tests up to one that ends the process."""
        tests = module.test_lines()
        failing: dict[str, Fault] = {}
        worker: _Worker | None = None
        name = _COMPILING
        try:
            worker = await _Worker.start(module, seconds=self._seconds)
            await worker.ask(_ASK, {}, within=self._within)
            for name, line in tests.items():
                if await worker.ask({"test": name}, within=self._within) is not True:
                    failing[name] = Fault(f"{TESTS}:{line}", f"{name} does not pass")
        except NoAnswer as problem:
            place = problem.place or (f"{TESTS}:{tests[name]}" if name in tests else MODULE)
            failing[name] = Fault(place, problem.told or str(problem))
        finally:
            if worker is not None:
                await worker.end()
        return failing

    async def close(self) -> None:
        """End all processes."""
        places = [*self._places.values()]
        self._places.clear()
        await asyncio.gather(*(self._end(place) for place in places))


@asynccontextmanager
async def sandbox(*, seconds: float = 0.05, most: int = 8) -> AsyncIterator[Sandbox]:
    """A sandbox for as long as the block lasts; see Sandbox."""
    made = Sandbox(seconds=seconds, most=most)
    try:
        yield made
    finally:
        await made.close()
