"""Check an owner's module before it may decide: its form and its own tests in a sandbox, and OPA where its binary is set."""

from importlib.metadata import version
from pathlib import Path

from policies.owner_rules.modules import CheckResult, OwnerModule
from policies.owner_rules.opa import OpaBinary, open_opa
from policies.owner_rules.sandboxes import Sandboxes


class Checker:
    """Checks modules in sandboxes; `make_checker` makes one."""

    def __init__(self, sandboxes: Sandboxes, *, opa: OpaBinary | None = None) -> None:
        self.sandboxes = sandboxes
        self._opa = opa
        self.name = f"regorus/{version('gordon-to-regorus')}" + (f" opa/{opa.version}" if opa else "")
        """The engines that check a module, with their versions."""

    async def check(self, module: OwnerModule, *, owner: str = "") -> CheckResult:
        """Check a module of an owner, one at a time. Raises OpaFailed, OSError."""
        then = self._opa.check if self._opa is not None else None
        return await self.sandboxes.check(module, owner=owner, then=then)


async def make_checker(sandboxes: Sandboxes, *, opa: Path | None) -> Checker:
    """A checker that also asks OPA's binary, where a path is given. Raises OpaFailed, OSError."""
    return Checker(sandboxes, opa=await open_opa(opa) if opa is not None else None)
