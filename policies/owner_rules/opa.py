"""Check an owner's module with OPA's binary, where the exchange has one: `opa check --strict`, then `opa test`.

The embedded engine accepts a few texts that OPA refuses (docs/decisions/embedded-rego-engine.md). OPA's capabilities are cut
down to the portable functions, and it gets no environment.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.engines.builtins import BUILTINS
from policies.owner_rules.form import MODULE, TESTS
from policies.owner_rules.modules import Diagnostic, OwnerModule

SECONDS = 20.0
"""The time limit of one command."""


class OpaFailed(RuntimeError):
    """The binary does not behave as OPA does."""


class OpaTimeout(OpaFailed):
    """A command took longer than its time limit."""


class OpaBinary:
    """OPA's binary, its version, and the capabilities it may use; `open_opa` makes one. `seconds` limit one command."""

    def __init__(self, path: Path, capabilities: Mapping[str, Any], *, version: str, seconds: float = SECONDS) -> None:
        self.version = version
        self._path = path
        self._capabilities = json.dumps(capabilities)
        self._seconds = seconds

    async def check(self, module: OwnerModule, tests: Mapping[str, int]) -> tuple[Diagnostic, ...]:
        """
        OPA's diagnostics of a module; a command that takes too long is one of them. `tests` has the line of each test.

        Raises OpaFailed, OSError.
        """
        try:
            return await self._check(module, tests)
        except OpaTimeout as problem:
            return (Diagnostic(MODULE, f"OPA: {problem}"),)

    async def _check(self, module: OwnerModule, tests: Mapping[str, int]) -> tuple[Diagnostic, ...]:
        with tempfile.TemporaryDirectory() as temporary:
            directory = Path(temporary)
            for path, content in module.bundle.files.items():
                (directory / path).write_bytes(content)
            capabilities = directory / "capabilities.json"
            capabilities.write_text(self._capabilities, encoding="utf-8")
            files = [str(directory / MODULE), str(directory / TESTS)]
            options = ("--capabilities", str(capabilities), "--format", "json")
            output, _ = await _run(self._path, "check", "--strict", *options, *files, seconds=self._seconds)
            problems = json.loads(output or "{}").get("errors", [])
            if problems:
                return tuple(Diagnostic(_location(problem), f"OPA: {problem['message']}") for problem in problems)
            output, has_failed = await _run(
                self._path, "test", *options, "--timeout", "5s", *files, seconds=self._seconds
            )
        results = json.loads(output or "[]")
        diagnostics = [
            Diagnostic(f"{TESTS}:{tests.get(result['name'], 1)}", f"OPA: {result['name']} does not pass")
            for result in results
            if result.get("fail") or result.get("error")
        ]
        if not diagnostics and (has_failed or not results):
            diagnostics.append(Diagnostic(TESTS, "OPA: the tests could not be run"))
        return tuple(diagnostics)


async def open_opa(path: Path, *, seconds: float = SECONDS) -> OpaBinary:
    """Read the capabilities and the version of OPA's binary at a path. Raises OpaFailed, OSError."""
    output, has_failed = await _run(path, "capabilities", "--current", seconds=SECONDS)
    if has_failed:
        raise OpaFailed(f"{path} does not answer as OPA does")
    capabilities = json.loads(output)
    capabilities["builtins"] = [
        builtin
        for builtin in capabilities["builtins"]
        if builtin["name"] in BUILTINS
        or "infix" in builtin
        or builtin["name"] in {"internal.member_2", "internal.member_3"}
    ]
    capabilities["features"] = [name for name in capabilities["features"] if name != "template_strings"]
    capabilities["allow_net"] = []
    output, _ = await _run(path, "version", seconds=SECONDS)
    version = output.decode(errors="replace").partition("\n")[0].removeprefix("Version:").strip()
    return OpaBinary(path, capabilities, version=version, seconds=seconds)


async def _run(binary: Path, *arguments: str, seconds: float) -> tuple[bytes, bool]:
    """The output of a command, on whichever stream, and whether it failed. Raises OpaTimeout, OSError."""
    process = await asyncio.create_subprocess_exec(
        *(str(binary), *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        raise OpaTimeout(f"opa {arguments[0]} took longer than {seconds:g} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return out.strip() or err.strip(), process.returncode != 0


def _location(problem: Mapping[str, Any]) -> str:
    location = problem.get("location") or {}
    return f"{Path(str(location.get('file', MODULE))).name}:{location.get('row', 1)}"
