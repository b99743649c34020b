"""What deliveries add to a running exchange."""

from exchange.delivery.facts import Facts
from exchange.kernel.runtime import Runtime


def open_parts(runtime: Runtime) -> None:
    """Register the cache of facts."""
    runtime.add(Facts(runtime))
