"""What owners' modules add to a running exchange: the sandbox they run in, and what checks them."""

from contextlib import AsyncExitStack

from exchange.kernel.runtime import Runtime
from exchange.policy_modules.settings import ModuleSettings
from policies.owner_rules.checking import checker
from policies.owner_rules.workers import Sandbox, sandbox


async def open_parts(runtime: Runtime, stack: AsyncExitStack) -> Sandbox:
    """Register the sandbox and the checker."""
    settings = runtime[ModuleSettings]
    processes = await stack.enter_async_context(
        sandbox(seconds=settings.module_milliseconds / 1000, most=settings.module_processes)
    )
    runtime.add(processes)
    runtime.add(await checker(processes, opa=settings.opa_binary))
    return processes
