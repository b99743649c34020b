"""The long-lived parts of the door."""

from exchange.kernel.runtime import Runtime
from exchange.participants.door.rate_limit import RateLimit
from exchange.participants.door.settings import DoorSettings


def open_parts(runtime: Runtime) -> None:
    """Register the rate limit of refusals."""
    runtime.add(RateLimit(runtime[DoorSettings].stranger_refusals))
