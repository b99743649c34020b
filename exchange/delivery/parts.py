"""The long-lived parts of deliveries."""

from exchange.delivery.facts import Facts
from exchange.delivery.settings import DeliverySettings
from exchange.delivery.streaming import OpenStreams
from exchange.kernel.runtime import Runtime


def open_parts(runtime: Runtime) -> None:
    """Register the cache of facts, and the count of open streams."""
    runtime.add(Facts(runtime))
    runtime.add(OpenStreams(runtime[DeliverySettings]))
