"""The long-lived parts of deliveries."""

from contextlib import AsyncExitStack

from exchange.delivery.facts import Facts
from exchange.delivery.people.consenting import ConsentSets
from exchange.delivery.settings import DeliverySettings
from exchange.delivery.streaming import OpenStreams
from exchange.kernel.runtime import Runtime
from exchange.subjects.numbering.sidecars import Sidecars


def open_parts(runtime: Runtime, stack: AsyncExitStack) -> None:
    """Register the cache of facts, the sets of people who consent, and the count of open streams.

    The stack stops what makes sidecars.
    """
    runtime.add(Facts(runtime))
    runtime.add(ConsentSets(runtime))
    runtime.add(OpenStreams(runtime[DeliverySettings]))
    stack.push_async_callback(runtime[Sidecars].stop)
