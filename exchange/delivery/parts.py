"""The long-lived parts of deliveries."""

from exchange.delivery.facts import Facts
from exchange.kernel.runtime import Runtime


def open_parts(runtime: Runtime) -> None:
    """Register the cache of facts."""
    runtime.add(Facts(runtime))
