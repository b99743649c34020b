"""OPA's own word on an owner's module, where the exchange has its binary: `opa check --strict`, then `opa test`.

The embedded engine takes a few texts that OPA refuses (docs/decisions/embedded-rego-engine.md). OPA is told that it has no
functions but the portable ones, and gets no environment.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.owner_rules.modules import MODULE, TESTS, Fault, OwnerModule
from policies.rego.portable import BUILTINS

_WITHIN = 20.0  # seconds for either command


class OpaFailed(RuntimeError):
    """The binary did not do what OPA does."""


class OpaSlow(OpaFailed):
    """It took too long."""


class Compiler:
    """OPA's binary; `compiler` makes one."""

    def __init__(self, binary: Path, capabilities: Mapping[str, Any]) -> None:
        self._binary = binary
        self._capabilities = json.dumps(capabilities)

    async def faults(self, module: OwnerModule) -> tuple[Fault, ...]:
        """What OPA has against a module that is well-formed: also that it took too long. Raises OpaFailed, OSError."""
        try:
            return await self._faults(module)
        except OpaSlow as problem:
            return (Fault(MODULE, f"OPA: {problem}"),)

    async def _faults(self, module: OwnerModule) -> tuple[Fault, ...]:
        with tempfile.TemporaryDirectory() as held:
            place = Path(held)
            for path, content in module.bundle.files.items():
                (place / path).write_bytes(content)
            bounds = place / "capabilities.json"
            bounds.write_text(self._capabilities, encoding="utf-8")
            files = [str(place / MODULE), str(place / TESTS)]
            options = ("--capabilities", str(bounds), "--format", "json")
            said, _ = await _run(self._binary, "check", "--strict", *options, *files)
            problems = json.loads(said or "{}").get("errors", [])
            if problems:
                return tuple(Fault(_place(one), f"OPA: {one['message']}") for one in problems)
            said, failed = await _run(self._binary, "test", *options, "--timeout", "5s", *files)
        results = json.loads(said or "[]")
        lines = module.test_lines()
        found = [
            Fault(f"{TESTS}:{lines.get(one['name'], 1)}", f"OPA: {one['name']} does not pass")
            for one in results
            if one.get("fail") or one.get("error")
        ]
        if not found and (failed or not results):
            found.append(Fault(TESTS, "OPA: the tests could not be run"))
        return tuple(found)


async def compiler(binary: Path) -> tuple[Compiler, str]:
    """OPA at a path, and its version. Raises OpaFailed, OSError."""
    said, failed = await _run(binary, "capabilities", "--current")
    if failed:
        raise OpaFailed(f"{binary} does not answer as OPA does")
    capabilities = json.loads(said)
    capabilities["builtins"] = [
        one
        for one in capabilities["builtins"]
        if one["name"] in BUILTINS or "infix" in one or one["name"] in {"internal.member_2", "internal.member_3"}
    ]
    capabilities["features"] = [one for one in capabilities["features"] if one != "template_strings"]
    capabilities["allow_net"] = []
    said, _ = await _run(binary, "version")
    version = said.decode(errors="replace").partition("\n")[0].removeprefix("Version:").strip()
    return Compiler(binary, capabilities), version


async def _run(binary: Path, *arguments: str) -> tuple[bytes, bool]:
    """What a command wrote, on whichever stream, and whether it failed. Raises OpaFailed, OSError."""
    process = await asyncio.create_subprocess_exec(
        *(str(binary), *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_WITHIN):
            out, err = await process.communicate()
    except TimeoutError:
        raise OpaSlow(f"opa {arguments[0]} took longer than {_WITHIN:.0f} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return out.strip() or err.strip(), process.returncode != 0


def _place(problem: Mapping[str, Any]) -> str:
    location = problem.get("location") or {}
    return f"{Path(str(location.get('file', MODULE))).name}:{location.get('row', 1)}"
