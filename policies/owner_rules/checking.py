"""Whether an owner's module may decide: its text, its own tests in the sandbox, and OPA's word where there is an OPA."""

from importlib.metadata import version
from pathlib import Path

from policies.owner_rules.compiler import Compiler, compiler
from policies.owner_rules.modules import Fault, OwnerModule
from policies.owner_rules.workers import Sandbox


class Checker:
    """Checks modules; `sandbox` is where they run. `checker` makes one."""

    def __init__(self, sandbox: Sandbox, *, opa: Compiler | None = None, opa_version: str = "") -> None:
        self.sandbox = sandbox
        self._opa = opa
        self.name = f"regorus/{version('gordon-to-regorus')}" + (f" opa/{opa_version}" if opa else "")
        """The engines that look at a module."""

    async def check(self, module: OwnerModule) -> tuple[Fault, ...]:
        """Everything that is wrong with a module. Raises compiler.OpaFailed, OSError."""
        return await self.sandbox.check(module, then=self._opa.faults if self._opa is not None else None)


async def checker(sandbox: Sandbox, *, opa: Path | None) -> Checker:
    """A checker that asks OPA's binary as well, where one is named. Raises compiler.OpaFailed, OSError."""
    if opa is None:
        return Checker(sandbox)
    found, at = await compiler(opa)
    return Checker(sandbox, opa=found, opa_version=at)
