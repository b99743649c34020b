"""The long-lived parts of the door."""

from contextlib import AsyncExitStack

from exchange.kernel.runtime import Runtime
from exchange.participants.door.rate_limit import Changes
from exchange.participants.door.refusals import open_refusals
from exchange.participants.door.settings import DoorSettings


def open_parts(runtime: Runtime, stack: AsyncExitStack) -> None:
    """Register the rate limits of refusals and of changes."""
    open_refusals(runtime, stack)
    runtime.add(Changes(runtime[DoorSettings].organisation_changes))
