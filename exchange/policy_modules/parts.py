"""The long-lived parts of owners' modules: the sandboxes they run in, and the checker."""

from contextlib import AsyncExitStack

from exchange.kernel.runtime import Runtime
from exchange.policy_modules.settings import ModuleSettings
from policies.owner_rules.checker import make_checker
from policies.owner_rules.sandboxes import Sandboxes, open_sandboxes


async def open_parts(runtime: Runtime, stack: AsyncExitStack) -> Sandboxes:
    """Register the sandboxes and the checker."""
    settings = runtime[ModuleSettings]
    processes = await stack.enter_async_context(
        open_sandboxes(seconds=settings.module_milliseconds / 1000, most=settings.module_processes)
    )
    runtime.add(processes)
    runtime.add(await make_checker(processes, opa=settings.opa_binary))
    return processes
