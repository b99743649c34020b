"""One sandboxed process of an owner's module (policies/owner_rules/sandbox.py), as the exchange starts and uses it."""

import asyncio
import json
import re
import sys
from typing import Any

from policies.owner_rules.modules import OwnerModule
from policies.owner_rules.sandbox import MAX_ANSWER

STARTING = 15.0
"""Seconds for a process to start and compile a module."""

# The engine's allocator reserves this many KiB ahead: by default a gibibyte, which would not fit the bound on memory.
_ENVIRONMENT = {"MIMALLOC_ARENA_RESERVE": "16384"}
_LOCATION = re.compile(r"owner(_test)?\.rego:[0-9]{1,6}")


class NoAnswer(Exception):
    """A module gave no answer. The message has the cause and, with `location`, the line of the module; it holds no value."""

    def __init__(self, cause: str, *, detail: str | None = None, location: str | None = None) -> None:
        super().__init__(f"{cause} at {location}" if location else cause)
        self.detail = detail
        """The engine's message, which may quote the module: for its owner only. Where there is one, the process lives on."""
        self.location = location


class SandboxedProcess:
    """One sandboxed process with one module. It takes one order at a time, and none after it failed without a detail."""

    def __init__(
        self, process: asyncio.subprocess.Process, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader
    ) -> None:
        self._process = process
        self._stdin = stdin
        self._stdout = stdout

    @classmethod
    def _of(cls, process: asyncio.subprocess.Process) -> "SandboxedProcess":
        if process.stdin is None or process.stdout is None:
            raise OSError("the process was created without pipes")
        return cls(process, process.stdin, process.stdout)

    @classmethod
    async def start(cls, module: OwnerModule, *, seconds: float) -> "SandboxedProcess":
        """Start a process and compile a module in it. Raises NoAnswer, OSError."""
        process = await cls._create()
        try:
            await process.ask({"load": _texts(module), "seconds": seconds}, within=STARTING)
        except BaseException:
            await process.end()
            raise
        return process

    @classmethod
    async def inspect(cls, module: OwnerModule) -> Any:
        """Inspect a module in a process of its own. Raises NoAnswer, OSError."""
        process = await cls._create()
        try:
            return await process.ask({"inspect": _texts(module)}, within=STARTING)
        finally:
            await process.end()

    @classmethod
    async def _create(cls) -> "SandboxedProcess":
        creating = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", "policies.owner_rules.sandbox"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                limit=2 * MAX_ANSWER,
            )
        )
        try:
            return cls._of(await asyncio.shield(creating))
        except asyncio.CancelledError:
            # A process cannot be ended while it is being created, and would then never be waited for.
            await cls._of(await creating).end()
            raise

    async def ask(self, order: dict[str, Any], question: Any = None, *, within: float) -> Any:
        """The value of the answer to an order, with its question where it has one. Raises NoAnswer."""
        lines = [order] if question is None else [order, question]
        try:
            async with asyncio.timeout(within):
                for part in lines:
                    self._stdin.write(json.dumps(part, ensure_ascii=False).encode() + b"\n")
                await self._stdin.drain()
                line = await self._stdout.readline()
        except TimeoutError:
            raise NoAnswer("it was not ready in time") from None
        except (OSError, ValueError):  # the pipe is broken, or the line is longer than its limit
            raise NoAnswer("its process ended") from None
        try:
            answer = json.loads(line) if line.endswith(b"\n") else {}
        except ValueError:
            answer = {}
        if "value" in answer:
            return answer["value"]
        if "error" in answer:
            location = f"{answer.get('file')}:{answer.get('line')}"
            is_known = _LOCATION.fullmatch(location) is not None
            raise NoAnswer("it failed", detail=str(answer["error"]), location=location if is_known else None)
        raise NoAnswer("it took more time or memory than a module may, or called itself without end")

    async def end(self) -> None:
        """Kill the process and wait for it."""
        if self._process.returncode is None:
            self._process.kill()
        # `communicate` reads the pipes to their end and closes them.
        await self._process.communicate()


def _texts(module: OwnerModule) -> dict[str, str]:
    return {path: content.decode() for path, content in module.bundle.files.items()}
